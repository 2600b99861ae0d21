import Foundation
import Imaging
import Inference
import Sessions
import Testing

/// Frames that wait are looked at before their turn; nobody must be able to tell from the results.
@Suite(.serialized) struct LookAheadTests {
    /// What is sent to a session, one frame after the other.
    struct Flight: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let options: String
        let frames: [(sequence: Int, image: [UInt8])]

        static func all() throws -> [Flight] {
            let frames = try (0..<5).map { try TestServer.frame($0) }
            let plain = frames.enumerated().map { (sequence: $0.offset, image: $0.element) }
            func replacing(_ index: Int, by image: [UInt8]) -> [(Int, [UInt8])] {
                plain.map { ($0.sequence, $0.sequence == index ? image : $0.image) }
            }
            return [
                Flight("frames in order", plain),
                Flight("an undecodable frame", replacing(2, by: Array("no image".utf8))),
                Flight("a truncated frame", replacing(1, by: Array(frames[1].prefix(frames[1].count / 2)))),
                Flight("a frame that cannot be registered", replacing(2, by: try noise()), #"{"registration": "klt"}"#),
                Flight("a frame of another size", replacing(2, by: try TestServer.frame(0, of: "ruralscapes-like"))),
                Flight(
                    "a frame that comes late",
                    [(0, frames[0]), (2, frames[2]), (1, frames[1]), (3, frames[3]), (4, frames[4])]),
                Flight(
                    "a late frame that is run alone",
                    [(0, frames[0]), (2, frames[2]), (1, frames[1]), (3, frames[3]), (4, frames[4])],
                    #"{"registration": "identity", "late": "stateless"}"#),
                Flight(
                    "a frame sent twice",
                    [(0, frames[0]), (1, frames[1]), (1, frames[1]), (2, frames[2]), (3, frames[3])]),
                Flight(
                    "a number with two pictures",
                    [(0, frames[0]), (1, frames[1]), (1, frames[2]), (2, frames[2]), (3, frames[3])]),
            ]
        }

        private init(
            _ description: String, _ frames: [(Int, [UInt8])], _ options: String = #"{"registration": "identity"}"#
        ) {
            testDescription = description
            self.frames = frames.map { (sequence: $0.0, image: $0.1) }
            self.options = options
        }

        /// A picture of the golden frames' size that has nothing to do with them.
        private static func noise() throws -> [UInt8] {
            let pixels = (0..<160 * 96).flatMap { i -> [UInt8] in
                let value = UInt8(truncatingIfNeeded: (i / 7 &* 2_654_435_761) >> 9)
                return [value, value &+ 40, 255 - value]
            }
            return try Frame(width: 160, height: 96, pixels: pixels).pngData()
        }
    }

    /// What a client learns of a frame, but for its id and its times.
    private struct Result {
        var status: Int
        var problem: String?
        var replayed: Bool
        var facts: [String: String] = [:]
        var mask: [UInt8] = []

        init(_ answer: TestServer.Answer, _ server: TestServer) async throws {
            status = answer.status
            problem = answer.problem
            replayed = answer.headers["idempotent-replayed"] != nil
            guard status == 200 else { return }
            let names = [
                "sequence", "mode", "reason", "gap_frames", "gap_ms", "registration", "similarity_mean",
                "changed_fraction", "classes",
            ]
            for name in names {
                let value = try JSONSerialization.data(
                    withJSONObject: [answer.json[name] ?? ""], options: [.sortedKeys])
                facts[name] = String(decoding: value, as: UTF8.self)
            }
            let id = try #require(answer.json["id"] as? String)
            mask = try await server.send("GET", "/v1/frames/\(id)/mask").body
        }
    }

    /// A server whose image model waits at `gate`, and gives the same numbers whoever else is running.
    private func withServer<Value>(_ gate: Gate, _ body: (TestServer) async throws -> Value) async throws -> Value {
        try await APITests.withServer(
            {
                $0.gate = gate
                $0.engine.threads = 1
            }, body)
    }

    private static func send(_ flight: Flight, _ index: Int, _ server: TestServer, _ session: String) async throws
        -> TestServer.Answer
    {
        let (sequence, image) = flight.frames[index]
        return try await server.put(
            image, sequence, to: session, query: "?captured_at=2026-05-04T12:00:00.\(sequence)00Z")
    }

    @Test("Frames that waited give what frames sent one by one give", arguments: try Flight.all())
    func same(flight: Flight) async throws {
        let alone = try await withServer(Gate(open: true)) { server in
            let session = try await server.session(flight.options)
            var results: [Result] = []
            for index in flight.frames.indices {
                results.append(try await Result(Self.send(flight, index, server, session), server))
            }
            return results
        }
        let gate = Gate(open: false)
        let together = try await withServer(gate) { server in
            let session = try await server.session(flight.options)
            let answers = try await withThrowingTaskGroup(of: (Int, TestServer.Answer).self) { group in
                for index in flight.frames.indices {
                    group.addTask { (index, try await Self.send(flight, index, server, session)) }
                    // The first runs, the others wait in line.
                    if index == 0 { try await gate.waiting(1) }
                    try await eventually {
                        try await server.send("GET", "/v1/sessions/\(session)").json["waiting"] as? Int == index
                    }
                }
                await gate.openUp()
                var answers: [Int: TestServer.Answer] = [:]
                for try await (index, answer) in group { answers[index] = answer }
                return answers
            }
            var results: [Result] = []
            for index in flight.frames.indices { results.append(try await Result(#require(answers[index]), server)) }
            return results
        }
        for (index, (a, b)) in zip(alone, together).enumerated() {
            #expect(a.status == b.status && a.problem == b.problem && a.replayed == b.replayed, "frame \(index)")
            #expect(a.facts == b.facts, "frame \(index)")
            let same = a.mask == b.mask
            #expect(same, "frame \(index)'s mask")
        }
    }

    @Test("Two waiting frames are in the image model while one has its turn, and no more")
    func ahead() async throws {
        let gate = Gate(open: false)
        try await withServer(gate) { server in
            let session = try await server.session(#"{"registration": "identity"}"#)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for k in 0..<4 {
                    group.addTask { try await server.put(TestServer.frame(k), k, to: session).status }
                    if k < 3 { try await gate.waiting(k + 1) }
                    try await waits(k, server, session)
                }
                #expect(await gate.passed == 3)
                await gate.openUp()
                for try await status in group { #expect(status == 200) }
            }
            #expect(await gate.passed == 4)
        }
    }

    @Test("A frame whose image model failed ahead of its turn is 500, and the next is fused with the one before")
    func failure() async throws {
        let gate = Gate(open: false)
        try await withServer(gate) { server in
            let session = try await server.session(#"{"registration": "identity"}"#)
            async let first = server.put(TestServer.frame(0), 0, to: session)
            try await gate.waiting(1)
            await gate.failNext()
            async let failed = server.put(TestServer.frame(1), 1, to: session)
            try await waits(1, server, session)
            try await eventually { await gate.passed == 2 }
            async let next = server.put(TestServer.frame(2), 2, to: session)
            try await gate.waiting(2)
            await gate.openUp()
            #expect(try await first.status == 200)
            #expect(try await failed.problem == "inference-failed")
            #expect(try await next.json["mode"] as? String == "propagated")
            #expect(try await next.json["gap_frames"] as? Int == 1)
        }
    }

    @Test("A reset reaches frames that were looked at before it: the next in line begins anew")
    func reset() async throws {
        let gate = Gate(open: false)
        try await withServer(gate) { server in
            let session = try await server.session(#"{"registration": "identity"}"#)
            async let first = server.put(TestServer.frame(0), 0, to: session)
            try await gate.waiting(1)
            async let second = server.put(TestServer.frame(1), 1, to: session)
            try await gate.waiting(2)
            #expect(try await server.send("POST", "/v1/sessions/\(session)/reset").status == 200)
            await gate.openUp()
            #expect(try await first.status == 200)
            let answer = try await second
            #expect(answer.json["mode"] as? String == "cold" && answer.json["reason"] as? String == "client")
        }
    }

    @Test("A frame that was looked at is 410 if its session ended before its turn")
    func ended() async throws {
        let gate = Gate(open: false)
        try await withServer(gate) { server in
            let session = try await server.session()
            async let first = server.put(TestServer.frame(0), 0, to: session)
            try await gate.waiting(1)
            async let second = server.put(TestServer.frame(1), 1, to: session)
            try await gate.waiting(2)
            #expect(try await server.send("DELETE", "/v1/sessions/\(session)").status == 204)
            await gate.openUp()
            #expect(try await first.status == 200)
            #expect(try await second.problem == "session-ended")
        }
    }

    @Test("Of frames that wait, drop-oldest spares the one that is looked at")
    func dropping() async throws {
        let gate = Gate(open: false)
        try await APITests.withServer({
            $0.gate = gate
            $0.limits.queuePerSession = 2
        }) { server in
            let session = try await server.session(#"{"overflow": "drop-oldest", "registration": "identity"}"#)
            async let running = server.put(TestServer.frame(0), 0, to: session)
            try await gate.waiting(1)
            async let seen = server.put(TestServer.frame(1), 1, to: session)
            try await gate.waiting(2)
            async let unseen = server.put(TestServer.frame(2), 2, to: session)
            try await waits(2, server, session)
            async let newest = server.put(TestServer.frame(3), 3, to: session)
            #expect(try await unseen.problem == "frame-dropped")
            #expect(await gate.passed == 2)
            await gate.openUp()
            #expect(try await [running.status, seen.status, newest.status] == [200, 200, 200])
        }
    }

    private func waits(_ count: Int, _ server: TestServer, _ session: String) async throws {
        try await eventually {
            try await server.send("GET", "/v1/sessions/\(session)").json["waiting"] as? Int == count
        }
    }
}
