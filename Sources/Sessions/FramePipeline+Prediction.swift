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
        let due = cadence?.reason(age: state?.age ?? 0)
        let follows = planned.mode == .propagated
        let mayCarry = cadence != nil && due == nil && follows
        async let firstStage = mayCarry ? firstStage(sight.input) : nil

        // Not beside the network, unless that is at work already: it waits for its slowest thread at every layer.
        let approach =
            follows
            ? await approach(sight, upload, planned, state, withoutRegistration: withoutRegistration)
            : Approach(plan: planned)
        let seen = try await mayCarry ? nil : (sight.image ?? see(sight.input, on: workers)).value
        stages.add(approach.stages)
        stages.add(await sight.landmarks.value.stages)
        stages.add(await sight.input.value.stages)
        var plan = approach.plan
        let previous = approach.warped == nil ? nil : state
        let isRegistered = approach.homography != nil

        var alignment: Propagator.Alignment?
        if let previous, let warped = approach.warped, isRegistered, let features = try await firstStage {
            stages.add(features.stages)
            let compared = try await stages.measure("similarity") {
                try await propagator.align(features.value, with: warped)
            }
            let stale = cadence?.reason(stale: compared.staleFraction(floor: KeyframeCadence.similarityFloor))
            plan.reason = plan.reason ?? stale
            if stale == nil {
                plan.mode = .carried
                let prediction = await stages.measure("fuse") {
                    propagator.carry(state: previous, alignment: compared)
                }
                return Step(
                    plan: plan, registration: approach.registration, prediction: prediction,
                    state: previous.carried(
                        to: await sight.landmarks.value.value, by: approach.homography ?? .identity))
            }
            alignment = compared
        } else if previous != nil, isRegistered {
            plan.reason = plan.reason ?? due
        }

        let output: Timed<ImageOutput>
        if let seen { output = seen } else { output = try await see(sight.input, on: workers).value }
        stages.add(output.stages)
        let prediction: Propagator.Prediction
        if let previous, let warped = approach.warped {
            let aligned: Propagator.Alignment
            if let alignment {
                aligned = alignment
            } else {
                aligned = try await stages.measure("similarity") {
                    try await propagator.align(output.value.features!, with: warped)
                }
            }
            prediction = await stages.measure("fuse") {
                propagator.propagate(output.value, state: previous, alignment: aligned)
            }
        } else {
            prediction = await stages.measure("fuse") { propagator.cold(output.value, precision: statePrecision) }
        }
        let landmarks = await sight.landmarks.value.value
        let next = await stages.measure("state") {
            propagates && plan.advances
                ? propagator.state(
                    after: prediction, output.value, landmarks: landmarks, frameWidth: sight.frame.width,
                    frameHeight: sight.frame.height, precision: statePrecision) : nil
        }
        return Step(plan: plan, registration: approach.registration, prediction: prediction, state: next)
    }

    private func firstStage(_ input: Prepared) async throws -> Timed<Tensor> {
        let input = await input.value.value
        var stages = Stages()
        let features = try await stages.measure("first_stage") { try await propagator.model.features(input) }
        return Timed(value: features, stages: stages)
    }

    /// What can be done towards fusing a frame with the one before it without the network's answer.
    private struct Approach: Sendable {
        var plan: SessionMachine.Plan
        var registration: FrameRecord.Registration?
        /// Nil: not registered.
        var homography: Homography?
        /// Nil: nothing is propagated.
        var warped: Propagator.WarpedFeatures?
        var stages = Stages()
    }

    /// Finds the motion since the previous frame, or takes it from the upload, and warps the previous features.
    private func approach(
        _ sight: Sight, _ upload: FrameUpload, _ plan: SessionMachine.Plan, _ state: TemporalState?,
        withoutRegistration: @Sendable (SessionMachine.Plan) -> SessionMachine.Plan
    ) async -> Approach {
        var approach = Approach(plan: plan)
        guard let state else { return approach }
        if let supplied = upload.homography {
            approach.homography = supplied
            approach.registration = .init(
                method: "supplied", ok: true, matches: 0, inliers: 0, homography: supplied.values)
        } else {
            let landmarks = await sight.landmarks.value.value
            let found = await approach.stages.measure("register") {
                registrar.register(previous: state.landmarks, current: landmarks)
            }
            approach.homography = found.homography
            approach.registration = .init(
                method: registrar.method.rawValue, ok: found.homography != nil, matches: found.matches,
                inliers: found.inliers, homography: found.homography?.values)
            if found.homography == nil { approach.plan = withoutRegistration(plan) }
        }
        if approach.plan.mode == .propagated {
            approach.warped = await approach.stages.measure("warp") {
                propagator.warp(state, homography: approach.homography ?? .identity)
            }
        }
        return approach
    }
}
