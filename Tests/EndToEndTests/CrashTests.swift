import Foundation
import Imaging
import Synchronization
import Testing
import WindhoverClient

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension EndToEndTests {
    @Suite("A server killed with SIGKILL") struct CrashTests {
        @Test("Every acknowledged frame is there after it, and the others run once")
        func acknowledged() async throws {
            try await withFolder { data in
                var streams: [Stream] = []
                for round in 0..<3 {
                    let limit = Int.random(in: 10...50)
                    try await withServer(data: data) { server in
                        if streams.isEmpty { streams = try await Self.streams(server) }
                        try await Self.check(streams, server)
                        streams = try await Self.upload(streams, to: server, killAfter: limit)
                    }
                    #expect(streams.allSatisfy { !$0.acknowledged.isEmpty } || round == 0, "killed after \(limit)")
                }
                try await withServer(data: data) { server in
                    try await Self.check(streams, server)
                    try await Self.resume(streams, server)
                }
            }
        }

        @Test(
            "The database that it leaves passes SQLite's integrity check",
            .enabled(if: Program.isInstalled("sqlite3"), "needs the sqlite3 command"))
        func integrity() async throws {
            try await withFolder { data in
                let acknowledged = try await withServer(data: data) { server in
                    let streams = try await Self.upload(Self.streams(server), to: server, killAfter: 25)
                    return streams.reduce(0) { $0 + $1.acknowledged.count }
                }
                let answer = try await ChildProcess.run(
                    [
                        data.appending(path: "windhover.sqlite").path,
                        "PRAGMA integrity_check; PRAGMA foreign_key_check; SELECT count(*) FROM frames;",
                    ],
                    program: Program.find("sqlite3"))
                #expect(answer.outputLines.first == "ok", "\(answer.output) \(answer.errors)")
                #expect(answer.outputLines.count == 2, "\(answer.output)")
                #expect(try #require(answer.outputLines.last.flatMap { Int($0) }) >= acknowledged)
            }
        }

        @Test("Every call that an acknowledged frame makes is made after it")
        func webhooks() async throws {
            let works = Mutex(false)
            try await withReceiver({ _, _ in works.withLock { $0 } ? .status(204) : .status(500) }) { receiver in
                try await withFolder { data in
                    let golden = try GoldenCase.any
                    let allowed = ["WINDHOVER_WEBHOOK_ALLOW": "10.0.0.0/8,127.0.0.1"]
                    // Every other frame skips a number, which raises and clears the condition in turn.
                    let session = try await withServer(data: data, environment: allowed) { server in
                        let session = try await server.session(
                            """
                            {"registration": "identity", "max_gap_ms": 600000, "webhook": {"url": "\(receiver.url)"},
                             "conditions": [
                               {"name": "c", "when": {"gap_frames": {">": 0}}, "tell_cleared": true}]}
                            """)
                        for number in [0, 2, 3, 5, 6, 8, 9] {
                            let answer = try await server.put(
                                try golden.frame(number % golden.count), number, to: session)
                            #expect(answer.status == 200, "\(answer.text)")
                        }
                        _ = try await receiver.call(0)
                        return session
                    }
                    works.withLock { $0 = true }
                    let failed = receiver.calls.count
                    try await withServer(data: data, environment: allowed) { server in
                        for number in failed..<failed + 6 { _ = try await receiver.call(number) }
                        #expect(
                            receiver.calls.dropFirst(failed).allSatisfy { $0.data["session_id"] as? String == session })
                        #expect(
                            receiver.calls.dropFirst(failed).map {
                                ($0.data["frame"] as? [String: Any])?["sequence"] as? Int
                            }
                                == [2, 3, 5, 6, 8, 9])
                        #expect(receiver.calls[0].body == receiver.calls[failed].body)
                    }
                }
            }
        }

        /// A session, what is sent to it, and the records that were answered, by number.
        struct Stream: Sendable {
            let session: String
            let images: [Data]
            var acknowledged: [Data] = []

            func put(_ k: Int, to server: Server) async throws -> Server.Answer {
                let time = Wire.time(k)
                return try await server.put(images[k % images.count], k, to: session, query: "?captured_at=\(time)")
            }
        }

        private enum Wire {
            /// Ten frames a second.
            static func time(_ k: Int) -> String {
                let date = Date(timeIntervalSince1970: 1_780_000_000 + Double(k) / 10 + 0.0005)
                return date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            }
        }

        /// Four streams of small frames, and one of large ones to be cut off in the middle of a body.
        private static func streams(_ server: Server) async throws -> [Stream] {
            let golden = try GoldenCase.any
            let small = try (0..<golden.count).map { try golden.frame($0) }
            let large = [try Pictures.noise(width: 1000, height: 700)]
            var streams: [Stream] = []
            for images in [small, small, small, small, large] {
                streams.append(Stream(session: try await server.session(), images: images))
            }
            return streams
        }

        /// Sends frames until so many are acknowledged, kills the server a random moment later, and gives back what
        /// was acknowledged.
        private static func upload(
            _ streams: [Stream], to server: Server, killAfter limit: Int
        ) async throws -> [Stream] {
            let death = Death(of: server, after: limit)
            return try await withThrowingTaskGroup(of: (Int, Stream).self) { group in
                for (index, stream) in streams.enumerated() {
                    group.addTask { (index, try await Self.upload(stream, to: server, death)) }
                }
                var result = streams
                for try await (index, stream) in group { result[index] = stream }
                return result
            }
        }

        private static func upload(_ stream: Stream, to server: Server, _ death: Death) async throws -> Stream {
            var stream = stream
            while let answer = try? await stream.put(stream.acknowledged.count, to: server) {
                guard answer.status == 200 else {
                    throw TestFailure("frame \(stream.acknowledged.count): \(answer.text)")
                }
                stream.acknowledged.append(answer.body)
                try await death.count()
            }
            return stream
        }

        /// Kills a server after so many acknowledged frames.
        private actor Death {
            private let server: Server
            private var left: Int

            init(of server: Server, after limit: Int) {
                self.server = server
                left = limit
            }

            func count() async throws {
                left -= 1
                guard left == 0 else { return }
                // Anywhere within the others' frames.
                try await Task.sleep(for: .microseconds(Int.random(in: 0...20_000)))
                server.process.signal(SIGKILL)
            }
        }

        /// Everything acknowledged is there as it was answered, with its mask.
        private static func check(_ streams: [Stream], _ server: Server) async throws {
            for stream in streams {
                for (k, body) in stream.acknowledged.enumerated() {
                    let record = try #require(try JSONSerialization.jsonObject(with: body) as? NSDictionary)
                    let id = try #require(record["id"] as? String)
                    let stored = try await server.send("GET", "/v1/frames/\(id)")
                    #expect(stored.json as NSDictionary == record, "frame \(k)")

                    let answer = try await server.send("GET", "/v1/frames/\(id)/mask")
                    try #require(answer.status == 200, "frame \(k): \(answer.text)")
                    let mask = try LabelMap(png: answer.body)
                    var pixels: [Int: Int] = [:]
                    for value in mask.classes { pixels[Int(value), default: 0] += 1 }
                    for share in try #require(record["classes"] as? [[String: Any]]) {
                        #expect(share["pixels"] as? Int == pixels[share["value"] as? Int ?? -1, default: 0])
                    }
                }
            }
        }

        /// The first frame without an answer is sent again, twice: it is run once, whether it had been stored or not.
        private static func resume(_ streams: [Stream], _ server: Server) async throws {
            for stream in streams {
                let next = stream.acknowledged.count
                let first = try await stream.put(next, to: server)
                #expect(first.status == 200, "\(first.text)")
                let second = try await stream.put(next, to: server)
                #expect(second.headers["idempotent-replayed"] == "true")
                #expect(second.json as NSDictionary == first.json as NSDictionary)
                let stored = try await server.frames(of: stream.session)
                #expect(stored.map(\.sequence) == Array(0...next))
            }
        }
    }
}
