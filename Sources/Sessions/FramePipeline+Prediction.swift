import Imaging
import Inference
import Results
import SSP

extension FramePipeline {
    /// What is predicted of a frame, and what it leaves to the next.
    struct Step: Sendable {
        var plan: SessionMachine.Plan
        var registration: FrameRecord.Registration?
        var prediction: Propagator.Prediction
        /// Nil where the session carries none, or this frame must not change it.
        var state: TemporalState?
    }

    /// Predicts a frame: the image model alone, blended with the previous prediction, or that one carried on.
    ///
    /// `plan` says what the session's rules make of it; a lost registration changes it through `withoutRegistration`.
    func predict(
        _ sight: Sight, _ upload: FrameUpload, plan planned: SessionMachine.Plan, state: TemporalState?,
        on workers: WorkerPool, stages: inout Stages,
        withoutRegistration: @Sendable (SessionMachine.Plan) -> SessionMachine.Plan
    ) async throws -> Step {
        var plan = planned
        let due = cadence?.reason(age: state?.age ?? 0)
        let follows = planned.mode == .propagated
        let mayCarry = cadence != nil && due == nil && follows
        let image = mayCarry ? nil : sight.image ?? see(sight.input, on: workers)

        // Registration does not need the network: it runs beside it, if that is not done already.
        async let moving = follows ? motion(sight, upload, since: state) : nil
        async let firstStage = mayCarry ? firstStage(sight.input) : nil

        // In the order in which they are likely to be there.
        let seen = try await image?.value
        let motion = try await moving
        if let motion {
            stages.add("register", motion.time)
            if motion.homography == nil { plan = withoutRegistration(plan) }
        }
        let still = try await sight.still.value
        stages.add(still.stages)
        let previous = plan.mode == .propagated ? state : nil
        let homography = motion?.homography ?? .identity

        var alignment: Propagator.Alignment?
        if let previous, motion?.homography != nil, let features = try await firstStage {
            stages.add(features.stages)
            let compared = try await stages.measure("similarity") {
                try await propagator.align(features.value, state: previous, homography: homography)
            }
            let stale = cadence?.reason(stale: compared.staleFraction(floor: KeyframeCadence.similarityFloor))
            plan.reason = plan.reason ?? stale
            if stale == nil {
                plan.mode = .carried
                let prediction = await stages.measure("fuse") {
                    propagator.carry(state: previous, alignment: compared)
                }
                return Step(
                    plan: plan, registration: motion?.record, prediction: prediction,
                    state: previous.carried(to: still.keyframe, by: homography))
            }
            alignment = compared
        } else if previous != nil, motion?.homography != nil {
            plan.reason = plan.reason ?? due
        }

        let output: Timed<ImageOutput>
        if let seen { output = seen } else { output = try await see(sight.input, on: workers).value }
        stages.add(output.stages)
        let prediction: Propagator.Prediction
        if let previous {
            let aligned: Propagator.Alignment
            if let alignment {
                aligned = alignment
            } else {
                aligned = try await stages.measure("similarity") {
                    try await propagator.align(output.value.features!, state: previous, homography: homography)
                }
            }
            prediction = await stages.measure("fuse") {
                propagator.propagate(output.value, state: previous, alignment: aligned)
            }
        } else {
            prediction = await stages.measure("fuse") { propagator.cold(output.value, precision: statePrecision) }
        }
        let next = await stages.measure("state") {
            propagates && plan.advances
                ? propagator.state(
                    after: prediction, output.value, keyframe: still.keyframe, frameWidth: sight.frame.width,
                    frameHeight: sight.frame.height, precision: statePrecision) : nil
        }
        return Step(plan: plan, registration: motion?.record, prediction: prediction, state: next)
    }

    private func firstStage(_ input: Prepared) async throws -> Timed<Tensor> {
        var input = await input.value
        let features = try await input.stages.measure("first_stage") {
            try await propagator.model.features(input.value)
        }
        return Timed(value: features, stages: input.stages)
    }

    private struct Motion: Sendable {
        var homography: Homography?
        var record: FrameRecord.Registration
        var time: Duration
    }

    /// Finds the motion since the previous frame, or takes it from the upload.
    private func motion(_ sight: Sight, _ upload: FrameUpload, since state: TemporalState?) async throws -> Motion? {
        guard let state else { return nil }
        if let supplied = upload.homography {
            return Motion(
                homography: supplied,
                record: .init(method: "supplied", ok: true, matches: 0, inliers: 0, homography: supplied.values),
                time: .zero)
        }
        let keyframe = try await sight.still.value.keyframe
        let start = ContinuousClock.now
        let found = registrar.register(previous: state.keyframe, current: keyframe)
        return Motion(
            homography: found.homography,
            record: .init(
                method: registrar.method.rawValue, ok: found.homography != nil, matches: found.matches,
                inliers: found.inliers, homography: found.homography?.values),
            time: ContinuousClock.now - start)
    }
}
