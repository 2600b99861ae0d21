import Foundation
import Testing
import WindhoverClient

extension EndToEndTests {
    @Suite(
        "Video files as jobs",
        .enabled(if: Program.isInstalled("ffmpeg") && Program.isInstalled("ffprobe"), "needs ffmpeg and ffprobe"))
    struct VideoJobTests {
        private static func clip(_ folder: URL, seconds: Int, size: String = "160x96") async throws -> URL {
            let file = folder.appending(path: "clip.mp4")
            let made = try await ChildProcess.run(
                ["-v", "error", "-f", "lavfi", "-i", "testsrc=duration=\(seconds):size=\(size):rate=10"]
                    + ["-pix_fmt", "yuv420p", "-y", file.path], program: Program.find("ffmpeg"))
            try #require(made.status == 0, "\(made.errors)")
            return file
        }

        private static func finished(_ id: String, _ server: Server) async throws -> Video {
            while true {
                let video = try await server.client.video(id)
                if video.isOver { return video }
                await Task.yield()
            }
        }

        @Test("A server killed within a job goes on with it, and every frame is there once")
        func killed() async throws {
            try await withFolder { folder in
                let file = try await Self.clip(folder, seconds: 20)
                let data = folder.appending(path: "data")
                let length = try Data(contentsOf: file).count
                var id = ""
                for round in 0..<3 {
                    try await withServer(data: data) { server in
                        if round == 0 {
                            let video = try await server.client.createVideo(
                                VideoRequest(overlay: true), length: length)
                            id = video.id
                            _ = try await server.client.uploadVideo(file, to: id)
                        }
                        // Killed, in its own way, when there are some frames more.
                        let before = try await server.client.video(id).frames
                        while case let video = try await server.client.video(id),
                            video.frames < before + 20, !video.isOver
                        { await Task.yield() }
                    }
                }
                try await withServer(data: data) { server in
                    let video = try await Self.finished(id, server)
                    #expect(video.state == .done && video.frames == 200, "\(video)")
                    let frames = try await server.frames(of: #require(video.sessionID))
                    #expect(frames.map(\.sequence) == Array(0..<200))
                    #expect(frames.contains { $0.reason == "resume" }, "it was killed too late")
                    let times = frames.map(\.capturedAt.timeIntervalSince1970)
                    #expect(zip(times, times.dropFirst()).allSatisfy { abs($1 - $0 - 0.1) < 1e-3 })
                    let film = try await server.send("GET", "/v1/videos/\(id)/overlay.mp4")
                    let copy = folder.appending(path: "overlay.mp4")
                    try film.body.write(to: copy)
                    let probe = try await ChildProcess.run(
                        ["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"]
                            + [copy.path], program: Program.find("ffprobe"))
                    #expect(probe.outputLines.first == "200", "\(probe.output)")
                }
                // Nothing of ffmpeg outlives it for long: its pipe is closed.
                #expect(try data.appending(path: "videos/\(id)").contents == ["overlay.mp4"])
            }
        }

        @Test("SIGTERM interrupts a job, and the exit status is 0")
        func stopped() async throws {
            try await withFolder { folder in
                let file = try await Self.clip(folder, seconds: 60)
                try await withServer(data: folder.appending(path: "data")) { server in
                    let begun = try await server.send(
                        "POST", "/v1/videos", headers: ["Content-Type": "video/mp4"], body: Data(contentsOf: file))
                    let id = try #require(begun.json["id"] as? String, "\(begun.text)")
                    while try await server.client.video(id).frames < 5 { await Task.yield() }
                    server.process.signal(SIGTERM)
                    let outcome = await server.process.outcome
                    #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome.errors)")
                }
            }
        }

        @Test("windhover video uploads, follows and tells how it ended")
        func command() async throws {
            try await withFolder { folder in
                let file = try await Self.clip(folder, seconds: 2)
                try await withServer(data: folder.appending(path: "data")) { server in
                    func run(_ arguments: String...) async throws -> ChildProcess.Outcome {
                        try await ChildProcess.run(["video", file.path, "--server", server.url] + arguments)
                    }
                    let whole = try await run("--drone", "kestrel-1", "--overlay", "--every", "2")
                    #expect(whole.status == 0, "\(whole.errors)")
                    #expect(whole.output.contains("state       done") && whole.output.contains("frames      10"))
                    #expect(whole.output.contains("/overlay.mp4"), "\(whole.output)")

                    // An upload that somebody has begun.
                    let bytes = try Data(contentsOf: file)
                    let begun = try await server.client.createVideo(length: bytes.count)
                    let part = try await server.send(
                        "PATCH", "/v1/videos/\(begun.id)",
                        headers: ["Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"],
                        body: bytes.prefix(1000))
                    #expect(part.status == 204)
                    let rest = try await run("--resume", begun.id)
                    #expect(rest.status == 0 && rest.output.contains("frames      20"), "\(rest.errors)")

                    try Data("no film at all, but long enough to tell".utf8).write(to: file)
                    let wrong = try await run()
                    #expect(wrong.status != 0 && wrong.errors.contains("neither MP4, MOV nor MKV"), "\(wrong.errors)")
                }
            }
        }

        @Test(
            "A file of half a gigabyte takes no memory", .enabled(if: Program.isInstalled("curl"), "needs curl"))
        func large() async throws {
            try await withFolder { folder in
                let file = try await Self.clip(folder, seconds: 1)
                // A box to be skipped, with a hole for its contents.
                var head = Data([0, 0, 0, 1]) + Data("free".utf8)
                let hole: UInt64 = 512 << 20
                withUnsafeBytes(of: hole.bigEndian) { head.append(contentsOf: $0) }
                let clip = try Data(contentsOf: file)
                let large = folder.appending(path: "large.mov")
                try head.write(to: large)
                let handle = try FileHandle(forWritingTo: large)
                try handle.truncate(atOffset: hole)
                try handle.seekToEnd()
                try handle.write(contentsOf: clip)
                try handle.close()
                try await withServer(data: folder.appending(path: "data")) { server in
                    func resident() async throws -> Int {
                        let text = try await server.send("GET", "/metrics").text
                        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("process_resident") })
                        return Int(line.split(separator: " ")[1])!
                    }
                    let before = try await resident()
                    let curl = try await ChildProcess.run(
                        ["-sS", "-X", "POST", "-T", large.path, "\(server.url)/v1/videos?name=large"],
                        program: Program.find("curl"))
                    #expect(curl.output.contains("\"state\":\"queued\""), "\(curl.output) \(curl.errors)")
                    let growth = try await resident() - before
                    #expect(growth < 100 << 20, "\(growth >> 20) MiB")
                    let id = try #require(try await server.client.videos().first?.id)
                    _ = try await Self.finished(id, server)
                }
            }
        }
    }
}
