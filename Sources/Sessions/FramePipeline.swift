import Foundation
import Imaging
import Inference
import Results
import SSP

/// The work on one frame: decode, image model beside registration, fuse, encode.
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

    func decode(_ upload: FrameUpload) throws(ImageError) -> Frame {
        try ImageCodec.decode(upload.image, maxPixels: maxPixels)
    }

    /// Runs a decoded frame.
    ///
    /// `plan` says what the session's rules make of it; a lost registration changes it through `withoutRegistration`.
    /// `wantsMask`: the caller needs the mask's PNG even if it is not stored.
    func run(
        _ frame: Frame, upload: FrameUpload, plan planned: SessionMachine.Plan, state: TemporalState?, wantsMask: Bool,
        stages: inout Stages, withoutRegistration: @Sendable (SessionMachine.Plan) -> SessionMachine.Plan
    ) async throws -> Outcome {
        var plan = planned
        let keepsState = propagates && plan.advances

        // The image model does not need the state, registration does not need the image model: they run side by side.
        async let aligned = keepsState ? align(frame, upload, to: plan.mode == .propagated ? state : nil) : nil
        let input = await stages.measure("prepare") { propagator.input(of: frame) }
        let output = try await stages.measure("image") { try await propagator.model.segment(input) }
        let alignment = await aligned
        if let alignment { stages.add("register", alignment.time) }

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
                prediction = await stages.measure("fuse") { propagator.cold(output) }
            }
        } else {
            registration = nil
            prediction = await stages.measure("fuse") { propagator.cold(output) }
        }

        let mask = await stages.measure("mask") { prediction.mask(width: frame.width, height: frame.height) }
        let (png, pictures) = try await stages.measure("encode") {
            try encode(frame, upload, mask, prediction, wantsMask: wantsMask)
        }
        let next = await stages.measure("state") {
            keepsState
                ? propagator.state(
                    after: prediction, output, keyframe: alignment?.keyframe, frameWidth: frame.width,
                    frameHeight: frame.height, precision: statePrecision) : nil
        }
        return Outcome(
            plan: plan, registration: registration, prediction: prediction, mask: mask, maskPNG: png,
            pictures: pictures,
            state: next)
    }

    private struct Alignment: Sendable {
        var keyframe: Keyframe?
        var homography: Homography?
        var record: FrameRecord.Registration?
        var time: Duration
    }

    /// Makes the frame's key frame and, given a state, finds the motion from it.
    ///
    /// Async so that it can run beside the image model.
    private func align(_ frame: Frame, _ upload: FrameUpload, to state: TemporalState?) async -> Alignment {
        let start = ContinuousClock.now
        let keyframe = registrar.method == .identity ? nil : registrar.keyframe(frame.luminance())
        var alignment = Alignment(keyframe: keyframe, time: .zero)
        if let state {
            if let supplied = upload.homography {
                alignment.homography = supplied
                alignment.record = .init(
                    method: "supplied", ok: true, matches: 0, inliers: 0, homography: supplied.values)
            } else {
                let found = registrar.register(previous: state.keyframe, current: keyframe)
                alignment.homography = found.homography
                alignment.record = .init(
                    method: registrar.method.rawValue, ok: found.homography != nil, matches: found.matches,
                    inliers: found.inliers, homography: found.homography?.values)
            }
        }
        alignment.time = ContinuousClock.now - start
        return alignment
    }

    private func encode(
        _ frame: Frame, _ upload: FrameUpload, _ mask: LabelMap, _ prediction: Propagator.Prediction, wantsMask: Bool
    ) throws -> (mask: [UInt8]?, stored: FramePictures) {
        let bundle = propagator.model.bundle
        let png = storeMasks || wantsMask ? try mask.pngData(classes: bundle.classes) : nil
        guard storeMasks else { return (png, FramePictures()) }
        let similarity = try prediction.similarity.map { map in
            try GreyMap(
                width: map.width, height: map.height,
                pixels: map.array.map { UInt8(min(max($0, 0), 1) * 255 + 0.5) }
            ).pngData()
        }
        let image: [UInt8]?
        switch storeImages {
        case .none: image = nil
        case .original: image = upload.image
        case .preview:
            // No larger than the network's picture, and in the frame's own proportions.
            let scale = min(1, Double(bundle.inputWidth) / Double(frame.width))
            image = try frame.resized(
                width: max(1, Int((Double(frame.width) * scale).rounded())),
                height: max(1, Int((Double(frame.height) * scale).rounded()))
            ).jpegData(quality: 80)
        }
        return (png, FramePictures(mask: png, similarity: similarity, image: image))
    }
}
