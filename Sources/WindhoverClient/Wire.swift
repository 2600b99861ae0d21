import Foundation

/// JSON as the server speaks it: times in RFC 3339.
///
/// Members that this version does not know are passed over.
enum Wire {
    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(format(date))
        }
        return encoder
    }

    static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let date = parse(text) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "\"\(text)\" is not an RFC 3339 time"))
            }
            return date
        }
        return decoder
    }

    private static let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// UTC with milliseconds.
    static func format(_ date: Date) -> String {
        // Formatting cuts digits off: half a millisecond makes that rounding.
        date.addingTimeInterval(0.0005).formatted(fractional)
    }

    static func parse(_ text: String) -> Date? {
        (try? fractional.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text))
    }
}

/// One page of a list.
public struct Page<Item: Codable & Sendable>: Codable, Sendable {
    public var items: [Item]
    /// What the next page's query needs; nil on the last page.
    public var nextCursor: String?

    enum CodingKeys: String, CodingKey {
        case items
        case nextCursor = "next_cursor"
    }
}
