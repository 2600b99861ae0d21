import Foundation
import Results
import Sessions

/// One video's job: from its file to its frames in the store, and to its overlay.
///
/// A frame's number is its place among those that are run. So whatever interrupts a job, it goes on after the last frame
/// that is stored.
struct VideoRun: Sendable {
    var video: VideoRecord
    let settings: VideoSettings
    let tools: VideoTools
    let folder: VideoFolder
    let services: VideoQueue.Services
    let progress: VideoProgress

    /// As with pushed streams: one runs, one is looked at ahead.
    private static let depth = 2
    /// Where a video has fewer than this share of the frames that it was said to have, it has broken off.
    private static let whole = 0.95

    mutating func run() async throws {
        let session = try await begin()
        let source = folder.source(of: video.id)
        guard let container = VideoContainer(try Self.start(of: source)) else {
            throw VideoFailure("The file is neither MP4, MOV nor MKV.")
        }
        let probe = try await VideoProbe.read(source, as: container, settings: settings, tools: tools)
        let choices = video.choices
        video.total = probe.total(every: choices.every, fps: choices.fps)
        video.zero = choices.capturedAt ?? probe.creation ?? video.createdAt
        try await services.store.update(video)
        let passed = try await services.store.session(session)?.lastSequence.map { $0 + 1 } ?? 0
        progress.enter(.frames, done: passed)
        await Self.tell(of: video, frames: passed, services)

        let decoder = VideoDecoder(tools: tools, settings: settings)
        let feed = Feed(video: video, session: session, settings: settings, services: services, progress: progress)
        let complaint = try await decoder.decode(
            source, as: container, .init(every: choices.every, fps: choices.fps, passed: passed),
            seconds: probe.duration
        ) { reader in try await feed.run(&reader, depth: Self.depth) }
        try await judge(complaint, session)
        if choices.overlay { try await drawOverlay(of: session) }
    }

    /// The session that runs it: the one it had before a restart, or a new one.
    private mutating func begin() async throws -> String {
        video.state = .running
        if video.startedAt == nil { video.startedAt = services.now() }
        if let session = video.sessionID {
            try await services.store.update(video)
            return session
        }
        var new = SessionRegistry.NewSession()
        new.droneID = video.droneID
        new.missionID = video.missionID
        new.model = video.model
        new.options = SessionOptions(json: video.options)
        let registry = services.registry
        let session = try await Patience.wait { [new] in try await registry.create(new).id }
        video.sessionID = session
        try await services.store.update(video)
        return session
    }

    /// What ffmpeg complained of, though it came to an end, is a warning where the frames are all there.
    private mutating func judge(_ complaint: String?, _ session: String) async throws {
        let frames = try await services.store.session(session)?.frames ?? 0
        guard frames > 0 else {
            throw VideoFailure("The video has no frame that could be decoded\(complaint.map { ": \($0)" } ?? ".")")
        }
        guard let complaint else { return }
        if let total = video.total, Double(frames) < Self.whole * Double(total) {
            throw VideoFailure("Only \(frames) of about \(total) frames could be decoded: \(complaint)")
        }
        video.warning = complaint
    }

    private mutating func drawOverlay(of session: String) async throws {
        let store = services.store
        guard let last = try await store.latestFrame(session: session),
            let first = try await store.frame(session: session, sequence: 0)
        else { throw VideoFailure("There is no frame to make an overlay of.") }
        progress.enter(.overlay, done: 0)
        let seconds = last.capturedAt.timeIntervalSince(first.capturedAt)
        let rate = seconds > 0 && last.sequence > 0 ? Double(last.sequence) / seconds : 25
        let room = min(settings.space - folder.used, folder.free - settings.reserve)
        guard room > 0 else { throw VideoFailure("There is no room for the overlay.") }
        let frames = StoredFrames(session: session, last: last.sequence, services: services)
        let (video, settings, services, progress) = (video, settings, services, progress)
        try await OverlayEncoder(tools: tools, settings: settings).encode(
            to: folder.overlay(of: video.id), rate: min(max(rate, 0.1), 240), limit: room
        ) {
            guard let picture = try await frames.next() else { return nil }
            if progress.step(tellEvery: settings.tellEvery) {
                await Self.tell(of: video, frames: last.sequence + 1, services)
            }
            return picture
        }
        self.video.hasOverlay = true
    }

    /// Writes the event that says how far it is; nothing depends on its being there.
    static func tell(of video: VideoRecord, frames: Int, _ services: VideoQueue.Services) async {
        guard let session = video.sessionID else { return }
        let told = EventRecord(
            kind: .video, sessionID: session, at: services.now(), reason: video.state.rawValue, sequence: video.total,
            count: frames, name: video.id)
        try? await services.store.append(told)
    }

    private static func start(of file: URL) throws -> [UInt8] {
        guard let handle = try? FileHandle(forReadingFrom: file) else { throw VideoFailure("The file is gone.") }
        defer { try? handle.close() }
        return [UInt8](try handle.read(upToCount: VideoContainer.prefix) ?? Data())
    }

    /// A session's frames as overlays, in the order of their numbers.
    private actor StoredFrames {
        private let session: String
        private let last: Int
        private let services: VideoQueue.Services
        private var sequence = 0

        init(session: String, last: Int, services: VideoQueue.Services) {
            self.session = session
            self.last = last
            self.services = services
        }

        func next() async throws -> [UInt8]? {
            while sequence <= last {
                try Task.checkCancellation()
                defer { sequence += 1 }
                if let frame = try await services.store.frame(session: session, sequence: sequence) {
                    return try await services.draw(frame)
                }
            }
            return nil
        }
    }
}

/// Takes frames from the decoder to their session.
private struct Feed: Sendable {
    let video: VideoRecord
    let session: String
    let settings: VideoSettings
    let services: VideoQueue.Services
    let progress: VideoProgress

    func run(_ reader: inout VideoDecoder.Reader, depth: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            while let frame = try await reader.frame() {
                try Task.checkCancellation()
                if running == depth {
                    try await group.next()
                    running -= 1
                }
                // In line before the next one is: their order is the video's.
                let (queued, isQueued) = AsyncStream.makeStream(of: Never.self)
                group.addTask {
                    defer { isQueued.finish() }
                    try await submit(frame, queued: { isQueued.finish() })
                }
                running += 1
                for await _ in queued {}
            }
            try await group.waitForAll()
        }
    }

    private func submit(_ frame: VideoDecoder.DecodedFrame, queued: @escaping @Sendable () -> Void) async throws {
        let zero = video.zero ?? video.createdAt
        let upload = FrameUpload(
            sequence: frame.index, image: frame.jpeg, capturedAt: zero.addingTimeInterval(frame.time))
        let registry = services.registry
        do {
            _ = try await Patience.wait {
                do {
                    return try await registry.submit(upload, to: session, queued: queued)
                } catch SessionFault.idle {
                    // Waiting took too long, and nothing is stored to go on from.
                    _ = try await registry.reset(session)
                    return try await registry.submit(upload, to: session, queued: queued)
                }
            }
        } catch SessionFault.frameConflict {
            // Stored before a crash, from another ffmpeg's JPEG: it is the same frame.
        } catch SessionFault.outOfOrder {
            // The one behind it was faster, while this one had to try again: it is lost, and its number missing.
        }
        if progress.step(tellEvery: settings.tellEvery) {
            await VideoRun.tell(of: video, frames: frame.index + 1, services)
        }
    }
}

/// How a job, which has time, treats a server that is busy.
private enum Patience {
    /// Tries again until it is neither full nor short of memory; what fails for another reason a few times.
    static func wait<Value>(_ work: () async throws -> Value) async throws -> Value {
        var delay: Duration = .milliseconds(100)
        var failures = 0
        while true {
            do {
                return try await work()
            } catch let fault as SessionFault {
                switch fault {
                case .overloaded, .queueFull, .storeBusy, .stateCapacity: break
                case .inference, .storage:
                    failures += 1
                    guard failures < 4 else { throw fault }
                default: throw fault
                }
            }
            try await Task.sleep(for: delay)
            delay = min(delay * 2, .seconds(5))
        }
    }
}
