import Foundation
import Inference
import Results
import SSP

/// All sessions of the server: makes them, finds them (after a restart too), keeps their memory within a budget, and
/// lets idle ones go.
package actor SessionRegistry {
    package struct Limits: Sendable {
        /// Bytes of temporal state for all sessions together.
        package var stateBudget = 4 << 30
        /// Frames that may wait in one session beside the one that runs.
        package var queuePerSession = 8
        /// Frames that may be running or waiting in the whole server.
        package var framesInFlight = 64
        package var maxPixels = 50_000_000

        package init() {}
    }

    package struct NewSession: Sendable {
        package var droneID: String?
        package var missionID: String?
        /// Nil: the default model.
        package var model: String?
        package var options = SessionOptions()

        package init() {}
    }

    package nonisolated let models: [String: any SegmentationModel]
    package nonisolated let defaultModel: String
    package nonisolated let limits: Limits
    /// What a session gets where its creator does not say.
    package nonisolated let defaultOptions: SessionOptions
    private let services: VideoSession.Services
    private var sessions: [String: VideoSession] = [:]
    /// Sessions that are being read from the store, so that two callers get the same one.
    private var loading: [String: Task<VideoSession?, any Error>] = [:]
    private var reserved: [String: Int] = [:]
    private var framesInFlight = 0
    private var draining = false

    /// `models` is not empty; `defaultModel` is one of them.
    package init(
        models: [any SegmentationModel], defaultModel: String, store: any ResultStore, limits: Limits = Limits(),
        defaultOptions: SessionOptions = SessionOptions(), clock: ServiceClock = .system, workers: WorkerPool,
        observer: @escaping @Sendable (SessionEvent) -> Void = { _ in }
    ) {
        self.models = Dictionary(uniqueKeysWithValues: models.map { ($0.bundle.name, $0) })
        self.defaultModel = defaultModel
        self.limits = limits
        self.defaultOptions = defaultOptions
        // Two for each thread: one computes while another waits for the image model.
        services = .init(
            store: store, clock: clock, workers: workers, gate: Gate(places: 2 * workers.threads), observer: observer)
        Registrar.use(threads: workers.threads)
    }

    // MARK: Sessions

    /// The model of such a session.
    ///
    /// Throws where there can be no such session.
    @discardableResult
    package nonisolated func check(_ new: NewSession) throws(SessionFault) -> any SegmentationModel {
        let model = try model(new.model ?? defaultModel)
        guard new.options.cadence == .every || model.bundle.hasAdaptiveCadence else {
            throw .noAdaptiveCadence(model: model.bundle.name)
        }
        return model
    }

    package func create(_ new: NewSession) async throws(SessionFault) -> VideoSession {
        guard !draining else { throw .draining }
        let model = try check(new)
        let now = services.clock.now()
        let record = SessionRecord(
            id: UUIDv7.make(now: now), droneID: new.droneID, missionID: new.missionID, model: model.bundle.name,
            modelVersion: model.bundle.version, options: Self.json(new.options), createdAt: now)
        try reserve(record.id, model, new.options)
        let session = make(record, new.options, model, restoredAt: nil, phase: .active)
        do {
            try await services.store.insert(record)
        } catch {
            reserved[record.id] = nil
            throw .storage(full: (error as? StoreError) == .diskFull, message: "\(error)")
        }
        sessions[record.id] = session
        return session
    }

    /// The session of this id: from memory, or as the store remembers it.
    package func find(_ id: String) async throws(SessionFault) -> VideoSession {
        if let session = sessions[id] { return session }
        let task = loading[id] ?? Task { try await self.load(id) }
        loading[id] = task
        defer { loading[id] = nil }
        do {
            guard let session = try await task.value else { throw SessionFault.noSession(id: id) }
            return session
        } catch let fault as SessionFault {
            throw fault
        } catch {
            throw .storage(full: false, message: "\(error)")
        }
    }

    /// The session if anything of it is in memory.
    package func inMemory(_ id: String) -> VideoSession? { sessions[id] }

    private func load(_ id: String) async throws -> VideoSession? {
        guard let record = try await services.store.session(id) else { return nil }
        if let session = sessions[id] { return session }
        let options = SessionOptions(json: record.options)
        let model = try model(record.model)
        // What was active when the server stopped goes on, unless it has been silent too long since.
        var phase = SessionMachine.Phase.active
        switch record.state {
        case .ended: phase = .ended(reason: record.endReason ?? "client")
        case .idle: phase = .idle(reason: record.endReason ?? "idle-timeout")
        case .active:
            let silent = services.clock.now().timeIntervalSince(record.lastFrameAt ?? record.createdAt)
            if silent > Double(options.idleTimeoutS) { phase = .idle(reason: "idle-timeout") }
        }
        if phase == .active { try reserve(id, model, options) }
        let session = make(record, options, model, restoredAt: record.lastSequence, phase: phase)
        sessions[id] = session
        return session
    }

    package func reset(_ id: String) async throws(SessionFault) -> VideoSession {
        guard !draining else { throw .draining }
        let session = try await find(id)
        let fresh = reserved[id] == nil
        if fresh, case .idle = await session.status.phase { try reserve(id, session.model, session.options) }
        do {
            try await session.reset()
        } catch {
            if fresh { reserved[id] = nil }
            throw error
        }
        return session
    }

    package func end(_ id: String, reason: String = "client") async throws(SessionFault) {
        try await find(id).end(reason: reason)
        reserved[id] = nil
    }

    /// Frees what has been silent too long, and forgets what holds nothing.
    ///
    /// Called every few seconds.
    package func expire() async {
        for (id, session) in sessions {
            if await session.expire() { reserved[id] = nil }
            // The store knows it; whoever asks for it again finds it there.
            if await session.isForgettable { sessions[id] = nil }
        }
    }

    // MARK: Frames

    /// `queued` is called when the frame has its place in the session's line.
    package func submit(
        _ upload: FrameUpload, to id: String, wantsMask: Bool = false, queued: @escaping @Sendable () -> Void = {}
    ) async throws -> FrameAnswer {
        let session = try await find(id)
        guard !draining else { throw SessionFault.draining }
        guard framesInFlight < limits.framesInFlight else { throw SessionFault.overloaded }
        framesInFlight += 1
        defer { framesInFlight -= 1 }
        return try await session.submit(upload, wantsMask: wantsMask, queued: queued)
    }

    /// Whether a frame would be turned away at the door: asked before its body is read.
    package func admits(_ id: String) async throws(SessionFault) {
        let session = try await find(id)
        guard !draining else { throw .draining }
        guard framesInFlight < limits.framesInFlight else { throw .overloaded }
        try await session.admits()
    }

    /// Work on pictures for somebody who asks, on the threads that compute.
    package nonisolated func compute<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await Task(executorPreference: services.workers) { try await body() }.value
    }

    // MARK: The server

    package struct Status: Sendable {
        package var sessions: Int
        package var framesInFlight: Int
        package var reservedBytes: Int
        package var stateBudget: Int
        package var draining: Bool
    }

    package var status: Status {
        Status(
            sessions: reserved.count, framesInFlight: framesInFlight, reservedBytes: reserved.values.reduce(0, +),
            stateBudget: limits.stateBudget, draining: draining)
    }

    /// Takes nothing new from now on.
    package func beginDraining() { draining = true }

    /// Comes back when the running frames are stored, or the task is cancelled.
    package func drained() async {
        // Asked now and then: a stop is rare, and a wait that cancellation must end is more than it is worth.
        while framesInFlight > 0, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
    }

    // MARK: Inside

    private nonisolated func model(_ name: String) throws(SessionFault) -> any SegmentationModel {
        guard let model = models[name] else { throw .noModel(name: name, known: models.keys.sorted()) }
        return model
    }

    private func reserve(_ id: String, _ model: any SegmentationModel, _ options: SessionOptions) throws(SessionFault) {
        let needed = Self.stateBytes(model, options)
        let used = reserved.values.reduce(0, +)
        guard used + needed <= limits.stateBudget else {
            throw .stateCapacity(needed: needed, budget: limits.stateBudget, used: used)
        }
        reserved[id] = needed
    }

    /// What a session of this model and these options will hold.
    package static func stateBytes(_ model: any SegmentationModel, _ options: SessionOptions) -> Int {
        guard options.propagation == .model else { return 0 }
        return TemporalState.bytes(bundle: model.bundle, shapes: model.shapes, precision: options.statePrecision)
    }

    private func make(
        _ record: SessionRecord, _ options: SessionOptions, _ model: any SegmentationModel, restoredAt: Int?,
        phase: SessionMachine.Phase
    ) -> VideoSession {
        VideoSession(
            record: record, options: options, model: model,
            pipeline: FramePipeline(
                model: model, options: options, maxPixels: limits.maxPixels, threads: services.workers.threads),
            machine: SessionMachine(
                options: options, queueLimit: limits.queuePerSession, now: services.clock.uptime(), phase: phase,
                restoredAt: restoredAt, epoch: record.epoch),
            reservedBytes: Self.stateBytes(model, options), services: services,
            reserve: { [weak self] session throws(SessionFault) in try await self?.reserve(again: session) })
    }

    /// A frame brings the session back from being idle.
    private func reserve(again session: VideoSession) throws(SessionFault) {
        // Forgotten and found anew meanwhile: there must not be two of it.
        guard sessions[session.id] === session || sessions[session.id] == nil else {
            throw .idle(reason: "idle-timeout", lastSequence: nil)
        }
        if reserved[session.id] == nil { try reserve(session.id, session.model, session.options) }
        sessions[session.id] = session
    }

    package static func json(_ options: SessionOptions) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: (try? encoder.encode(options)) ?? Data("{}".utf8), as: UTF8.self)
    }
}
