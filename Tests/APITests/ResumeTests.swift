import API
import Foundation
import Imaging
import Inference
import Sessions
import Synchronization
import Testing

/// Going on after a restart or idle time, from stored frames.
@Suite(.serialized) struct ResumeTests {
    /// Runs `before` frames, restarts, and runs the next: its record and mask.
    private static func resumed(after before: Int, _ options: String) async throws -> ([String: Any], LabelMap) {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        let id = try await withServer({
            $0.data = data
            $0.engine.threads = 1
        }) { server in
            let id = try await server.session(options)
            for k in 0..<before { _ = try await server.put(frame(k), k, to: id) }
            return id
        }
        return try await withServer({
            $0.data = data
            $0.engine.threads = 1
        }) { server in
            let answer = try await server.put(frame(before), before, to: id)
            #expect(try await server.send("GET", "/v1/sessions/\(id)").json["epoch"] as? Int == 1)
            return (answer.json, try await mask(of: answer, server))
        }
    }

    private static func uninterrupted(_ count: Int, _ options: String) async throws -> LabelMap {
        try await withServer({ $0.engine.threads = 1 }) { server in
            let id = try await server.session(options)
            for k in 0..<count - 1 { _ = try await server.put(frame(k), k, to: id) }
            return try await mask(of: server.put(frame(count - 1), count - 1, to: id), server)
        }
    }

    /// Forth and back over the five golden frames.
    private static func frame(_ k: Int) throws -> [UInt8] { try TestServer.frame([0, 1, 2, 3, 4, 3, 2, 1][k % 8]) }

    private static func mask(of answer: TestServer.Answer, _ server: TestServer) async throws -> LabelMap {
        let id = try #require(answer.json["id"] as? String)
        return try LabelMap.decodePNG(try await server.send("GET", "/v1/frames/\(id)/mask").body)
    }

    private static func difference(_ a: LabelMap, _ b: LabelMap) -> Double {
        Double(zip(a.classes, b.classes).count { $0 != $1 }) / Double(a.classes.count)
    }

    @Test func `A run that is stored whole goes on as if nothing had been`() async throws {
        let options = #"{"registration": "identity", "max_gap_ms": 600000, "store_images": "original"}"#
        let (record, mask) = try await Self.resumed(after: 4, options)
        #expect(record["mode"] as? String == "propagated" && record["reason"] as? String == "resume")
        #expect(record["epoch"] as? Int == 1 && record["gap_ms"] is Int)
        #expect((record["stage_ms"] as? [String: Double])?["resume"] != nil)
        let same = try await mask == Self.uninterrupted(5, options)
        #expect(same)
    }

    @Test func `A longer run goes on nearly as if nothing had been, and nearer than without`() async throws {
        let warm = #"{"registration": "identity", "max_gap_ms": 600000, "store_images": "original"}"#
        let whole = try await Self.uninterrupted(14, warm)
        let resumed = try await Self.difference(Self.resumed(after: 13, warm).1, whole)
        let cold = #"{"registration": "identity", "max_gap_ms": 600000, "store_images": "original", "resume": "cold"}"#
        let (record, mask) = try await Self.resumed(after: 13, cold)
        #expect(record["mode"] as? String == "reset" && record["reason"] as? String == "restart")
        let anew = Self.difference(mask, whole)
        #expect(resumed < 0.25, "\(resumed) of the pixels differ")
        #expect(anew > 1.5 * resumed, "\(anew) differ without, \(resumed) with")
    }

    @Test func `Previews are enough to go on from`() async throws {
        let (record, _) = try await Self.resumed(after: 3, #"{"registration": "identity", "max_gap_ms": 600000}"#)
        #expect(record["reason"] as? String == "resume")
    }

    @Test(
        "Where no images are kept, the first frame after a restart begins anew",
        arguments: [#"{"store_images": "none"}"#, #"{"store_masks": false}"#])
    func nothingKept(options: String) async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        let id = try await withServer({ $0.data = data }) { server in
            let id = try await server.session(options)
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            return id
        }
        try await withServer({ $0.data = data }) { server in
            let next = try await server.put(TestServer.frame(1), 1, to: id)
            #expect(next.json["mode"] as? String == "reset" && next.json["reason"] as? String == "restart")
        }
    }

    @Test func `Where the pictures have been removed, it begins anew`() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        let id = try await withServer({ $0.data = data }) { server in
            let id = try await server.session()
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            return id
        }
        try FileManager.default.removeItem(at: data.appendingPathComponent("masks"))
        try await withServer({ $0.data = data }) { server in
            let next = try await server.put(TestServer.frame(1), 1, to: id)
            #expect(next.json["mode"] as? String == "reset" && next.json["reason"] as? String == "restart")
        }
    }

    @Test func `A client's times still tell a gap, and another size is still another size`() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        let (near, far, other) = try await withServer({ $0.data = data }) { server in
            var ids: [String] = []
            for _ in 0..<3 {
                let id = try await server.session(#"{"registration": "identity", "max_gap_ms": 1000}"#)
                _ = try await server.put(
                    TestServer.frame(0), 0, to: id, query: "?captured_at=2026-05-04T12:00:00.000Z")
                ids.append(id)
            }
            return (ids[0], ids[1], ids[2])
        }
        try await withServer({ $0.data = data }) { server in
            let soon = try await server.put(
                TestServer.frame(1), 1, to: near, query: "?captured_at=2026-05-04T12:00:00.100Z")
            #expect(soon.json["reason"] as? String == "resume" && soon.json["gap_ms"] as? Int == 100)
            let late = try await server.put(
                TestServer.frame(1), 1, to: far, query: "?captured_at=2026-05-04T12:00:05.000Z")
            #expect(late.json["mode"] as? String == "reset" && late.json["reason"] as? String == "gap")
            let size = try await server.put(TestServer.frame(0, of: "ruralscapes-like"), 1, to: other)
            #expect(size.json["mode"] as? String == "reset" && size.json["reason"] as? String == "size")
        }
    }

    @Test func `A frame brings an idle session back, memory permitting`() async throws {
        let uptime = Mutex(Duration.zero)
        let clock = ServiceClock(now: { Date() }, uptime: { uptime.withLock { $0 } })
        try await withServer({
            $0.clock = clock
            $0.limits.stateBudget = 12 << 20
        }) { server in
            let id = try await server.session(
                #"{"idle_timeout_s": 5, "max_gap_ms": 600000, "registration": "identity"}"#)
            let events = try EventStream(port: server.port, "/v1/sessions/\(id)/events?type=session-resumed")
            let first = try await server.put(TestServer.frame(0), 0, to: id)
            uptime.withLock { $0 = .seconds(6) }
            await server.registry.expire()
            #expect(try await server.send("GET", "/v1/sessions/\(id)").json["state"] as? String == "idle")

            // Others have taken its memory meanwhile. A retry needs none.
            let others = [try await server.session(), try await server.session()]
            let full = try await server.put(TestServer.frame(1), 1, to: id)
            #expect(full.status == 503 && full.problem == "state-capacity")
            #expect(try await server.put(TestServer.frame(0), 0, to: id).body == first.body)
            _ = try await server.send("DELETE", "/v1/sessions/\(others[0])")

            let next = try await server.put(TestServer.frame(1), 1, to: id)
            #expect(next.json["mode"] as? String == "propagated" && next.json["reason"] as? String == "resume")
            #expect(events.next()?.data["last_sequence"] as? Int == 0)
            let session = try await server.send("GET", "/v1/sessions/\(id)").json
            #expect(session["state"] as? String == "active" && session["reserved_bytes"] as? Int != 0)
            let after = try await server.put(TestServer.frame(2), 2, to: id)
            #expect(after.json["reason"] is NSNull && after.json["epoch"] as? Int == 1)
        }
    }

    @Test func `An idle session without a frame begins with its first`() async throws {
        let uptime = Mutex(Duration.zero)
        let clock = ServiceClock(now: { Date() }, uptime: { uptime.withLock { $0 } })
        try await withServer({ $0.clock = clock }) { server in
            let id = try await server.session(#"{"idle_timeout_s": 5}"#)
            uptime.withLock { $0 = .seconds(6) }
            await server.registry.expire()
            let first = try await server.put(TestServer.frame(0), 0, to: id)
            #expect(first.json["mode"] as? String == "cold" && first.json["reason"] is NSNull)
        }
    }
}
