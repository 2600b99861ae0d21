import Foundation

/// Columns of text under headings, as wide as they need to be.
struct Table {
    enum Alignment { case left, right }

    private var rows: [[String]]
    private let alignments: [Alignment]

    init(_ columns: [(heading: String, alignment: Alignment)]) {
        rows = [columns.map(\.heading)]
        alignments = columns.map(\.alignment)
    }

    mutating func add(_ row: [String]) {
        precondition(row.count == alignments.count)
        rows.append(row)
    }

    var isEmpty: Bool { rows.count == 1 }

    /// The lines, headings first.
    var lines: [String] {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.indices.map { column in
                switch alignments[column] {
                case .left: row[column] + String(repeating: " ", count: widths[column] - row[column].count)
                case .right: row[column].padded(to: widths[column], with: " ")
                }
            }
            return cells.joined(separator: "  ").trimmingTrailingSpaces
        }
    }
}

extension String {
    /// Filled up from the left.
    func padded(to width: Int, with filler: Character) -> String {
        String(repeating: filler, count: max(0, width - count)) + self
    }

    fileprivate var trimmingTrailingSpaces: String {
        String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)])
    }
}

extension Double {
    /// With a decimal point and so many digits behind it, whatever the locale.
    func fixed(_ digits: Int) -> String {
        String(format: "%.\(digits)f", self)
    }
}
