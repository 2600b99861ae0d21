import Foundation
import Imaging
import Inference
import Results
import SSP

/// One stream of frames: drives the rules of `SessionMachine`, runs its frames one after the other, and owns the
/// temporal state. Commit before swap before reply: an acknowledged frame is stored, and the state never runs ahead.
///
/// While a frame has its turn, the next ones in line are looked at already: what they show by themselves does not
/// depend on it.
package actor VideoSession {
    package nonisolated let id: String
    package nonisolated let droneID: String?
    package nonisolated let missionID: String?
    package nonisolated let options: SessionOptions
    package nonisolated let createdAt: Date
    /// What it holds in memory at most, reserved when it began.
    package nonisolated let reservedBytes: Int
    package nonisolated let model: any SegmentationModel

    private var machine: SessionMachine
    private var state: TemporalState?
    private let pipeline: FramePipeline
    private let services: Services
    private var line = WaitingLine()
    private var statistics = Statistics()

    /// What sessions share.
    struct Services: Sendable {
        let store: any ResultStore
        let clock: ServiceClock
        let workers: WorkerPool
        /// What frames whose turn has come compute in.
        let gate: Gate
        let observer: @Sendable (SessionEvent) -> Void
    }

    package struct Statistics: Sendable, Equatable {
        package var dropped = 0
        package var replayed = 0
        package var failed = 0
        /// Resets by reason.
        package var resets: [String: Int] = [:]

        package init() {}
    }

    /// The session as others see it.
    package struct Status: Sendable {
        package var phase: SessionMachine.Phase
        package var lastSequence: Int?
        package var nextSequence: Int
        package var waiting: Int
        package var stateBytes: Int
        package var reservedBytes: Int
        package var statistics: Statistics
    }

    init(
        record: SessionRecord, options: SessionOptions, model: any SegmentationModel, pipeline: FramePipeline,
        machine: SessionMachine, reservedBytes: Int, services: Services
    ) {
        id = record.id
        droneID = record.droneID
        missionID = record.missionID
        createdAt = record.createdAt
        self.options = options
        self.model = model
        self.pipeline = pipeline
        self.machine = machine
        self.reservedBytes = reservedBytes
        self.services = services
    }

    package var status: Status {
        Status(
            phase: machine.phase, lastSequence: machine.lastSequence, nextSequence: machine.nextSequence,
            waiting: machine.waiting, stateBytes: state?.bytes ?? 0, reservedBytes: reservedBytes,
            statistics: statistics)
    }

    /// Whether a frame would be turned away at the door: asked before its body is read.
    package func admits() throws(SessionFault) {
        if machine.running, machine.waiting >= machine.queueLimit, options.overflow == .reject {
            throw .queueFull(limit: machine.queueLimit)
        }
    }

    /// Runs a frame, or finds its stored answer.
    ///
    /// Throws `SessionFault`; then nothing has changed.
    package func submit(_ upload: FrameUpload, wantsMask: Bool = false) async throws -> FrameAnswer {
        let received = services.clock.now()
        let arrived = services.clock.uptime()
        let sight = try await takeTurn(upload)
        // Once its turn has come a frame is finished, whether or not its sender still listens: the work is
        // a task of its own, which the request's cancellation does not reach.
        let queued = services.clock.uptime() - arrived
        let work = Task(executorPreference: services.workers) {
            try await self.process(
                upload, sight, received: received, arrived: arrived, queued: queued, wantsMask: wantsMask)
        }
        let result = await work.result
        if machine.finished(now: services.clock.uptime()) { line.runFirst() }
        lookAhead()
        if case .failure = result { statistics.failed += 1 }
        return try result.get()
    }

    /// Forgets the temporal state; brings an idle session back.
    ///
    /// Throws where it has ended.
    package func reset() async throws(SessionFault) {
        let wasActive = machine.phase == .active
        guard machine.reset(now: services.clock.uptime()) else { throw gone() ?? .noSession(id: id) }
        state = nil
        services.observer(.reset(session: id, reason: "client"))
        guard !wasActive else { return }
        try await stored { store in
            try await store.setState(.active, reason: nil, at: self.services.clock.now(), session: self.id)
        }
    }

    package func end(reason: String) async throws(SessionFault) {
        machine.end(reason: reason)
        state = nil
        try await stored { store in
            try await store.setState(.ended, reason: reason, at: self.services.clock.now(), session: self.id)
        }
    }

    /// Frees the memory of a session that has been silent too long.
    ///
    /// True where it has just been done.
    func expire() async -> Bool {
        guard machine.expire(now: services.clock.uptime()) else { return false }
        state = nil
        // The row may lag behind for lack of disk; the session is idle all the same, and says so.
        _ = try? await stored { store in
            try await store.setState(.idle, reason: "idle-timeout", at: self.services.clock.now(), session: self.id)
        }
        return true
    }

    /// Whether nothing is lost by forgetting it: what the store says is all there is to know.
    var isForgettable: Bool { machine.phase != .active && !machine.running }

    // MARK: The queue

    /// Comes back when the frame's turn has come, with what is seen of it already.
    private func takeTurn(_ upload: FrameUpload) async throws(SessionFault) -> FramePipeline.Look? {
        switch machine.arrive(now: services.clock.uptime()) {
        case .run: return nil
        case .refuse: throw .queueFull(limit: machine.queueLimit)
        case .waitDroppingOldest:
            line.dropOldest()
            statistics.dropped += 1
            services.observer(.dropped(session: id))
        case .wait: break
        }
        let call = await withCheckedContinuation {
            line.append(upload, $0)
            lookAhead()
        }
        switch call {
        case .run(let look): return look
        case .dropped: throw .dropped
        }
    }

    /// How many waiting frames are looked at: enough to fill what the running one leaves idle.
    ///
    /// Where the oldest is dropped for a newer one, one stays unseen: whoever is looked at keeps its place, so that
    /// no work is thrown away just when there is too much of it.
    private var framesAhead: Int {
        options.overflow == .dropOldest ? min(2, machine.queueLimit - 1) : 2
    }

    private func lookAhead() {
        // Where other sessions' frames fill the processors, what is seen early would take memory and their time.
        guard machine.phase == .active, services.gate.isQuiet(for: id, at: services.clock.uptime())
        else { return }
        let (pipeline, workers, last) = (pipeline, services.workers, machine.lastSequence ?? -1)
        line.lookAhead(framesAhead) { upload in
            // Most likely a retry, which the store will answer.
            if let sequence = upload.sequence, sequence <= last { return nil }
            // Frames whose turn has come go first. When it is this one's turn, waiting for it raises its priority.
            return Task(executorPreference: workers, priority: .low) { try await pipeline.look(upload, on: workers) }
        }
    }

    // MARK: A frame

    private func process(
        _ upload: FrameUpload, _ look: FramePipeline.Look?, received: Date, arrived: Duration, queued: Duration,
        wantsMask: Bool
    ) async throws -> FrameAnswer {
        // A retry is answered whatever has become of the session since.
        if let stored = try await storedAnswer(upload) {
            statistics.replayed += 1
            return stored
        }
        if let fault = gone() { throw fault }
        let order = machine.order(sequence: upload.sequence)
        if case .outOfOrder(let expected) = order { throw SessionFault.outOfOrder(expected: expected) }

        var stages = FramePipeline.Stages()
        stages.add("queue", queued)
        let moment = SessionMachine.Moment(captured: upload.capturedAt, received: arrived)
        let (outcome, frame) = try await segment(
            upload, look, order, at: moment, wantsMask: wantsMask, stages: &stages)

        let record = record(of: outcome, frame, upload, received: received, stages: stages)
        let committed = try await commit(record, outcome.pictures)

        // A session that was reset or ended meanwhile keeps to that; the frame is stored all the same.
        if machine.committed(outcome.plan, at: moment, width: frame.width, height: frame.height) {
            state = outcome.state
        }
        if outcome.plan.mode == .reset { statistics.resets[outcome.plan.reason ?? "", default: 0] += 1 }
        services.observer(.frame(committed))
        return FrameAnswer(record: committed, mask: outcome.maskPNG, replayed: false)
    }

    /// Everything that computes, of a frame whose turn has come.
    private func segment(
        _ upload: FrameUpload, _ look: FramePipeline.Look?, _ order: SessionMachine.Order,
        at moment: SessionMachine.Moment, wantsMask: Bool, stages: inout FramePipeline.Stages
    ) async throws -> (FramePipeline.Outcome, Frame) {
        let waited = services.clock.uptime()
        await services.gate.enter(id, at: waited)
        defer { services.gate.leave() }
        stages.add("queue", services.clock.uptime() - waited)
        let sight: FramePipeline.Sight
        do {
            if let look {
                sight = try await look.value
            } else {
                let (pipeline, workers) = (pipeline, services.workers)
                sight = try await Self.onWorker { try await pipeline.look(upload, on: workers) }
            }
        } catch let error as ImageError {
            throw SessionFault.undecodable(code: error.code.description, message: error.message)
        }
        stages.add(sight.stages)

        let frame = sight.frame
        let plan = machine.plan(
            order, at: moment, width: frame.width, height: frame.height, propagates: pipeline.propagates)!
        let outcome: FramePipeline.Outcome
        (outcome, stages) = try await run(sight, upload, plan, wantsMask: wantsMask, stages: stages)
        return (outcome, frame)
    }

    /// Work that computes, on the task's preferred executor instead of the actor's.
    private nonisolated static func onWorker<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await body()
    }

    private func run(
        _ sight: FramePipeline.Sight, _ upload: FrameUpload, _ plan: SessionMachine.Plan, wantsMask: Bool,
        stages: FramePipeline.Stages
    ) async throws -> (FramePipeline.Outcome, FramePipeline.Stages) {
        let (pipeline, state, machine) = (pipeline, state, machine)
        do {
            return try await Self.onWorker {
                var stages = stages
                let outcome = try await pipeline.run(
                    sight, upload: upload, plan: plan, state: state, wantsMask: wantsMask, stages: &stages,
                    withoutRegistration: machine.withoutRegistration)
                return (outcome, stages)
            }
        } catch {
            throw SessionFault.inference(message: "\(error)")
        }
    }

    private func storedAnswer(_ upload: FrameUpload) async throws(SessionFault) -> FrameAnswer? {
        let stored: FrameRecord?
        if let sequence = upload.sequence {
            stored = try await self.stored { try await $0.frame(session: self.id, sequence: sequence) }
            if let stored, stored.digest != upload.digest { throw .frameConflict(sequence: sequence) }
        } else if let key = upload.idempotencyKey {
            stored = try await self.stored { try await $0.frame(session: self.id, idempotencyKey: key) }
            if let stored, stored.digest != upload.digest { throw .keyReused(key: key) }
        } else {
            stored = nil
        }
        return stored.map { FrameAnswer(record: $0, mask: nil, replayed: true) }
    }

    private func commit(_ record: FrameRecord, _ pictures: FramePictures) async throws(SessionFault) -> FrameRecord {
        try await stored { try await $0.commit(record, pictures: pictures) }
    }

    /// Calls the store; its errors become the session's.
    @discardableResult
    private func stored<Result: Sendable>(
        _ body: (any ResultStore) async throws -> Result
    ) async throws(SessionFault) -> Result {
        do {
            return try await body(services.store)
        } catch StoreError.duplicateFrame(_, let sequence) {
            throw .frameConflict(sequence: sequence)
        } catch StoreError.duplicateIdempotencyKey(_, let key) {
            throw .keyReused(key: key)
        } catch StoreError.busy {
            throw .storeBusy
        } catch {
            throw .storage(full: (error as? StoreError) == .diskFull, message: "\(error)")
        }
    }

    private func gone() -> SessionFault? {
        switch machine.phase {
        case .active: nil
        case .idle(let reason): .idle(reason: reason, lastSequence: machine.lastSequence)
        case .ended(let reason): .ended(reason: reason, lastSequence: machine.lastSequence)
        }
    }

    private func record(
        of outcome: FramePipeline.Outcome, _ frame: Frame, _ upload: FrameUpload, received: Date,
        stages: FramePipeline.Stages
    ) -> FrameRecord {
        let bundle = model.bundle
        let pixels = outcome.mask.histogram(classes: bundle.classes.count)
        let total = Double(frame.width * frame.height)
        return FrameRecord(
            id: UUIDv7.make(now: received), sessionID: id, sequence: outcome.plan.sequence, digest: upload.digest,
            idempotencyKey: upload.idempotencyKey, droneID: droneID, missionID: missionID, model: bundle.name,
            modelVersion: bundle.version, capturedAt: upload.capturedAt ?? received, receivedAt: received,
            width: frame.width, height: frame.height, mode: outcome.plan.mode.rawValue, reason: outcome.plan.reason,
            gapFrames: outcome.plan.gapFrames, gapMs: outcome.plan.gapMs, registration: outcome.registration,
            similarityMean: outcome.prediction.similarityMean, changedFraction: outcome.prediction.changedFraction,
            position: upload.position,
            classes: bundle.classes.enumerated().map { value, info in
                .init(
                    value: value, name: info.name, pixels: pixels[value], fraction: Double(pixels[value]) / total)
            }, stageMs: stages.milliseconds)
    }
}

/// What others may want to know of a session: metrics, logs, event streams.
package enum SessionEvent: Sendable {
    case frame(FrameRecord)
    case dropped(session: String)
    case reset(session: String, reason: String)
}
