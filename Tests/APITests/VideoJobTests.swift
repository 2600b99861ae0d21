import API
import Foundation
import Imaging
import Testing
import Videos

/// What becomes of jobs: broken files, decoders that hang, cancelling, overlays, a restart.
@Suite(.enabled(if: Clips.isPossible, "needs ffmpeg and ffprobe"), .timeLimit(.minutes(3)))
struct VideoJobTests {
    private static func cut(_ clip: [UInt8], to share: Double) -> [UInt8] {
        Array(clip[..<Int(Double(clip.count) * share)])
    }

    @Test func `A file that breaks off fails, and the frames before are kept`() async throws {
        let clip = try await Clips.make("clip.mp4", seconds: 4, ["-movflags", "+faststart"])
        let film = try await Clips.make("clip.mkv", seconds: 4)
        try await withServer { server in
            for part in [Self.cut(clip, to: 0.6), Self.cut(film, to: 0.6)] {
                let video = try await server.video(part)
                #expect(video["state"] as? String == "failed")
                let error = try #require(video["error"] as? String)
                #expect(error.contains("Only \(video["frames"] ?? 0) of about 40 frames could be decoded"), "\(error)")
                #expect(!error.contains("0x") && !error.contains("/"), "\(error)")
                let frames = try await server.frames(of: video["session_id"])
                #expect((5..<40).contains(frames.count) && frames.count == video["frames"] as? Int)
                let session = try await server.send("GET", "/v1/sessions/\(video["session_id"] ?? "")").json
                #expect(session["end_reason"] as? String == "video-failed")
            }
            // Without its index nothing can be read of it.
            let lost = try await server.video(Self.cut(Clips.make(), to: 0.5))
            #expect(lost["state"] as? String == "failed")
            #expect((lost["error"] as? String)?.contains("moov atom not found") == true, "\(lost)")
        }
    }

    @Test func `Files without video, or without sense, fail and say why`() async throws {
        let sound = try await Clips.ffmpeg("sound.mp4", ["-f", "lavfi", "-i", "sine=duration=0.5"])
        var noise = [UInt8]("\u{0}\u{0}\u{0}\u{20}ftypisom".utf8)
        var state: UInt32 = 1
        for _ in 0..<100_000 {
            state = state &* 1_664_525 &+ 1_013_904_223
            noise.append(UInt8(state >> 24))
        }
        try await withServer { server in
            let silent = try await server.video(sound)
            #expect(silent["state"] as? String == "failed")
            #expect(silent["error"] as? String == "There is no video in the file.")
            let senseless = try await server.video(noise)
            #expect(senseless["state"] as? String == "failed" && senseless["frames"] as? Int == 0)
            // A box that says it is 2 GB long, and is not.
            let liar = try await server.video(
                [0x7F, 0xFF, 0xFF, 0xFF] + Array("mdat".utf8) + [UInt8](repeating: 7, count: 500))
            #expect(liar["state"] as? String == "failed")
            // Nothing of it harms others.
            let whole = try await server.video(Clips.make(seconds: 0.5))
            #expect(whole["state"] as? String == "done")
        }
    }

    @Test func `Damage within a file is told, and what can be decoded is run`() async throws {
        var clip = try await Clips.make("clip.mp4", seconds: 4, ["-movflags", "+faststart"])
        let start = try #require(clip.firstRange(of: Array("mdat".utf8)))
        for place in stride(from: start.upperBound + 3000, to: clip.count - 100, by: 400) { clip[place] ^= 0x5A }
        try await withServer { server in
            let video = try await server.video(clip)
            #expect((video["frames"] as? Int ?? 0) > 5, "\(video)")
            #expect(video["warning"] is String || video["error"] is String, "\(video)")
        }
    }

    @Test func `Pictures that are too large are refused before one is decoded`() async throws {
        let clip = try await Clips.make(seconds: 0.3)
        try await withServer({ $0.server.videos.maxPixels = 160 * 96 - 1 }) { server in
            let video = try await server.video(clip)
            #expect(video["state"] as? String == "failed")
            #expect((video["error"] as? String)?.contains("160×96") == true, "\(video)")
        }
    }

    @Test func `A decoder that hangs is ended, and what it gave before is kept`() async throws {
        let clip = try await Clips.make()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let picture = try ImageCodec.decode(TestServer.frame(0)).jpegData(quality: 90)
        try Data(picture).write(to: folder.appendingPathComponent("picture.jpg"))
        let marks = folder.appendingPathComponent("processes").path
        let hanging = folder.appendingPathComponent("ffmpeg")
        try Data(
            """
            #!/bin/sh
            echo $$ >> \(marks)
            echo 'frame:0    pts:0       pts_time:0.5' >&2
            cat '\(folder.path)/picture.jpg'
            sleep 600 & echo $! >> \(marks)
            wait
            """.utf8
        ).write(to: hanging)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hanging.path)
        let tools = VideoTools(ffmpeg: hanging.path, ffprobe: try #require(Clips.find("ffprobe")))
        try await withServer {
            $0.server.videos.tools = tools
            $0.server.videos.patience = .seconds(5)
        } _: { server in
            let video = try await server.video(clip, "?captured_at=2026-06-01T08:00:00Z")
            #expect(video["state"] as? String == "failed")
            #expect((video["error"] as? String)?.contains("no sign of life for 5 s") == true, "\(video)")
            let frames = try await server.frames(of: video["session_id"])
            #expect(frames.map { $0["captured_at"] as? String } == ["2026-06-01T08:00:00.500000Z"])
        }
        // The program, and what it has started.
        let processes = try String(contentsOfFile: marks, encoding: .utf8).split(separator: "\n").map { Int32($0)! }
        #expect(processes.count == 2)
        for process in processes { #expect(kill(process, 0) != 0 || Self.isZombie(process)) }
    }

    private static func isZombie(_ process: Int32) -> Bool {
        (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8))?.contains(") Z ") ?? true
    }

    @Test func `A running job is cancelled, and removed when it is asked for again`() async throws {
        let clip = try await Clips.make(seconds: 20)
        let gate = Gate(open: false)
        try await withServer {
            $0.gate = gate
            $0.server.videos.jobs = 1
        } _: { server in
            let id = try #require(try await server.upload(clip).json["id"] as? String)
            let second = try #require(try await server.upload(clip).json["id"] as? String)
            try await gate.waiting(1)
            let running = try await server.send("GET", "/v1/videos/\(id)").json
            #expect(running["state"] as? String == "running" && running["phase"] as? String == "frames")
            let waiting = try await server.send("GET", "/v1/videos/\(second)").json
            #expect(waiting["state"] as? String == "queued" && waiting["session_id"] is NSNull)
            #expect(try await server.send("DELETE", "/v1/videos/\(second)").status == 204)
            #expect(try await server.finished(second)["state"] as? String == "cancelled")

            async let cancelled = server.send("DELETE", "/v1/videos/\(id)")
            await gate.openUp()
            #expect(try await cancelled.status == 204)
            let ended = try await server.send("GET", "/v1/videos/\(id)").json
            #expect(ended["state"] as? String == "cancelled" && ended["error"] is NSNull)
            #expect((ended["frames"] as? Int ?? 200) < 200)
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.path + "/videos").isEmpty)
            #expect(try await server.send("DELETE", "/v1/videos/\(id)").status == 204)
            #expect(try await server.send("GET", "/v1/videos/\(id)").status == 404)
            // What it saw stays.
            #expect(try await server.send("GET", "/v1/sessions/\(ended["session_id"] ?? "")").status == 200)
        }
    }

    @Test func `A job whose session is ended by others ends, too`() async throws {
        let clip = try await Clips.make(seconds: 20)
        let gate = Gate(open: false)
        try await withServer({ $0.gate = gate }) { server in
            let id = try #require(try await server.upload(clip).json["id"] as? String)
            try await gate.waiting(1)
            let session = try await server.send("GET", "/v1/videos/\(id)").json["session_id"] ?? ""
            #expect(try await server.send("DELETE", "/v1/sessions/\(session)").status == 204)
            await gate.openUp()
            let video = try await server.finished(id)
            #expect(video["state"] as? String == "cancelled" && video["error"] as? String == "Its session was ended.")
        }
    }

    @Test func `A stop interrupts a job, and the next start goes on after the last frame`() async throws {
        let clip = try await Clips.make(seconds: 6)
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        let id = try await withServer({ $0.data = data }) { server in
            let id = try #require(
                try await server.upload(clip, "?captured_at=2026-06-01T08:00:00Z&every=2").json["id"] as? String)
            _ = try await server.video(id) { ($0["frames"] as? Int ?? 0) >= 3 }
            return id
        }
        try await withServer({ $0.data = data }) { server in
            let video = try await server.finished(id)
            #expect(video["state"] as? String == "done" && video["frames"] as? Int == 30, "\(video)")
            let frames = try await server.frames(of: video["session_id"])
            #expect(frames.map { $0["sequence"] as? Int } == Array(0..<30))
            let seconds = frames.compactMap { Double(($0["captured_at"] as? String)?.dropFirst(17).dropLast() ?? "") }
            #expect(zip(seconds, 0...).allSatisfy { abs($0 - Double($1) / 5) < 1e-6 })
            // Unless the stop came after the last frame, it was gone on with warm.
            #expect(frames.allSatisfy { $0["reason"] is NSNull || $0["reason"] as? String == "resume" })
        }
    }

    @Test func `An overlay is a film of as many frames, which can be had in parts`() async throws {
        let clip = try await Clips.make(seconds: 2)
        try await withServer { server in
            let plain = try await server.video(Clips.make(seconds: 0.3))
            let missing = try await server.send("GET", "/v1/videos/\(plain["id"] ?? "")/overlay.mp4")
            #expect(missing.status == 404 && missing.problem == "no-overlay")

            let video = try await server.video(clip, "?overlay=true&store_images=original&keep=true")
            #expect(video["state"] as? String == "done", "\(video)")
            let place = try #require((video["links"] as? [String: String])?["overlay"])
            let film = try await server.send("GET", place)
            #expect(film.status == 200 && film.headers["content-type"] == "video/mp4")
            #expect(try await Clips.probe(film.body, "width,height,avg_frame_rate,nb_read_frames") == "160,96,10/1,20")
            // The index comes first, so that a browser can begin to show it.
            let index = try #require(film.body.firstRange(of: Array("moov".utf8)))
            let data = try #require(film.body.firstRange(of: Array("mdat".utf8)))
            #expect(index.lowerBound < data.lowerBound)

            let part = try await server.send("GET", place, headers: ["Range": "bytes=100-199"])
            #expect(part.status == 206 && part.body == Array(film.body[100..<200]))
            #expect(part.headers["content-range"] == "bytes 100-199/\(film.body.count)")
            let beyond = try await server.send("GET", place, headers: ["Range": "bytes=\(film.body.count)-"])
            #expect(beyond.status == 416)
            let files = try FileManager.default.contentsOfDirectory(
                atPath: "\(server.data.path)/videos/\(video["id"] ?? "")")
            #expect(Set(files) == ["source", "overlay.mp4"])
            #expect(try await server.send("DELETE", "/v1/videos/\(video["id"] ?? "")").status == 204)
            #expect(try await server.send("GET", place).status == 404)
        }
    }

    @Test func `Events tell how far a job is, and how it ends`() async throws {
        let clip = try await Clips.make(seconds: 1)
        try await withServer({ $0.server.videos.tellEvery = .zero }) { server in
            let video = try await server.video(clip)
            let stream = try EventStream(
                port: server.port, "/v1/sessions/\(video["session_id"] ?? "")/events?type=video&after=0")
            var told: [[String: Any]] = []
            while (told.last?["state"] as? String) != "done" {
                let event = try #require(stream.next())
                #expect(event.name == "video")
                told.append(event.data)
            }
            #expect(told.allSatisfy { $0["video_id"] as? String == video["id"] as? String })
            #expect(told.map { $0["state"] as? String } == Array(repeating: "running", count: 11) + ["done"])
            #expect(told.last?["frames"] as? Int == 10 && told.last?["frames_total"] as? Int == 10)
        }
    }

    @Test func `Metrics count files and their ends`() async throws {
        let clip = try await Clips.make(seconds: 0.3)
        try await withServer { server in
            _ = try await server.video(clip)
            let text = String(decoding: try await server.send("GET", "/metrics").body, as: UTF8.self)
            #expect(text.contains("windhover_videos_total{outcome=\"done\"} 1"))
            #expect(text.contains("windhover_video_bytes_total \(clip.count)"))
            #expect(text.contains("windhover_videos{state=\"running\"} 0"))
            #expect(text.contains("windhover_video_disk_bytes 0"))
        }
    }
}
