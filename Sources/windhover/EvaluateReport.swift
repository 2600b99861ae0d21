import Evaluation
import Foundation
import Imaging

/// What `windhover evaluate` found, as tables for people and JSON for programs; figures in percent.
struct EvaluateReport {
    private struct Row {
        let name: String
        var score = SequenceScore()
        /// How the service made the masks, where that is known.
        var modes: [String: Int] = [:]
    }

    private let folder: String
    private var rows: [Row]
    private var files: [String] = []
    private var labelled = 0
    private var classNames: [String]?

    init(folder: String, rows: [String]) {
        self.folder = folder
        self.rows = rows.map { Row(name: $0) }
    }

    /// Takes the next frame: a mask for each row, its labels, and the flow from the previous frame.
    mutating func add(_ file: String, _ masks: [EvaluateMask], truth: LabelMap?, flow: OpticalFlow?) {
        files.append(file)
        labelled += truth == nil ? 0 : 1
        classNames = classNames ?? masks[0].classNames
        for (index, mask) in masks.enumerated() {
            rows[index].score.add(mask.labels, truth: truth, flow: flow)
            if let mode = mask.mode { rows[index].modes[mode, default: 0] += 1 }
        }
    }

    /// Pairs of frames that TC is the mean of.
    private var pairs: Int { rows[0].score.frames.count { $0.consistency != nil } }

    private func name(_ index: Int) -> String {
        classNames.map { $0[index] } ?? "class \(index)"
    }

    // MARK: Tables

    func lines(perFrame: Bool) -> [String] {
        var lines = ["\(files.count) frames of \(folder), \(labelled) with labels; TC over \(pairs) pairs"]
        lines += [""] + summary.lines
        if labelled > 0 { lines += [""] + classes.lines }
        if perFrame { lines += [""] + frames.lines }
        return lines
    }

    private var summary: Table {
        let knowsModes = rows.contains { !$0.modes.isEmpty }
        var table = Table(
            [("masks", .left), ("mIoU", .right), ("TC", .right), ("accuracy", .right)]
                + (knowsModes ? [("modes", Table.Alignment.left)] : []))
        for row in rows {
            let modes = row.modes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            table.add(
                [
                    row.name, percent(row.score.confusion.meanIntersectionOverUnion),
                    percent(row.score.temporalConsistency), percent(row.score.confusion.accuracy),
                ] + (knowsModes ? [modes.joined(separator: ", ")] : []))
        }
        return table
    }

    private var classes: Table {
        var table = Table(
            [("IoU of", .left), ("of truth", .right)] + rows.map { ($0.name, Table.Alignment.right) })
        // The labels are the same in all rows.
        let truth = rows[0].score.confusion.classes.filter { $0.truth > 0 }
        let total = truth.map(\.truth).reduce(0, +)
        let found = rows.map { row in
            Dictionary(uniqueKeysWithValues: row.score.confusion.classes.map { ($0.index, $0.intersectionOverUnion) })
        }
        for label in truth {
            let share = Double(label.truth) / Double(total)
            table.add([name(label.index), percent(share)] + found.map { percent($0[label.index]) })
        }
        return table
    }

    private var frames: Table {
        var table = Table(
            [("frame", .left)]
                + rows.flatMap { [("mIoU \($0.name)", Table.Alignment.right), ("TC \($0.name)", .right)] })
        for (index, file) in files.enumerated() {
            table.add(
                [file]
                    + rows.flatMap { row in
                        let frame = row.score.frames[index]
                        return [percent(frame.meanIntersectionOverUnion), percent(frame.consistency)]
                    })
        }
        return table
    }

    private func percent(_ value: Double?) -> String {
        value.map { (100 * $0).fixed(2) } ?? ""
    }

    // MARK: JSON

    private struct Document: Encodable {
        let frames: Int
        let labelled: Int
        let pairs: Int
        let masks: [String: Figures]
        let perFrame: [FrameFigures]?

        enum CodingKeys: String, CodingKey {
            case frames, labelled, pairs, masks
            case perFrame = "per_frame"
        }
    }

    private struct Figures: Encodable {
        var miou: Double?
        var tc: Double?
        var accuracy: Double?
        var classes: [String: Double]?
        var modes: [String: Int]?

        enum CodingKeys: String, CodingKey {
            case accuracy, modes
            case miou = "mIoU"
            case tc = "TC"
            case classes = "IoU"
        }
    }

    private struct FrameFigures: Encodable {
        let file: String
        let masks: [String: Figures]
    }

    func json(perFrame: Bool) throws -> Data {
        let masks = rows.map { row in
            let confusion = row.score.confusion
            let classes = confusion.classes.filter { $0.truth > 0 }
                .map { (name($0.index), 100 * $0.intersectionOverUnion) }
            let figures = Figures(
                miou: confusion.meanIntersectionOverUnion.map { 100 * $0 },
                tc: row.score.temporalConsistency.map { 100 * $0 }, accuracy: confusion.accuracy.map { 100 * $0 },
                classes: classes.isEmpty ? nil : Dictionary(classes) { first, _ in first },
                modes: row.modes.isEmpty ? nil : row.modes)
            return (row.name, figures)
        }
        let each = files.enumerated().map { index, file in
            let masks = rows.map { row in
                let frame = row.score.frames[index]
                let figures = Figures(
                    miou: frame.meanIntersectionOverUnion.map { 100 * $0 }, tc: frame.consistency.map { 100 * $0 })
                return (row.name, figures)
            }
            return FrameFigures(file: file, masks: Dictionary(uniqueKeysWithValues: masks))
        }
        let document = Document(
            frames: files.count, labelled: labelled, pairs: pairs, masks: Dictionary(uniqueKeysWithValues: masks),
            perFrame: perFrame ? each : nil)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(document) + Data("\n".utf8)
    }
}
