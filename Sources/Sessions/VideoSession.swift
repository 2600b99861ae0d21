import Conditions
import Foundation
import Imaging
import Inference
import Results
import SSP
import Telemetry

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
    private let warmStart: WarmStart
    let services: Services
    /// Sets memory aside for a session that comes back from being idle.
    private let reserve: Reserve
    private var line = WaitingLine()
    /// What it is to tell of, after the newest stored frame.
    var evaluator: ConditionEvaluator
    /// Frames are stored and conditions replaced one after the other: neither may undo the other.
    let writing = Gate(places: 1)
    private var statistics = Statistics()
    /// Frames that gave way since the last one that was stored: told of with the next.
    private var untoldDrops = 0

    /// What sessions share.
    struct Services: Sendable {
        let store: any ResultStore
        let clock: ServiceClock
        let workers: WorkerPool
        /// What frames whose turn has come compute in.
        let gate: Gate
        /// What is said to a webhook; nil: none is called.
        let callBody: CallBody?
        let observer: @Sendable (SessionEvent) -> Void
    }

    /// The body of a call that tells of an event, which has the frame it comes with.
    package typealias CallBody = @Sendable (EventRecord) -> String
    typealias Reserve = @Sendable (VideoSession) async throws(SessionFault) -> Void

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
        machine: SessionMachine, conditions: ConditionEvaluator, reservedBytes: Int, services: Services,
        reserve: @escaping Reserve
    ) {
        id = record.id
        droneID = record.droneID
        missionID = record.missionID
        createdAt = record.createdAt
        self.options = options
        self.model = model
        self.pipeline = pipeline
        self.machine = machine
        evaluator = conditions
        self.reservedBytes = reservedBytes
        self.services = services
        self.reserve = reserve
        warmStart = WarmStart(model: model, options: options, maxPixels: pipeline.maxPixels, services: services)
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
    package func submit(
        _ upload: FrameUpload, wantsMask: Bool = false, queued isInLine: @Sendable () -> Void = {}
    ) async throws -> FrameAnswer {
        let received = services.clock.now()
        let arrived = services.clock.uptime()
        let sight = try await takeTurn(upload, isInLine)
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
        let now = services.clock.now()
        if !wasActive { try await stored { try await $0.setState(.active, reason: nil, at: now, session: self.id) } }
        let told = EventRecord(kind: .reset, sessionID: id, at: now, reason: "client")
        try await stored { try await $0.append(told) }
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

    /// A frame gave way to newer ones.
    package func dropped() {
        statistics.dropped += 1
        untoldDrops += 1
        services.observer(.dropped(session: id))
    }

    /// Whether nothing is lost by forgetting it: what the store says is all there is to know.
    var isForgettable: Bool { machine.phase != .active && !machine.running }

    // MARK: The queue

    /// Comes back when the frame's turn has come, with what is seen of it already.
    private func takeTurn(
        _ upload: FrameUpload, _ isInLine: () -> Void
    ) async throws(SessionFault) -> FramePipeline.Look? {
        switch machine.arrive(now: services.clock.uptime()) {
        case .run:
            isInLine()
            return nil
        case .refuse: throw .queueFull(limit: machine.queueLimit)
        case .waitDroppingOldest:
            line.dropOldest()
            dropped()
        case .wait: break
        }
        let call = await withCheckedContinuation {
            line.append(upload, $0)
            isInLine()
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
            return Task(executorPreference: workers, priority: .low) {
                try await pipeline.look(upload, ahead: true, on: workers)
            }
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
        if machine.wakes { try await wake() }

        var stages = FramePipeline.Stages()
        stages.add("queue", queued)
        let moment = SessionMachine.Moment(captured: upload.capturedAt, received: arrived)
        let (outcome, frame) = try await segment(
            upload, look, order, at: moment, wantsMask: wantsMask, stages: &stages)

        let record = record(of: outcome, frame, upload, received: received, stages: stages)
        let committed = try await commit(record, outcome.pictures, advances: outcome.step.plan.advances)

        // A session that was reset or ended meanwhile keeps to that; the frame is stored all the same.
        let step = outcome.step
        if machine.committed(step.plan, at: moment, width: frame.width, height: frame.height) { state = step.state }
        if step.plan.mode == .reset { statistics.resets[step.plan.reason ?? "", default: 0] += 1 }
        services.observer(.frame(committed))
        return FrameAnswer(record: committed, mask: outcome.maskPNG, replayed: false)
    }

    /// Everything that computes, of a frame whose turn has come.
    private func segment(
        _ upload: FrameUpload, _ look: FramePipeline.Look?, _ order: SessionMachine.Order,
        at moment: SessionMachine.Moment, wantsMask: Bool, stages: inout FramePipeline.Stages
    ) async throws -> (FramePipeline.Outcome, Picture) {
        let waited = services.clock.uptime()
        await services.gate.enter(id, at: waited)
        defer { services.gate.leave() }
        stages.add("queue", services.clock.uptime() - waited)
        let sight: FramePipeline.Sight
        do {
            if let look {
                sight = try await look.value
            } else {
                let (pipeline, state, workers) = (pipeline, state, services.workers)
                sight = try await Self.onWorker { try await pipeline.look(upload, after: state, on: workers) }
            }
        } catch let error as ImageError {
            throw SessionFault.undecodable(code: error.code.description, message: error.message)
        }
        stages.add(sight.stages)

        if machine.wantsResume, pipeline.propagates {
            let start = services.clock.uptime()
            await resume()
            stages.add("resume", services.clock.uptime() - start)
        }

        let frame = sight.frame
        let plan = machine.plan(
            order, at: moment, width: frame.width, height: frame.height, propagates: pipeline.propagates)!
        let outcome: FramePipeline.Outcome
        (outcome, stages) = try await run(sight, upload, plan, wantsMask: wantsMask, stages: stages)
        return (outcome, frame)
    }

    // MARK: Going on

    private func wake() async throws(SessionFault) {
        try await reserve(self)
        machine.wake()
        try await stored { store in
            try await store.setState(.active, reason: nil, at: self.services.clock.now(), session: self.id)
        }
    }

    /// Makes the state again that a restart or idle time took; where that fails the next frame begins anew.
    private func resume() async {
        guard let (made, last) = try? await warmStart.state(of: id), machine.wantsResume else { return }
        state = made
        let age = services.clock.now().timeIntervalSince(last.receivedAt)
        // A frame without a time of its own has that of its receipt.
        let moment = SessionMachine.Moment(
            captured: last.capturedAt == last.receivedAt ? nil : last.capturedAt,
            received: services.clock.uptime() - .seconds(max(0, age)))
        machine.resumed(at: moment, width: last.width, height: last.height)
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
        let (pipeline, state, machine, workers) = (pipeline, state, machine, services.workers)
        do {
            return try await Self.onWorker {
                var stages = stages
                let outcome = try await pipeline.run(
                    sight, upload: upload, plan: plan, state: state, wantsMask: wantsMask, on: workers,
                    stages: &stages, withoutRegistration: machine.withoutRegistration)
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

    private func commit(
        _ record: FrameRecord, _ pictures: FramePictures, advances: Bool
    ) async throws(SessionFault) -> FrameRecord {
        await writing.enter(id, at: services.clock.uptime())
        defer { writing.leave() }
        var events: [EventRecord] = []
        func tell(_ kind: EventRecord.Kind, reason: String? = nil, count: Int? = nil) {
            events.append(
                EventRecord(
                    kind: kind, sessionID: id, at: record.receivedAt, reason: reason, sequence: record.sequence,
                    count: count))
        }
        if record.mode == SessionMachine.Plan.Mode.reset.rawValue { tell(.reset, reason: record.reason) }
        let drops = untoldDrops
        if drops > 0 { tell(.drop, count: drops) }
        var consequences = FrameConsequences(events: events)
        var evaluator = evaluator
        // A frame that comes late is history: conditions are about what is seen now.
        if advances, !evaluator.set.conditions.isEmpty {
            judge(record.withPlaces(for: pictures), by: &evaluator, &consequences)
        }
        let committed = try await stored { [consequences] in
            try await $0.commit(record, pictures: pictures, consequences)
        }
        self.evaluator = evaluator
        untoldDrops -= drops
        for event in consequences.events where event.kind == .conditionRaised || event.kind == .conditionCleared {
            services.observer(.condition(event))
        }
        return committed
    }

    /// Calls the store; its errors become the session's.
    @discardableResult
    func stored<Result: Sendable>(
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

    /// Why it takes no frames; nil: it does.
    package func gone() -> SessionFault? {
        switch machine.phase {
        case .active: nil
        case .idle where machine.wakes: nil
        case .idle(let reason): .idle(reason: reason, lastSequence: machine.lastSequence)
        case .ended(let reason): .ended(reason: reason, lastSequence: machine.lastSequence)
        }
    }

    private func record(
        of outcome: FramePipeline.Outcome, _ frame: Picture, _ upload: FrameUpload, received: Date,
        stages: FramePipeline.Stages
    ) -> FrameRecord {
        let (bundle, step) = (model.bundle, outcome.step)
        let pixels = outcome.mask.histogram(classes: bundle.classes.count)
        let total = Double(frame.width * frame.height)
        let ground = GroundReport(upload.sources, width: frame.width, height: frame.height)
        return FrameRecord(
            id: UUIDv7.make(now: received), sessionID: id, sequence: step.plan.sequence, digest: upload.digest,
            idempotencyKey: upload.idempotencyKey, droneID: droneID, missionID: missionID, model: bundle.name,
            modelVersion: bundle.version, capturedAt: upload.capturedAt ?? received, receivedAt: received,
            width: frame.width, height: frame.height, mode: step.plan.mode.rawValue, reason: step.plan.reason,
            epoch: step.plan.advances ? machine.epoch(of: step.plan) : machine.epoch, gapFrames: step.plan.gapFrames,
            gapMs: step.plan.gapMs, registration: step.registration,
            similarityMean: step.prediction.similarityMean, changedFraction: step.prediction.changedFraction,
            telemetry: ground.telemetry, footprint: ground.footprint, footprintReason: ground.obstacle?.rawValue,
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
    /// One of its conditions was raised or cleared.
    case condition(EventRecord)
}
