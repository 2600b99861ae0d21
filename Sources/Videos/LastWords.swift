import Foundation

/// What a program said last, as one may show it to people: without its memory's addresses and the files' paths, each
/// thing once.
struct LastWords: Sendable {
    private static let kept = 4
    private var lines: [String] = []

    mutating func append(_ line: some StringProtocol) {
        let clean = Self.clean(line)
        guard !clean.isEmpty, !lines.contains(clean), !clean.hasPrefix("Last message repeated") else { return }
        lines.append(clean)
        if lines.count > Self.kept { lines.removeFirst() }
    }

    /// Nil where nothing was said.
    var text: String? { lines.isEmpty ? nil : lines.joined(separator: "; ") }

    private static func clean(_ line: some StringProtocol) -> String {
        String(line)
            // "[h264 @ 0x5608e1803780] ", also of what runs within another.
            .replacing(/\[([^\]@]+) @ 0x[0-9a-f]+\] ?/) { $0.1 == "NULL" ? "" : "\($0.1): " }
            .replacing(/(?:\/[^\/\s:]+)+\//, with: "")
            .replacing(/^source:\ |stream\ \d+,\ offset\ 0x[0-9a-f]+:\ /, with: "")
            .filter { !$0.isASCII || $0.asciiValue! >= 32 }
            .trimmingCharacters(in: .whitespaces)
            .prefix(200).description
    }
}
