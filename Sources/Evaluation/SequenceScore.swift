import Imaging

/// The figures of one kind of masks over the frames of a sequence: mIoU where there are labels, and TC.
package struct SequenceScore: Sendable {
    /// What is known of one frame.
    package struct FrameScore: Sendable, Equatable {
        /// Mean intersection over union of this frame alone, 0…1; nil without labels.
        package let meanIntersectionOverUnion: Double?
        /// mIoU, 0…1, of its mask with the next frame's warped back; nil where there is none to compare it with.
        package fileprivate(set) var consistency: Double?
    }

    /// All labelled frames together.
    package private(set) var confusion = ConfusionMatrix()
    package private(set) var frames: [FrameScore] = []
    private var previous: LabelMap?

    package init() {}

    /// Takes the next frame's mask.
    ///
    /// - Parameters:
    ///   - truth: Its labels; nil if it has none.
    ///   - flow: From the previous frame to this one, at the masks' size; nil if the two are not to be compared.
    package mutating func add(_ mask: LabelMap, truth: LabelMap?, flow: OpticalFlow?) {
        if let flow, let previous {
            frames[frames.count - 1].consistency = TemporalConsistency.between(previous, mask, flow: flow)
        }
        previous = mask
        var alone = ConfusionMatrix()
        if let truth {
            alone.add(mask, truth: truth)
            confusion += alone
        }
        frames.append(FrameScore(meanIntersectionOverUnion: alone.meanIntersectionOverUnion))
    }

    /// TC, 0…1: the mean over the frames that were compared with their next one; nil if none was.
    package var temporalConsistency: Double? {
        let values = frames.compactMap(\.consistency)
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}
