import Foundation
import Imaging
import Simulation
import WindhoverClient

/// Intersection over union of masks with the truth of a simulated flight, over all its pixels.
struct SegmentationScore: Sendable {
    private let names = Simulation.classes.map(\.name)
    /// `confusion[truth][predicted]`; the last column counts classes that the simulation does not have.
    private var confusion = Array(
        repeating: [Int](repeating: 0, count: Simulation.classes.count + 1), count: Simulation.classes.count)

    /// Counts a mask.
    ///
    /// Classes are matched by name.
    mutating func add(_ mask: LabelMap, named classes: [FrameRecord.ClassShare], truth: LabelMap) throws {
        guard mask.width == truth.width, mask.height == truth.height else {
            throw Failure("the mask is \(mask.width)×\(mask.height), the frame \(truth.width)×\(truth.height)")
        }
        var meaning = [Int](repeating: names.count, count: 256)
        for share in classes where (0..<256).contains(share.value) {
            meaning[share.value] = names.firstIndex(of: share.name) ?? names.count
        }
        for (predicted, label) in zip(mask.classes, truth.classes) {
            confusion[Int(label)][meaning[Int(predicted)]] += 1
        }
    }

    /// A table of classes, and the mean over those that occur.
    var lines: [String] {
        var table = Table([("class", .left), ("IoU", .right), ("of truth", .right)])
        let total = confusion.joined().reduce(0, +)
        var scores: [Double] = []
        for index in names.indices {
            let truth = confusion[index].reduce(0, +)
            guard truth > 0 else { continue }
            let hits = confusion[index][index]
            let predicted = confusion.reduce(0) { $0 + $1[index] }
            let score = Double(hits) / Double(truth + predicted - hits)
            scores.append(score)
            let share = 100 * Double(truth) / Double(total)
            table.add([names[index], score.fixed(3), "\(share.fixed(1)) %"])
        }
        guard !scores.isEmpty else { return ["No frame was scored."] }
        let mean = scores.reduce(0, +) / Double(scores.count)
        return table.lines + ["mIoU \(mean.fixed(3)) over \(scores.count) classes"]
    }
}
