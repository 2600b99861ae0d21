import Foundation
import Imaging
import Inference
import Results
import SSP

/// The work on one frame: what it shows by itself (`look`), then, in order of the frames, what follows from the one
/// before (`run`).
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

    package init(model: any SegmentationModel, options: SessionOptions, maxPixels: Int) {
        propagator = Propagator(model: model)
        registrar = Registrar(method: options.registration)
        statePrecision = options.statePrecision
        storeImages = options.storeImages
        storeMasks = options.storeMasks
        self.maxPixels = maxPixels
        propagates = options.propagation == .model && model.bundle.method == .ssp
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
        var plan: SessionMachine.Plan
        var registration: FrameRecord.Registration?
        var prediction: Propagator.Prediction
        var mask: LabelMap
        var maskPNG: [UInt8]?
        var pictures: FramePictures
        /// The session's next state; nil where the session carries none, or this frame must not change it.
        var state: TemporalState?
    }

    /// Runs a frame whose turn has come.
    ///
    /// `plan` says what the session's rules make of it; a lost registration changes it through `withoutRegistration`.
    /// `wantsMask`: the caller needs the mask's PNG even if it is not stored.
    func run(
        _ sight: Sight, upload: FrameUpload, plan planned: SessionMachine.Plan, state: TemporalState?, wantsMask: Bool,
        stages: inout Stages, withoutRegistration: @Sendable (SessionMachine.Plan) -> SessionMachine.Plan
    ) async throws -> Outcome {
        var plan = planned
        let frame = sight.frame
        let keepsState = propagates && plan.advances

        // Registration does not need the image model: it runs beside it, if that is not done already.
        async let aligned = planned.mode == .propagated ? align(sight, upload, to: state) : nil
        let (output, imageStages) = try await sight.image.value
        stages.add(imageStages)
        let alignment = try await aligned
        if let alignment { stages.add("register", alignment.time) }
        let still = try await sight.still.value
        stages.add(still.stages)

        let prediction: Propagator.Prediction
        var registration = alignment?.record
        if plan.mode == .propagated, let state, let alignment {
            if alignment.homography == nil { plan = withoutRegistration(plan) }
            let homography = plan.mode == .propagated ? alignment.homography ?? .identity : nil
            if let homography {
                let aligned = try await stages.measure("similarity") {
                    try await propagator.align(output, state: state, homography: homography)
                }
                prediction = await stages.measure("fuse") {
                    propagator.propagate(output, state: state, alignment: aligned)
                }
            } else {
                prediction = await stages.measure("fuse") { propagator.cold(output, precision: statePrecision) }
            }
        } else {
            registration = nil
            prediction = await stages.measure("fuse") { propagator.cold(output, precision: statePrecision) }
        }

        let mask = await stages.measure("mask") { prediction.mask(width: frame.width, height: frame.height) }
        let (png, pictures) = try await stages.measure("encode") {
            try encode(mask, prediction, image: still.image, wantsMask: wantsMask)
        }
        let next = await stages.measure("state") {
            keepsState
                ? propagator.state(
                    after: prediction, output, keyframe: still.keyframe, frameWidth: frame.width,
                    frameHeight: frame.height, precision: statePrecision) : nil
        }
        return Outcome(
            plan: plan, registration: registration, prediction: prediction, mask: mask, maskPNG: png,
            pictures: pictures,
            state: next)
    }

    private struct Alignment: Sendable {
        var homography: Homography?
        var record: FrameRecord.Registration
        var time: Duration
    }

    /// Finds the motion from the previous frame, or takes it from the upload.
    private func align(_ sight: Sight, _ upload: FrameUpload, to state: TemporalState?) async throws -> Alignment? {
        guard let state else { return nil }
        if let supplied = upload.homography {
            return Alignment(
                homography: supplied,
                record: .init(method: "supplied", ok: true, matches: 0, inliers: 0, homography: supplied.values),
                time: .zero)
        }
        let keyframe = try await sight.still.value.keyframe
        let start = ContinuousClock.now
        let found = registrar.register(previous: state.keyframe, current: keyframe)
        return Alignment(
            homography: found.homography,
            record: .init(
                method: registrar.method.rawValue, ok: found.homography != nil, matches: found.matches,
                inliers: found.inliers, homography: found.homography?.values),
            time: ContinuousClock.now - start)
    }

    private func encode(
        _ mask: LabelMap, _ prediction: Propagator.Prediction, image: [UInt8]?, wantsMask: Bool
    ) throws -> (mask: [UInt8]?, stored: FramePictures) {
        let png = storeMasks || wantsMask ? try mask.pngData(classes: propagator.model.bundle.classes) : nil
        guard storeMasks else { return (png, FramePictures()) }
        let similarity = try prediction.similarity.map { map in
            try GreyMap(
                width: map.width, height: map.height,
                pixels: map.array.map { UInt8(min(max($0, 0), 1) * 255 + 0.5) }
            ).pngData()
        }
        return (png, FramePictures(mask: png, similarity: similarity, image: image))
    }
}
