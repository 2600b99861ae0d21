import Imaging
import Inference
import SSP

extension FramePipeline {
    /// What a frame shows by itself, whatever came before it: it may be looked at before its turn has come.
    struct Sight: Sendable {
        let frame: Frame
        /// Decoding.
        let stages: Stages
        /// The frame as the network takes it.
        let input: Prepared
        /// The image model, at work or done; nil where it may not have to see the frame.
        let image: Seen?
        /// What does not need the image model, beside it.
        let still: Task<Still, any Error>
    }

    /// A frame that was looked at, or is being.
    typealias Look = Task<Sight, any Error>
    typealias Prepared = Task<Timed<Tensor>, Never>
    typealias Seen = Task<Timed<ImageOutput>, any Error>

    /// A result, and how long it took.
    struct Timed<Value: Sendable>: Sendable {
        var value: Value
        var stages: Stages
    }

    struct Still: Sendable {
        /// For registering this frame and the next; nil where nothing is propagated.
        var keyframe: Keyframe?
        /// The picture to be stored.
        var image: [UInt8]?
        var stages = Stages()
    }

    /// Decodes a frame, and sets what follows from it alone to work on `workers`.
    ///
    /// Throws `ImageError`.
    func look(_ upload: FrameUpload, on workers: WorkerPool) async throws -> Sight {
        var stages = Stages()
        let frame = try await stages.measure("decode") { try ImageCodec.decode(upload.image, maxPixels: maxPixels) }
        return look(frame, upload, stages: stages, on: workers)
    }

    /// The same of a frame that is decoded; `stages`: what that took.
    func look(_ frame: Frame, _ upload: FrameUpload, stages: Stages, on workers: WorkerPool) -> Sight {
        let input = Task(executorPreference: workers) {
            var stages = Stages()
            let tensor = await stages.measure("prepare") { propagator.input(of: frame) }
            return Timed(value: tensor, stages: stages)
        }
        return Sight(
            frame: frame, stages: stages, input: input, image: cadence == nil ? see(input, on: workers) : nil,
            still: Task(executorPreference: workers) {
                var still = Still()
                if propagates {
                    still.keyframe = await still.stages.measure("register") { registrar.keyframe(frame.luminance()) }
                }
                still.image = try await still.stages.measure("encode") { try picture(frame, upload) }
                return still
            })
    }

    /// Has the image model see a frame.
    func see(_ input: Prepared, on workers: WorkerPool) -> Seen {
        Task(executorPreference: workers) {
            var input = await input.value
            let output = try await input.stages.measure("image") { try await propagator.model.segment(input.value) }
            return Timed(value: output, stages: input.stages)
        }
    }

    private func picture(_ frame: Frame, _ upload: FrameUpload) throws -> [UInt8]? {
        guard storeMasks else { return nil }
        switch storeImages {
        case .none: return nil
        case .original: return upload.image
        case .preview:
            // No larger than the network's picture, and in the frame's own proportions.
            let scale = min(1, Double(propagator.model.bundle.inputWidth) / Double(frame.width))
            return try frame.resized(
                width: max(1, Int((Double(frame.width) * scale).rounded())),
                height: max(1, Int((Double(frame.height) * scale).rounded()))
            ).jpegData(quality: 80)
        }
    }
}
