import API
import Foundation
import Sessions
import Testing
import Videos

/// Video files as jobs, with the system's ffmpeg.
@Suite(.enabled(if: Clips.isPossible, "needs ffmpeg and ffprobe"), .timeLimit(.minutes(3)))
struct VideoTests {
    @Test(arguments: ["clip.mp4", "clip.mov", "clip.mkv"])
    func `Every frame of a file is run once, with its own number and time`(name: String) async throws {
        let clip = try await Clips.make(name)
        try await withServer { server in
            let video = try await server.video(
                clip, "?drone=kestrel-1&mission=survey&name=\(name)&captured_at=2026-06-01T08:00:00Z")
            #expect(video["state"] as? String == "done", "\(video)")
            #expect(video["name"] as? String == name && video["drone_id"] as? String == "kestrel-1")
            #expect(video["frames"] as? Int == 20 && video["frames_total"] as? Int == 20)
            #expect(video["error"] is NSNull && video["warning"] is NSNull)
            let frames = try await server.frames(of: video["session_id"])
            #expect(frames.map { $0["sequence"] as? Int } == Array(0..<20))
            #expect(frames.allSatisfy { $0["width"] as? Int == 160 && $0["mission_id"] as? String == "survey" })
            let times = frames.compactMap { $0["captured_at"] as? String }
            #expect(times.first == "2026-06-01T08:00:00.000000Z")
            #expect(times.last == "2026-06-01T08:00:01.900000Z")
            let session = try await server.send("GET", "/v1/sessions/\(video["session_id"] ?? "")").json
            #expect(session["state"] as? String == "ended" && session["end_reason"] as? String == "video-done")
            // The file is not kept.
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.path + "/videos").isEmpty)
        }
    }

    @Test(arguments: [
        ("every=3", [0.0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8]), ("fps=4", [0, 0.3, 0.5, 0.8, 1, 1.3, 1.5, 1.8]),
    ])
    func `Some of the frames can be chosen`(query: String, times: [Double]) async throws {
        let clip = try await Clips.make()
        try await withServer { server in
            let video = try await server.video(clip, "?\(query)&captured_at=2026-06-01T08:00:00Z")
            let frames = try await server.frames(of: video["session_id"])
            #expect(frames.map { $0["sequence"] as? Int } == Array(0..<times.count))
            let seconds = frames.compactMap { ($0["captured_at"] as? String)?.dropFirst(17).dropLast() }
            #expect(seconds.compactMap { Double($0) } == times)
            #expect(video["frames_total"] as? Int == (query == "fps=4" ? 8 : 7))
        }
    }

    @Test func `Frames at uneven distances keep their own times, and a turned video stands upright`() async throws {
        let clip = try await Clips.make(
            "clip.mp4", ["-vf", "select='not(between(n,4,9))'", "-fps_mode", "vfr", "-video_track_timescale", "1000"])
        // The mark that a phone held upright leaves, without new pictures.
        let turned = try await Self.withFile(clip) { file in
            try await Clips.ffmpeg("turned.mp4", ["-i", file, "-c", "copy", "-metadata:s:v:0", "rotate=90"])
        }
        try await withServer { server in
            let video = try await server.video(turned, "?captured_at=2026-06-01T08:00:00Z")
            let frames = try await server.frames(of: video["session_id"])
            #expect(frames.count == 14, "\(video)")
            #expect(frames.allSatisfy { $0["width"] as? Int == 96 && $0["height"] as? Int == 160 })
            let gaps = frames.dropFirst().compactMap { $0["gap_ms"] as? Int }
            #expect(gaps == [100, 100, 100, 700] + Array(repeating: 100, count: 9))
        }
    }

    @Test func `The container's time counts where none is given`() async throws {
        let clip = try await Clips.make("clip.mp4", seconds: 0.5, ["-metadata", "creation_time=2025-03-04T05:06:07Z"])
        try await withServer { server in
            let video = try await server.video(clip)
            #expect(video["captured_at"] as? String == "2025-03-04T05:06:07.000000Z")
        }
    }

    @Test func `What stands in the way of a session stands in the way of a video`() async throws {
        let clip = try await Clips.make(seconds: 0.5)
        try await withServer { server in
            func refused(_ query: String, _ status: Int, _ problem: String, _ field: String?) async throws {
                let answer = try await server.upload(clip, query)
                #expect(answer.status == status && answer.problem == problem, "\(query): \(answer.json)")
                #expect(answer.json["field"] as? String == field)
            }
            try await refused("?model=nobody", 422, "model-not-found", "model")
            try await refused("?cadenc=every", 400, "validation", "cadenc")
            try await refused("?every=2&fps=3", 400, "validation", "fps")
            try await refused("?every=0", 400, "validation", "every")
            try await refused("?overlay=true&store_images=none", 400, "validation", "overlay")
            try await refused("?captured_at=soon", 400, "validation", "captured_at")
            #expect(try await server.send("GET", "/v1/videos").json["items"] as? [String] == [])
            #expect(try await server.send("GET", "/v1/videos/nobody").problem == "video-not-found")
            #expect(try await server.send("DELETE", "/v1/videos/nobody").problem == "video-not-found")
        }
    }

    @Test func `What is no video is refused by its first bytes, an empty body, too`() async throws {
        try await withServer { server in
            let picture = try await server.upload(TestServer.frame(0))
            #expect(picture.status == 415 && picture.problem == "video-unsupported")
            let list = try await server.upload(Array("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n".utf8))
            #expect(list.status == 415)
            let short = try await server.upload([0, 0, 0, 24])
            #expect(short.status == 415)
            let empty = try await server.upload([])
            #expect(empty.status == 422 && empty.problem == "video-empty", "\(empty.json)")
            let form = try await server.upload([1], headers: ["Content-Type": "multipart/form-data; boundary=x"])
            #expect(form.status == 415 && form.problem == "unsupported-media-type")
            #expect(try await server.send("GET", "/v1/videos").json["items"] as? [String] == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.path + "/videos").isEmpty)
        }
    }

    @Test func `Size and room are limited, before the body is read and while it is`() async throws {
        let clip = try await Clips.make()
        try await withServer({ $0.server.videos.maxBytes = 1000 }) { server in
            let told = try await server.upload(clip)
            #expect(told.status == 413 && told.json["limit_bytes"] as? Int == 1000)
            let tus = try await server.send(
                "POST", "/v1/videos", headers: ["Upload-Length": "1001", "Tus-Resumable": "1.0.0"])
            #expect(tus.status == 413)
            let untold = try RawConnection(port: server.port)
            untold.send("POST /v1/videos HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in stride(from: 0, to: clip.count, by: 500).map({ clip[$0..<min($0 + 500, clip.count)] }) {
                untold.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10])
            }
            untold.send("0\r\n\r\n")
            #expect(untold.receiveHead()?.contains(" 413 ") == true)
        }
        try await withServer({ $0.server.videos.space = 1000 }) { server in
            let full = try await server.upload(clip)
            #expect(full.status == 507 && full.problem == "storage-full" && full.headers["retry-after"] == "60")
        }
        try await withServer({ $0.server.videos.reserve = .max / 2 }) { server in
            let full = try await server.upload(clip)
            #expect(full.status == 507)
        }
        // Larger than a frame may be, and than memory is given for bodies.
        try await withServer({ $0.server.maxBodyBytes = 1000 }) { server in
            let video = try await server.video(clip)
            #expect(video["state"] as? String == "done")
        }
    }

    @Test func `Without ffmpeg files are not taken, and everything else goes on`() async throws {
        try await withServer({ $0.server.videos.tools = nil }) { server in
            let answer = try await server.upload([0, 0, 0, 24])
            #expect(answer.status == 501 && answer.problem == "no-decoder")
            #expect(try await server.send("GET", "/v1/videos").status == 200)
            #expect(try await server.send("GET", "/readyz").status == 200)
        }
    }

    @Test func `The list has pages and filters`() async throws {
        let clip = try await Clips.make(seconds: 0.3)
        try await withServer { server in
            for drone in ["a", "b", "a"] { _ = try await server.video(clip, "?drone=\(drone)&every=2") }
            let all = try await server.send("GET", "/v1/videos?limit=2").json
            let items = try #require(all["items"] as? [[String: Any]])
            #expect(items.map { $0["drone_id"] as? String } == ["a", "b"])
            let cursor = try #require(all["next_cursor"] as? String)
            let rest = try await server.send("GET", "/v1/videos?limit=2&cursor=\(cursor)").json
            #expect((rest["items"] as? [[String: Any]])?.count == 1 && rest["next_cursor"] is NSNull)
            let own = try await server.send("GET", "/v1/videos?drone=a&state=done").json
            #expect((own["items"] as? [[String: Any]])?.count == 2)
            let failed = try await server.send("GET", "/v1/videos?state=failed").json
            #expect((failed["items"] as? [Any])?.isEmpty == true)
            #expect(try await server.send("GET", "/v1/videos?drone=a&cursor=\(cursor)").problem == "validation")
        }
    }

    static func withFile<Value>(_ bytes: [UInt8], _ body: (String) async throws -> Value) async throws
        -> Value
    {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString).mp4")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await body(file.path)
    }
}
