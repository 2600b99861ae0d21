import Foundation

// The database keeps times as whole microseconds since 1970-01-01T00:00:00Z: exact, sortable, and readable by SQLite's
// own date functions after a division.
extension Date {
    /// Of the reference date 2001-01-01T00:00:00Z.
    private static let referenceMicroseconds: Int64 = 978_307_200_000_000
    /// Year 1 to the end of 9999: what RFC 3339 can write.
    private static let writableMicroseconds: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

    /// Rounded to the nearest microsecond since 1970, held within the years 1 to 9999.
    package var microseconds: Int64 {
        // Foundation counts from 2001: going through `timeIntervalSince1970` would round twice.
        let reference = (timeIntervalSinceReferenceDate * 1_000_000).rounded()
        let range = Self.writableMicroseconds
        let offset = Self.referenceMicroseconds
        guard reference > Double(range.lowerBound - offset) else { return range.lowerBound }
        guard reference < Double(range.upperBound - offset) else { return range.upperBound }
        return Int64(reference) + offset
    }

    package init(microseconds: Int64) {
        self.init(timeIntervalSinceReferenceDate: Double(microseconds - Self.referenceMicroseconds) / 1_000_000)
    }

    /// The same instant as the database will give it back.
    var roundedToMicroseconds: Date { Date(microseconds: microseconds) }

    /// `2026-03-01`, in UTC.
    var utcDay: String { formatted(.iso8601.year().month().day()) }
}
