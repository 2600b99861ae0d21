import Foundation
import Imaging
import Inference
import Results
import SSP

/// The work on one frame: what it shows by itself (`look`), then, in order of the frames, what follows from the one
/// before (`predict`, and `run` around it).
///
/// Stateless; whoever calls it hands in the previous state and gets the next.
package struct FramePipeline: Sendable {
    package let propagator: Propagator
    package let registrar: Registrar
    package let statePrecision: StatePrecision
    package let storeImages: SessionOptions.StoreImages
    package let storeMasks: Bool
    package let maxPixels: Int
    /// Whether anything is carried from frame to frame: the bundle propagates and the client did not ask otherwise.
    package let propagates: Bool
    /// Nil: the image model sees every frame.
    let cadence: KeyframeCadence?

    /// `threads`: how many may work on one frame's pixels at a time.
    package init(model: any SegmentationModel, options: SessionOptions, maxPixels: Int, threads: Int) {
        propagator = Propagator(model: model, threads: threads)
        registrar = Registrar(method: options.registration)
        statePrecision = options.statePrecision
        storeImages = options.storeImages
        storeMasks = options.storeMasks
        self.maxPixels = maxPixels
        propagates = options.propagation == .model && model.bundle.method == .ssp
        cadence = propagates ? KeyframeCadence(options) : nil
    }

    /// Milliseconds a stage took, added up by name.
    struct Stages: Sendable {
        private(set) var milliseconds: [String: Double] = [:]

        mutating func measure<Result>(_ stage: String, _ body: () async throws -> Result) async rethrows -> Result {
            let start = ContinuousClock.now
            defer { add(stage, ContinuousClock.now - start) }
            return try await body()
        }

        mutating func add(_ stage: String, _ time: Duration) {
            let parts = time.components
            let value = Double(parts.seconds) * 1e3 + Double(parts.attoseconds) / 1e15
            milliseconds[stage, default: 0] += (value * 1000).rounded() / 1000
        }

        mutating func add(_ other: Stages) {
            milliseconds.merge(other.milliseconds, uniquingKeysWith: +)
        }
    }

    /// What came out of one frame.
    struct Outcome: Sendable {
        var step: Step
        /// At the frame's size.
        var mask: LabelMap
        var maskPNG: [UInt8]?
        var pictures: FramePictures
    }

    /// Runs a frame whose turn has come: predicts it, and makes what is stored of it.
    ///
    /// `plan` says what the session's rules make of it; a lost registration changes it through `withoutRegistration`.
    /// `wantsMask`: the caller needs the mask's PNG even if it is not stored.
    func run(
        _ sight: Sight, upload: FrameUpload, plan: SessionMachine.Plan, state: TemporalState?, wantsMask: Bool,
        on workers: WorkerPool, stages: inout Stages,
        withoutRegistration: @Sendable (SessionMachine.Plan) -> SessionMachine.Plan
    ) async throws -> Outcome {
        let step = try await predict(
            sight, upload, plan: plan, state: state, on: workers, stages: &stages,
            withoutRegistration: withoutRegistration)
        // Beside the mask, because networks and fusing use all processors: its PNG takes as long as the others together.
        async let painting = picture(sight.frame, upload)
        async let comparing = similarity(of: step.prediction)
        let mask = await stages.measure("mask") {
            step.prediction.mask(width: sight.frame.width, height: sight.frame.height)
        }
        let png = try await stages.measure("encode") {
            storeMasks || wantsMask ? try mask.pngData(classes: propagator.model.bundle.classes) : nil
        }
        let (image, similarity) = try await (painting, comparing)
        stages.add(image.stages)
        stages.add(similarity.stages)
        return Outcome(
            step: step, mask: mask, maskPNG: png,
            pictures: FramePictures(
                mask: storeMasks ? png : nil, similarity: similarity.value, image: image.value))
    }

    /// The similarity map's PNG, to be stored.
    private func similarity(of prediction: Propagator.Prediction) async throws -> Timed<[UInt8]?> {
        guard storeMasks, let map = prediction.similarity else { return Timed(value: nil) }
        var stages = Stages()
        let png = try await stages.measure("encode") {
            try GreyMap(
                width: map.width, height: map.height,
                pixels: map.array.map { UInt8(min(max($0, 0), 1) * 255 + 0.5) }
            ).pngData()
        }
        return Timed(value: png, stages: stages)
    }
}
