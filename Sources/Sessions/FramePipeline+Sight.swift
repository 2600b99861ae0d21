import Imaging
import Inference
import SSP

extension FramePipeline {
    /// What a frame shows by itself, whatever came before it: it may be looked at before its turn has come.
    struct Sight: Sendable {
        let frame: Picture
        /// What decoding took, and what was done beside it.
        var stages: Stages
        /// The frame as the network takes it.
        let input: Prepared
        /// The image model, at work or done; nil where its turn has not come, or it may not have to see the frame.
        let image: Seen?
        /// For registering this frame and the next; nil where nothing is propagated.
        let landmarks: Sketch
    }

    /// A frame that was looked at, or is being.
    typealias Look = Task<Sight, any Error>
    typealias Prepared = Task<Timed<Tensor>, Never>
    typealias Seen = Task<Timed<ImageOutput>, any Error>
    typealias Sketch = Task<Timed<Landmarks?>, Never>

    /// A result, and how long it took.
    struct Timed<Value: Sendable>: Sendable {
        var value: Value
        var stages = Stages()
    }

    /// Decodes a frame, and sets what follows from it alone to work on `workers`.
    ///
    /// `ahead`: before its turn; the image model, too. Throws `ImageError`.
    func look(_ upload: FrameUpload, ahead: Bool = false, on workers: WorkerPool) async throws -> Sight {
        var stages = Stages()
        let frame = try await stages.measure("decode") {
            try ImageCodec.picture(of: upload.image, maxPixels: maxPixels)
        }
        return look(frame, ahead: ahead, stages: stages, on: workers)
    }

    /// The same of a frame that is decoded; `stages`: what that took.
    func look(_ frame: Picture, ahead: Bool = false, stages: Stages = Stages(), on workers: WorkerPool) -> Sight {
        let input = Task(executorPreference: workers) {
            var stages = Stages()
            let tensor = await stages.measure("prepare") { propagator.input(of: frame) }
            return Timed(value: tensor, stages: stages)
        }
        return Sight(
            frame: frame, stages: stages, input: input, image: ahead && cadence == nil ? see(input, on: workers) : nil,
            landmarks: Task(executorPreference: workers) {
                guard propagates else { return Timed(value: nil) }
                var stages = Stages()
                let landmarks = await stages.measure("register") { registrar.landmarks(frame.luminance()) }
                return Timed(value: landmarks, stages: stages)
            })
    }

    /// Has the image model see a frame.
    func see(_ input: Prepared, on workers: WorkerPool) -> Seen {
        Task(executorPreference: workers) {
            let input = await input.value.value
            var stages = Stages()
            let output = try await stages.measure("image") { try await propagator.model.segment(input) }
            return Timed(value: output, stages: stages)
        }
    }

    /// The picture to be stored.
    func picture(_ frame: Picture, _ upload: FrameUpload) async throws -> Timed<[UInt8]?> {
        guard storeMasks else { return Timed(value: nil) }
        var stages = Stages()
        let picture: [UInt8]? = try await stages.measure("encode") {
            switch storeImages {
            case .none: return nil
            case .original: return upload.image
            case .preview:
                // No larger than the network's picture, and in the frame's own proportions.
                let scale = min(1, Double(propagator.model.bundle.inputWidth) / Double(frame.width))
                return try frame.jpegData(
                    width: max(1, Int((Double(frame.width) * scale).rounded())),
                    height: max(1, Int((Double(frame.height) * scale).rounded())), quality: 80)
            }
        }
        return Timed(value: picture, stages: stages)
    }

    /// Decodes a frame whose turn has come, and finds meanwhile, since that takes one processor, what registering it
    /// will start from.
    ///
    /// Throws `ImageError`.
    func look(_ upload: FrameUpload, after state: TemporalState?, on workers: WorkerPool) async throws -> Sight {
        async let corners = corners(of: upload.homography == nil ? state : nil)
        var sight = try await look(upload, on: workers)
        sight.stages.add(await corners)
        return sight
    }

    private func corners(of state: TemporalState?) async -> Stages {
        var stages = Stages()
        if let landmarks = state?.landmarks { await stages.measure("register") { landmarks.findCorners() } }
        return stages
    }
}
