import Foundation
import Inference
import Logging
import Results
import Sessions

/// All video files of the server: takes them in, runs them a few at a time, and goes on with them after a restart.
///
/// What is to be known of them is in the store and on the disk; here is only what moves.
package actor VideoQueue {
    package struct NewVideo: Sendable {
        package var name: String?
        package var session = SessionRegistry.NewSession()
        package var choices = VideoRecord.Choices()
        /// Bytes of the file; nil: not known yet.
        package var length: Int?

        package init() {}
    }

    /// What others share with it.
    struct Services: Sendable {
        let registry: SessionRegistry
        let store: any ResultStore
        let logger: Logger
        /// A frame with its mask over it, as JPEG.
        let draw: @Sendable (FrameRecord) async throws -> [UInt8]
        let observer: @Sendable (VideoEvent) -> Void
        let now: @Sendable () -> Date
    }

    package nonisolated let settings: VideoSettings
    private nonisolated let folder: VideoFolder
    private let services: Services
    private var uploads: [String: VideoUpload] = [:]
    /// Whose turn comes, the first first.
    private var line: [String] = []
    private var running: [String: Job] = [:]
    private var isStarted = false
    private var isStopping = false

    private struct Job {
        let task: Task<Void, Never>
        let progress: VideoProgress
        var isCancelled = false
    }

    /// - Parameters:
    ///   - draw: A frame with its mask over it, as JPEG.
    ///   - now: The time, for what is to expire.
    package init(
        settings: VideoSettings, registry: SessionRegistry, store: any ResultStore, logger: Logger,
        draw: @escaping @Sendable (FrameRecord) async throws -> [UInt8],
        observer: @escaping @Sendable (VideoEvent) -> Void = { _ in }, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.settings = settings
        folder = VideoFolder(root: settings.folder)
        services = Services(
            registry: registry, store: store, logger: logger, draw: draw, observer: observer, now: now)
    }

    // MARK: The server

    /// Finds what a stop, or a crash, has interrupted; removes what nobody will ask for.
    package func restore() async throws {
        guard settings.tools != nil else {
            return services.logger.warning("video files are not taken: ffmpeg and ffprobe are not installed")
        }
        try FileManager.default.createDirectory(at: settings.folder, withIntermediateDirectories: true)
        for video in try await services.store.openVideos() {
            if video.state != .uploading {
                line.append(video.id)
            } else if video.length != nil {
                uploads[video.id] = try upload(video)
            } else {
                // Its sender knows no id to go on with.
                try await forget(video.id)
            }
        }
        for id in folder.ids {
            guard let video = try await services.store.video(id) else {
                folder.remove(id)
                continue
            }
            if video.state.isFinal, !video.choices.keep { folder.removeSource(of: id) }
        }
    }

    /// Goes on with what waits.
    package func start() {
        isStarted = true
        next()
    }

    /// Interrupts what runs, so that it goes on after the next start.
    package func stop() async {
        isStopping = true
        for upload in uploads.values { upload.abandon() }
        let jobs = running.values
        for job in jobs { job.task.cancel() }
        for job in jobs { await job.task.value }
    }

    /// Gives up uploads that rest for too long.
    package func expire() async {
        for (id, upload) in uploads {
            let touched = upload.touched ?? .distantPast
            guard services.now().timeIntervalSince(touched) > settings.expiry / .seconds(1) else { continue }
            services.logger.info("an upload was given up", metadata: ["video": "\(id)", "bytes": "\(upload.offset)"])
            services.observer(.ended(.cancelled))
            try? await forget(id)
        }
    }

    // MARK: Uploads

    /// Makes room for a file.
    package func create(_ new: NewVideo) async throws -> VideoRecord {
        guard settings.tools != nil else { throw VideoFault.noDecoder }
        guard !isStopping else { throw VideoFault.draining }
        let model = try services.registry.check(new.session)
        if let length = new.length {
            guard length > 0 else { throw VideoFault.empty }
            guard length <= settings.maxBytes else { throw VideoFault.tooLarge(limit: settings.maxBytes) }
            guard length <= room else { throw VideoFault.noSpace }
        } else {
            guard room > 0 else { throw VideoFault.noSpace }
        }
        let now = services.now()
        var video = VideoRecord(
            id: UUIDv7.make(now: now), name: new.name, droneID: new.session.droneID, missionID: new.session.missionID,
            model: model.bundle.name, options: SessionRegistry.json(new.session.options), choices: new.choices,
            createdAt: now, length: new.length)
        video.choices.capturedAt = new.choices.capturedAt
        // Reserved before anybody else looks how much room there is.
        uploads[video.id] = try upload(video)
        do {
            try await services.store.insert(video)
        } catch {
            uploads[video.id] = nil
            folder.remove(video.id)
            throw error
        }
        return video
    }

    private func upload(_ video: VideoRecord) throws -> VideoUpload {
        let limit = video.length ?? min(settings.maxBytes, room)
        return try VideoUpload(
            id: video.id, length: video.length, folder: folder, limit: limit, settings: settings)
    }

    /// Bytes that another file may have: what all may take, and what the disk has, less what is on its way.
    private var room: Int {
        let coming = uploads.values.reduce(0) { $0 + max(0, ($1.length ?? 0) - $1.offset) }
        return min(settings.space - folder.used, folder.free - settings.reserve) - coming
    }

    /// A file that is on its way.
    package func upload(_ id: String) async throws -> VideoUpload {
        guard !isStopping else { throw VideoFault.draining }
        if let upload = uploads[id] { return upload }
        guard try await services.store.video(id) != nil else { throw VideoFault.noVideo(id: id) }
        throw VideoFault.complete
    }

    /// Whether there is more to come of a file.
    package func isComing(_ id: String) -> Bool { uploads[id] != nil }

    /// The whole file is here: its turn will come.
    package func complete(_ id: String) async throws -> VideoRecord {
        guard let upload = uploads[id], var video = try await services.store.video(id) else {
            throw VideoFault.noVideo(id: id)
        }
        (_, video.length) = try await upload.finish()
        video.state = .queued
        try await services.store.update(video)
        uploads[id] = nil
        services.observer(.uploaded(bytes: video.length ?? 0))
        line.append(id)
        next()
        return video
    }

    // MARK: Asking

    /// What moves of a video.
    package enum Motion: Sendable, Equatable {
        case none
        case uploading(offset: Int)
        case running(VideoProgress.Reading)
    }

    package func motion(of id: String) -> Motion {
        if let upload = uploads[id] { return .uploading(offset: upload.offset) }
        return running[id].map { .running($0.progress.reading) } ?? .none
    }

    /// When an upload will be given up if nothing more comes.
    package func expiry(of id: String) -> Date? {
        uploads[id].map { ($0.touched ?? services.now()).addingTimeInterval(settings.expiry / .seconds(1)) }
    }

    package struct Counts: Sendable {
        package var uploading: Int
        package var queued: Int
        package var running: Int
        package var bytes: Int
    }

    package var counts: Counts {
        Counts(uploading: uploads.count, queued: line.count, running: running.count, bytes: folder.used)
    }

    /// The file of its overlay.
    package nonisolated func overlay(of video: VideoRecord) throws(VideoFault) -> URL {
        guard video.hasOverlay else {
            switch video.state {
            case _ where !video.choices.overlay: throw .noOverlay("None was asked for (\"overlay\").")
            case .uploading, .queued, .running: throw .noOverlay("It is not made yet.")
            default: throw .noOverlay("It could not be made.")
            }
        }
        return folder.overlay(of: video.id)
    }

    // MARK: Ending

    /// Cancels what is not over yet, else removes it; frames stay, and so does their session.
    ///
    /// Comes back when it is done.
    package func cancel(_ id: String) async throws {
        if uploads[id] != nil { return try await forget(id) }
        if let job = running[id] {
            running[id]?.isCancelled = true
            job.task.cancel()
            return await job.task.value
        }
        guard var video = try await services.store.video(id) else { throw VideoFault.noVideo(id: id) }
        guard !video.state.isFinal else { return try await forget(id) }
        line.removeAll { $0 == id }
        video.state = .cancelled
        try await finish(video)
    }

    private func forget(_ id: String) async throws {
        uploads.removeValue(forKey: id)?.abandon()
        try await services.store.removeVideo(id)
        folder.remove(id)
    }

    /// Says how it ended, and removes what is not wanted any more.
    private func finish(_ video: VideoRecord) async throws {
        var video = video
        video.endedAt = services.now()
        if let session = video.sessionID {
            video.frames = try await services.store.session(session)?.frames
            try? await services.registry.end(session, reason: "video-\(video.state.rawValue)")
        }
        try await services.store.update(video)
        if !video.choices.keep { folder.removeSource(of: video.id) }
        services.observer(.ended(video.state))
        var note: Logger.Metadata = [
            "video": "\(video.id)", "state": "\(video.state)", "frames": "\(video.frames ?? 0)",
        ]
        if let failure = video.failure { note["failure"] = "\(failure)" }
        services.logger.info("a video is over", metadata: note)
        await VideoRun.tell(of: video, frames: video.frames ?? 0, services)
    }

    // MARK: Running

    private func next() {
        while isStarted, !isStopping, running.count < settings.jobs, !line.isEmpty {
            let id = line.removeFirst()
            let progress = VideoProgress(done: 0)
            // Behind everybody who waits for an answer: see `Gate` and `RequestPool`.
            let task = Task(priority: .low) { await self.run(id, progress) }
            running[id] = Job(task: task, progress: progress)
        }
    }

    private func run(_ id: String, _ progress: VideoProgress) async {
        do {
            guard let video = try await services.store.video(id) else { throw VideoFault.noVideo(id: id) }
            let outcome = await outcome(of: video, progress)
            // Not part of what was cancelled: its end is written down whatever happened.
            if let outcome { try await Task { try await finish(outcome) }.value }
        } catch {
            // Most likely the disk is full. What is stored stays, and the next start goes on from there.
            services.logger.error("a video's job was put off", metadata: ["video": "\(id)", "error": "\(error)"])
        }
        running[id] = nil
        next()
    }

    /// The video as it has ended; nil: it goes on after the next start.
    private func outcome(of video: VideoRecord, _ progress: VideoProgress) async -> VideoRecord? {
        guard let tools = settings.tools else {
            var video = video
            (video.state, video.failure) = (.failed, "ffmpeg and ffprobe are not installed.")
            return video
        }
        var run = VideoRun(
            video: video, settings: settings, tools: tools, folder: folder, services: services, progress: progress)
        do {
            try await run.run()
            run.video.state = .done
        } catch {
            if running[video.id]?.isCancelled == true {
                run.video.state = .cancelled
            } else if isStopping {
                return nil
            } else {
                (run.video.state, run.video.failure) = Self.end(of: error)
                // What is wrong with a file is said when it is over.
                if !(error is VideoFailure) {
                    services.logger.error(
                        "a video's job failed", metadata: ["video": "\(video.id)", "error": "\(error)"])
                }
            }
        }
        return run.video
    }

    private static func end(of error: any Error) -> (VideoRecord.State, String) {
        switch error {
        case let failure as VideoFailure: (.failed, failure.description)
        case SessionFault.ended: (.cancelled, "Its session was ended.")
        case SessionFault.storage(full: true, _): (.failed, "The server's disk is full.")
        case SessionFault.noModel(let name, _): (.failed, "There is no model \"\(name)\" any more.")
        // The reason is for the log: it speaks of the server, not of the file.
        default: (.failed, "Something went wrong in the server.")
        }
    }
}

/// What others may want to know of videos: metrics.
package enum VideoEvent: Sendable, Equatable {
    case uploaded(bytes: Int)
    case ended(VideoRecord.State)
}
