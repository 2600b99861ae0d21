import Foundation

/// Values as lines of JSON, the way the server writes them.
enum JSONLines {
    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// UTC with milliseconds.
    static func format(_ date: Date) -> String {
        // Formatting cuts digits off: half a millisecond makes that rounding.
        date.addingTimeInterval(0.0005).formatted(time)
    }

    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(format(date))
        }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
