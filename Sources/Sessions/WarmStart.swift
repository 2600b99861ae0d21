import Foundation
import Imaging
import Inference
import Results
import SSP

/// Makes a session's temporal state again: runs its last stored frames once more, and stores nothing of it.
///
/// Exactly the state that was lost where the run began within them and the uploads themselves were kept; else near to it,
/// because what a frame leaves behind fades with every frame after it.
struct WarmStart: Sendable {
    /// Of simulated flights 0.04 % of the pixels then differ from an uninterrupted run (docs/performance.md).
    static let frames = 8

    private let pipeline: FramePipeline
    private let store: any ResultStore
    private let workers: WorkerPool

    init(model: any SegmentationModel, options: SessionOptions, maxPixels: Int, services: VideoSession.Services) {
        var options = options
        // Nothing is encoded.
        options.storeMasks = false
        pipeline = FramePipeline(
            model: model, options: options, maxPixels: maxPixels, threads: services.workers.threads)
        store = services.store
        workers = services.workers
    }

    /// The state after the session's newest frame, and that frame; nil where its pictures are gone.
    func state(of session: String) async throws -> (state: TemporalState, last: FrameRecord)? {
        let run = Self.run(of: try await store.latestFrames(session: session, count: Self.frames))
        var state: TemporalState?
        for record in run {
            guard let blob = record.image else { return nil }
            state = try await next(record, image: try await store.read(blob), after: state)
        }
        guard let state, let last = run.last else { return nil }
        return (state, last)
    }

    /// The uninterrupted run that the newest frame belongs to, the oldest first.
    private static func run(of newestFirst: [FrameRecord]) -> [FrameRecord] {
        let carried = newestFirst.filter { $0.mode != SessionMachine.Plan.Mode.stateless.rawValue }
        return carried.prefix { $0.epoch == carried[0].epoch }.reversed()
    }

    private func next(_ record: FrameRecord, image: [UInt8], after state: TemporalState?) async throws
        -> TemporalState?
    {
        // The motion is known; only the state's own landmarks are made again.
        let motion = record.registration.map { $0.homography.flatMap(Homography.init) ?? .identity }
        let upload = FrameUpload(sequence: record.sequence, image: image, homography: motion)
        let plan = SessionMachine.Plan(
            sequence: record.sequence, mode: state == nil ? .cold : .propagated, gapFrames: 0, generation: 0)
        let (pipeline, workers) = (pipeline, workers)
        return try await Task(executorPreference: workers) {
            let sight: FramePipeline.Sight
            let header = try ImageCodec.header(of: image)
            if (header.width, header.height) == (record.width, record.height) {
                sight = try await pipeline.look(upload, on: workers)
            } else {
                let preview = try ImageCodec.picture(of: image, maxPixels: pipeline.maxPixels)
                sight = pipeline.look(preview.resized(width: record.width, height: record.height), on: workers)
            }
            var stages = FramePipeline.Stages()
            return try await pipeline.predict(
                sight, upload, plan: plan, state: state, on: workers, stages: &stages, withoutRegistration: { $0 }
            ).state
        }.value
    }
}
