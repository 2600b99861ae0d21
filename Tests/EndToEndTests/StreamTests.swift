import Foundation
import Imaging
import Testing
import WindhoverClient

extension EndToEndTests {
    @Suite("ffmpeg pushing a stream", .enabled(if: Program.isInstalled("ffmpeg"), "needs ffmpeg"))
    struct StreamTests {
        /// ffmpeg as the README has it, from a picture that it makes itself.
        private static func push(
            _ source: String, _ options: [String] = [], to session: String, of server: Server, query: String = ""
        ) throws -> ChildProcess {
            try ChildProcess(
                ["-v", "error"] + options + [
                    "-f", "lavfi", "-i", source, "-f", "mpjpeg", "-q:v", "3", "-method", "POST",
                    "\(server.url)/v1/sessions/\(session)/stream\(query)",
                ], program: Program.find("ffmpeg"))
        }

        /// All frames, when as many are stored and no more come.
        private static func frames(_ session: String, _ server: Server, count: Int) async throws -> [FrameRecord] {
            while try await server.client.session(session).frames ?? 0 < count { await Task.yield() }
            return try await server.frames(of: session)
        }

        @Test("Every frame of a source that is to wait is stored, in order")
        func wait() async throws {
            try await withServer { server in
                let session = try await server.session(#"{"registration": "identity", "max_gap_ms": 600000}"#)
                let ffmpeg = try Self.push(
                    "testsrc=duration=4:size=160x96:rate=10", to: session, of: server,
                    query: "?overflow=wait&answers=end")
                let outcome = await ffmpeg.outcome
                #expect(outcome.status == 0, "\(outcome.errors)")
                let frames = try await Self.frames(session, server, count: 40)
                #expect(frames.map(\.sequence) == Array(0..<40))
                #expect(frames.dropFirst().allSatisfy { $0.mode == .propagated && $0.width == 160 })
            }
        }

        @Test("A source faster than the machine loses frames, and what is stored and what is lost is all there was")
        func tooFast() async throws {
            try await withServer(arguments: ["--workers", "1"]) { server in
                let session = try await server.session()
                let ffmpeg = try Self.push(
                    "testsrc=duration=10:size=640x384:rate=100", to: session, of: server, query: "?answers=end")
                let outcome = await ffmpeg.outcome
                #expect(outcome.status == 0, "\(outcome.errors)")
                var sum = 0
                while sum < 1000 {
                    let status = try await server.send("GET", "/v1/sessions/\(session)").json
                    sum = (status["frames"] as? Int ?? 0) + (status["dropped"] as? Int ?? 0)
                }
                #expect(sum == 1000)
                let frames = try await server.frames(of: session)
                #expect(frames.count < 1000)
                #expect(frames.map(\.sequence) == Array(0..<frames.count))
            }
        }

        @Test("A stream that is cut, and a server that dies, are gone on from with the next connection")
        func cut() async throws {
            try await withFolder { data in
                let endless = "testsrc=size=160x96:rate=20"
                let options = #"{"registration": "identity", "store_images": "original"}"#
                let (session, before) = try await withServer(data: data) { server in
                    let session = try await server.session(options)
                    for count in [5, 10] {
                        let ffmpeg = try Self.push(endless, ["-re"], to: session, of: server)
                        _ = try await Self.frames(session, server, count: count)
                        await ffmpeg.killAndWait()
                    }
                    return (session, try await server.frames(of: session).count)
                }
                try await withServer(data: data) { server in
                    let ffmpeg = try Self.push(endless, ["-re"], to: session, of: server)
                    let frames = try await Self.frames(session, server, count: before + 5)
                    await ffmpeg.killAndWait()
                    #expect(frames.map(\.sequence) == Array(0..<frames.count))
                    let resumed = try #require(frames.first { $0.reason == "resume" })
                    #expect(resumed.mode == .propagated && resumed.sequence >= before)
                    #expect(frames.filter { $0.reason == "resume" }.count == 1)
                }
            }
        }
    }
}
