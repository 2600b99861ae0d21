import ArgumentParser
import Foundation
import WindhoverClient

struct VideoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "video",
        abstract: "Upload a video file to a server, which runs it by itself, and follow how far it is.",
        discussion: """
            An upload that was interrupted goes on with --resume ID; the id is said when it begins. Ctrl-C ends the \
            following, not the job.
            """)

    @Argument(help: "An MP4, MOV or MKV file.")
    var file: String

    @OptionGroup var client: ClientOptions

    @Option(help: "Name of the drone.")
    var drone: String?

    @Option(help: "Name of the mission.")
    var mission: String?

    @Option(help: "Model by name (default: the server's).")
    var model: String?

    @Option(help: "Run every so many-th frame.")
    var every: Int?

    @Option(help: "Run at most so many frames of each second.")
    var fps: Double?

    @Option(help: "What the server keeps of each picture: none, preview or original.")
    var storeImages: String?

    @Option(help: "Which frames the image model sees: every, or adaptive (key frames only).")
    var cadence: String?

    @Flag(help: "Have an MP4 of the overlays made.")
    var overlay = false

    @Flag(help: "Have the server keep the file.")
    var keep = false

    @Option(help: "Go on with the upload of this id.")
    var resume: String?

    @Flag(help: "End when the file is uploaded.")
    var noWait = false

    func run() async throws {
        guard let length = try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int else {
            throw ValidationError("there is no \(file)")
        }
        let url = URL(fileURLWithPath: file)
        let uploader = try client.makePatientClient()
        try await client.explaining {
            let video = try await begin(url, length: length)
            Terminal.say("video       \(video.id)")
            let there = try await Interrupt.cancelling { [noWait] in
                let video = try await Self.upload(url, length: length, to: video.id, uploader)
                return noWait ? video : try await Self.follow(video.id, uploader)
            }
            try conclude(there)
        }
    }

    private func begin(_ url: URL, length: Int) async throws -> Video {
        let client = try client.makeClient()
        if let resume { return try await client.video(resume) }
        let request = VideoRequest(
            name: url.lastPathComponent, droneID: drone, missionID: mission, model: model, every: every, fps: fps,
            overlay: overlay ? true : nil, keep: keep ? true : nil,
            options: SessionOptions(cadence: cadence, storeImages: storeImages))
        return try await client.createVideo(request, length: length)
    }

    private static func upload(_ file: URL, length: Int, to id: String, _ client: WindhoverClient) async throws -> Video
    {
        var said = -1
        let video = try await client.uploadVideo(file, to: id) { offset in
            let percent = 100 * offset / max(1, length)
            guard percent / 10 > said / 10 || said < 0 else { return }
            said = percent
            Terminal.say("uploaded    \(percent) % of \((Double(length) / 1e6).fixed(1)) MB")
        }
        guard video.length == length else { throw Failure("the upload \(id) is of another file") }
        return video
    }

    private static func follow(_ id: String, _ client: WindhoverClient) async throws -> Video {
        var video = try await client.video(id)
        var bar: ProgressBar?
        defer { bar?.finish() }
        while !video.isOver {
            if video.state == .running, let total = video.framesTotal {
                if bar == nil { bar = ProgressBar(total: total) }
                let drawn = video.overlayFrames.map { "overlay \($0)" }
                bar?.update(done: min(video.frames, total), note: drawn ?? "")
            }
            try await Task.sleep(for: .milliseconds(500))
            video = try await client.video(id)
        }
        return video
    }

    private func conclude(_ video: Video) throws {
        if let session = video.sessionID { Terminal.print("session     \(session)") }
        Terminal.print("state       \(video.state.rawValue)")
        Terminal.print("frames      \(video.frames)")
        if let path = video.links?["overlay"] { Terminal.print("overlay     \(try client.url.appending(path: path))") }
        if let warning = video.warning { Terminal.print("warning     \(warning)") }
        if let error = video.error { throw Failure(error) }
    }
}
