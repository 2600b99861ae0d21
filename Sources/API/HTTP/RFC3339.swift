import Foundation
import Results

/// Times as RFC 3339 writes them, to the microsecond.
enum RFC3339 {
    /// Always UTC, always six digits: texts sort as times do.
    static func text(_ date: Date) -> String {
        // As the database rounds: what is told before a frame is stored says the same as what is read of it later.
        let microseconds = date.microseconds
        var (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        if fraction < 0 {
            seconds -= 1
            fraction += 1_000_000
        }
        let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        let digits = String(fraction)
        return whole.dropLast() + "." + String(repeating: "0", count: 6 - digits.count) + digits + "Z"
    }

    /// Any offset, any number of fractional digits; nil for anything else.
    static func date(_ text: String) -> Date? {
        let form = /(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)/
        guard let parts = text.wholeMatch(of: form),
            let whole = try? Date("\(parts.1)T\(parts.2)\(parts.4.uppercased())", strategy: .iso8601)
        else { return nil }
        guard let fraction = parts.3.flatMap({ Double("0\($0)") }) else { return whole }
        return whole.addingTimeInterval(fraction)
    }
}
