import Foundation

/// A date and a time of day of the Gregorian calendar, in some time zone.
///
/// `DateFormatter` would take longer than all else that is read of a picture.
struct CivilTime {
    private let days: Int
    private let seconds: Int

    /// Reads `2026:06:01 08:00:00`, with any separators; nil where that is no time.
    init?(exif text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 19 else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            let digits = bytes[range]
            guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            year >= 1970, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        // Days since 1970-03-01 by counting years from March on, so that the leap day is the last.
        let (y, m) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468
        seconds = hour * 3600 + minute * 60 + second
    }

    /// Seconds east of UTC of `+02:00` or `Z`.
    static func offset(_ text: String) -> Int? {
        if text == "Z" { return 0 }
        let bytes = Array(text.utf8.prefix { $0 != 0x20 })
        guard bytes.count == 6, bytes[3] == 0x3a, let sign = [0x2b: 1, 0x2d: -1][bytes[0]] else { return nil }
        guard let hours = Int(text.dropFirst().prefix(2)), let minutes = Int(text.dropFirst(4).prefix(2)),
            (0...14).contains(hours), (0..<60).contains(minutes)
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }

    func date(fraction: Double, offset: Int) -> Date {
        Date(timeIntervalSince1970: Double(days * 86_400 + seconds - offset) + fraction)
    }
}
