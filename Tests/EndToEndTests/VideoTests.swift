import Foundation
import Imaging
import Testing

extension EndToEndTests {
    @Suite("windhover send of videos") struct VideoTests {
        @Test(
            "A video's frames are sent at the wanted rate",
            .enabled(if: Program.isInstalled("ffmpeg"), "needs ffmpeg"))
        func video() async throws {
            try await withFolder { folder in
                let film = folder.appending(path: "film.mp4")
                let made = try await ChildProcess.run(
                    [
                        "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=2:size=160x96:rate=10", "-pix_fmt",
                        "yuv420p",
                        "-y", film.path,
                    ], program: Program.find("ffmpeg"))
                try #require(made.status == 0, "\(made.errors)")
                try await withServer(data: folder.appending(path: "data")) { server in
                    let all = try await Self.send(film, server)
                    #expect(all.status == 0, "\(all.errors)")
                    #expect(all.outputLines.count == 20)
                    let some = try await Self.send(film, server, "--fps", "5", "--limit", "6")
                    #expect(some.status == 0, "\(some.errors)")
                    #expect(some.outputLines.count == 6)
                    let records = try SendTests.records(some.output)
                    #expect(records.allSatisfy { $0["width"] as? Int == 160 && $0["height"] as? Int == 96 })
                    #expect(records.dropFirst().allSatisfy { $0["gap_ms"] as? Int == 200 })

                    try Data("no film at all".utf8).write(to: film)
                    let broken = try await Self.send(film, server)
                    #expect(broken.status != 0 && broken.errors.contains("ffmpeg could not read"), "\(broken.errors)")
                }
            }
        }

        @Test("Without ffmpeg it says how to get it")
        func absent() async throws {
            try await withFolder { folder in
                let film = folder.appending(path: "film.mp4")
                try Data([0]).write(to: film)
                let outcome = try await ChildProcess.run(
                    ["send", film.path, "--server", "http://127.0.0.1:9"], environment: ["PATH": folder.path])
                #expect(outcome.status != 0 && outcome.errors.contains("install ffmpeg"), "\(outcome.errors)")
            }
        }

        @Test("A stream of JPEG files is cut where files end, not where thumbnails do")
        func splitting() async throws {
            try await withFolder { folder in
                // Stands in for ffmpeg: pictures of rising width, each with another picture inside.
                let thumbnail = try Pictures.gradient(width: 16, height: 16).jpegData(quality: 50)
                var film = Data()
                for k in 0..<5 {
                    let picture = try Pictures.gradient(width: 100 + k, height: 80, shift: 9 * k).jpegData(quality: 80)
                    let length = thumbnail.count + 2
                    let segment = [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + thumbnail
                    film += picture[..<2] + segment + picture[2...]
                }
                let file = folder.appending(path: "film.bin")
                try film.write(to: file)
                try Self.pretendFfmpeg(in: folder, "cat '\(file.path)'")
                try await withServer(data: folder.appending(path: "data")) { server in
                    let sent = try await Self.send(file, server, path: folder)
                    #expect(sent.status == 0, "\(sent.errors)")
                    let widths = try SendTests.records(sent.output).map { $0["width"] as? Int }
                    #expect(widths == [100, 101, 102, 103, 104])
                }
            }
        }

        @Test("A video that breaks off is an error, after the frames before")
        func broken() async throws {
            try await withFolder { folder in
                let file = folder.appending(path: "film.bin")
                try Data(try Pictures.gradient(width: 100, height: 80).jpegData(quality: 80)).write(to: file)
                try await withServer(data: folder.appending(path: "data")) { server in
                    try Self.pretendFfmpeg(in: folder, "cat '\(file.path)' '\(file.path)'; exit 1")
                    let failed = try await Self.send(file, server, path: folder)
                    #expect(failed.status != 0 && failed.outputLines.count == 2, "\(failed.errors)")
                    #expect(failed.errors.contains("ffmpeg could not read"), "\(failed.errors)")

                    try Self.pretendFfmpeg(in: folder, "cat '\(file.path)'; head -c 300 '\(file.path)'")
                    let cut = try await Self.send(file, server, path: folder)
                    #expect(cut.status != 0 && cut.outputLines.count == 1, "\(cut.errors)")
                    #expect(cut.errors.contains("in the middle of a frame"), "\(cut.errors)")
                }
            }
        }

        private static func send(
            _ film: URL, _ server: Server, path: URL? = nil, _ arguments: String...
        ) async throws -> ChildProcess.Outcome {
            let inherited = Program.environment["PATH"] ?? "/bin"
            return try await ChildProcess.run(
                ["send", film.path, "--server", server.url, "--json"] + arguments,
                environment: ["PATH": path.map { "\($0.path):\(inherited)" } ?? inherited])
        }

        /// An `ffmpeg` that writes what a shell command does.
        private static func pretendFfmpeg(in folder: URL, _ command: String) throws {
            let file = folder.appending(path: "ffmpeg")
            try Data("#!/bin/sh\n\(command)\n".utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
    }
}
