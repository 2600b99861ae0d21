import Foundation
import Hummingbird
import Results

/// A file of frames' records, written row by row.
///
/// Each row ends with a line break, and names its frame: whoever has part of a file knows from its last whole line where
/// to go on.
protocol FrameFile: Sendable {
    var start: String { get }
    /// `number` counts from 0.
    func row(_ frame: FrameRecord, _ number: Int) -> Data
    var end: String { get }
}

/// Newline-delimited JSON: each line is a record as `GET /v1/frames/{id}` has it.
struct NDJSONFile: FrameFile {
    /// Members that are asked for, the id always; nil: all.
    let only: Set<String>?

    init(only: Set<String>?) { self.only = only?.union(["id"]) }

    let start = ""
    let end = ""

    func row(_ frame: FrameRecord, _ number: Int) -> Data {
        Response.encoded(FrameView(frame: frame, only: only)) + Data("\n".utf8)
    }
}

/// A FeatureCollection (RFC 7946), each feature on a line of its own.
struct GeoJSONFile: FrameFile {
    let only: Set<String>?
    /// Where the server is, as its client calls it.
    let base: String

    let start = #"{"type":"FeatureCollection","features":["# + "\n"
    let end = "]}\n"

    func row(_ frame: FrameRecord, _ number: Int) -> Data {
        Data((number == 0 ? "" : ",").utf8) + Response.encoded(FeatureView(frame: frame, only: only, base: base))
            + Data("\n".utf8)
    }
}

/// Comma-separated values (RFC 4180) with a line of names; what is not known is empty.
struct CSVFile: FrameFile {
    let columns: [FlatFrame.Column]
    let end = ""

    /// `classes`: for each a column of its part of the frame.
    init(only: Set<String>?, classes: [String]) {
        let first = [
            FlatFrame.Column("id") { .text($0.id) },
            FlatFrame.Column("captured_at") { .text(RFC3339.text($0.capturedAt)) },
        ]
        let all = first + FlatFrame.columns + FlatFrame.telemetry + classes.map(FlatFrame.fraction)
        columns = all.filter { $0.name == "id" || $0.isWanted(only) }
    }

    var start: String { line(columns.map(\.name)) }

    func row(_ frame: FrameRecord, _ number: Int) -> Data {
        Data(
            line(
                columns.map { column in
                    switch column.value(frame) {
                    case nil: ""
                    case .text(let text): text
                    case .int(let number): "\(number)"
                    case .double(let number): "\(number)"
                    case .bool(let flag): "\(flag)"
                    }
                }
            ).utf8)
    }

    private func line(_ cells: [String]) -> String {
        cells.map { cell in
            guard cell.contains(where: { [",", "\"", "\n", "\r", "\r\n"].contains($0) }) else { return cell }
            return "\"\(cell.replacing("\"", with: "\"\""))\""
        }.joined(separator: ",") + "\r\n"
    }
}
