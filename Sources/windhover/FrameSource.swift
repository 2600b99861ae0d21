import Foundation
import Imaging
import WindhoverClient

/// Where frames come from, one after the other.
protocol FrameSource: Actor {
    /// How many there will be, where that is known.
    nonisolated var count: Int? { get }
    /// The next one; nil after the last.
    func next() async throws -> SourceFrame?
}

/// A frame about to be sent.
struct SourceFrame: Sendable {
    /// For messages; a file's name where it comes from one.
    var name: String
    var upload: FrameUpload
    /// The truth, where somebody knows it: indices into `Simulation.classes`.
    var labels: LabelMap?

    /// What the frame's mask is called.
    var maskName: String {
        URL(fileURLWithPath: name).deletingPathExtension().lastPathComponent + ".png"
    }
}

/// When frames without a time of their own are said to be taken.
struct FrameClock: Sendable {
    let start = Date()
    let fps: Double

    func time(_ index: Int) -> Date {
        start.addingTimeInterval(Double(index) / fps)
    }
}
