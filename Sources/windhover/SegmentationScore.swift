import Evaluation
import Imaging
import Simulation
import WindhoverClient

/// Intersection over union of masks with the truth of a simulated flight, over all its pixels.
struct SegmentationScore: Sendable {
    private let names = Simulation.classes.map(\.name)
    private var matrix = ConfusionMatrix()

    /// Counts a mask.
    ///
    /// Classes are matched by name; those that the simulation does not have are all one, and wrong.
    mutating func add(_ mask: LabelMap, named classes: [FrameRecord.ClassShare], truth: LabelMap) throws {
        guard mask.width == truth.width, mask.height == truth.height else {
            throw Failure("the mask is \(mask.width)×\(mask.height), the frame \(truth.width)×\(truth.height)")
        }
        var meaning = [UInt8](repeating: UInt8(names.count), count: 256)
        for share in classes where (0..<256).contains(share.value) {
            meaning[share.value] = UInt8(names.firstIndex(of: share.name) ?? names.count)
        }
        let renamed = mask.classes.map { meaning[Int($0)] }
        matrix.add(LabelMap(width: mask.width, height: mask.height, classes: renamed), truth: truth)
    }

    /// A table of classes, and the mean over those that occur.
    var lines: [String] {
        var table = Table([("class", .left), ("IoU", .right), ("of truth", .right)])
        let counts = matrix.classes.filter { $0.truth > 0 }
        let total = counts.map(\.truth).reduce(0, +)
        for count in counts {
            let share = 100 * Double(count.truth) / Double(total)
            table.add([names[count.index], count.intersectionOverUnion.fixed(3), "\(share.fixed(1)) %"])
        }
        guard let mean = matrix.meanIntersectionOverUnion else { return ["No frame was scored."] }
        return table.lines + ["mIoU \(mean.fixed(3)) over \(counts.count) classes"]
    }
}
