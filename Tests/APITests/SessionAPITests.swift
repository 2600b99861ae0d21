import Foundation
import Imaging
import Sessions
import Synchronization
import Testing

/// The session rules again, over a real socket.
@Suite(.serialized) struct SessionAPITests {
    @Test func `A session is created with defaults, listed, read and ended`() async throws {
        try await withServer { server in
            let created = try await server.send(
                "POST", "/v1/sessions", headers: ["Content-Type": "application/json"],
                body: Array(#"{"drone_id": "d1", "mission_id": "m1"}"#.utf8))
            #expect(created.status == 201)
            let id = try #require(created.json["id"] as? String)
            #expect(created.headers["location"] == "/v1/sessions/\(id)")
            #expect(created.json["model"] as? String == "golden-7")
            #expect(created.json["state"] as? String == "active")
            #expect((created.json["options"] as? [String: Any])?["max_gap_ms"] as? Int == 60_000)
            #expect(try #require(created.json["reserved_bytes"] as? Int) > 0)

            let other = try await server.session(#"{"drone_id": "d2"}"#)
            let list = try await server.send("GET", "/v1/sessions?drone=d2")
            #expect((list.json["items"] as? [[String: Any]])?.map { $0["id"] as? String } == [other])
            #expect(list.json["next_cursor"] is NSNull)

            #expect(try await server.send("DELETE", "/v1/sessions/\(id)").status == 204)
            #expect(try await server.send("DELETE", "/v1/sessions/\(id)").status == 204)
            let ended = try await server.send("GET", "/v1/sessions/\(id)")
            #expect(ended.json["state"] as? String == "ended")
            #expect(ended.json["reserved_bytes"] as? Int == 0)
            let gone = try await server.put(TestServer.frame(0), 0, to: id)
            #expect(gone.status == 410 && gone.problem == "session-ended")
            #expect(gone.json["reason"] as? String == "client")
        }
    }

    @Test func `Sessions are paged by cursor`() async throws {
        try await withServer { server in
            var made: Set<String> = []
            for _ in 0..<5 { made.insert(try await server.session()) }
            var seen: [String] = []
            var path = "/v1/sessions?limit=2"
            while true {
                let page = try await server.send("GET", path)
                seen += (page.json["items"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
                guard let cursor = page.json["next_cursor"] as? String else { break }
                path = "/v1/sessions?limit=2&cursor=\(cursor)"
            }
            #expect(seen.count == 5 && Set(seen) == made)
        }
    }

    @Test func `Frames go cold, propagated, and a skipped number is reported`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            let first = try await server.put(TestServer.frame(0), 10, to: id)
            #expect(first.status == 200)
            #expect(first.json["mode"] as? String == "cold")
            #expect(first.json["registration"] is NSNull)
            #expect(first.json["similarity_mean"] is NSNull)
            let second = try await server.put(TestServer.frame(1), 11, to: id)
            #expect(second.json["mode"] as? String == "propagated")
            #expect((second.json["registration"] as? [String: Any])?["method"] as? String == "identity")
            #expect(try #require(second.json["similarity_mean"] as? Double) > 0)
            #expect(try #require(second.json["changed_fraction"] as? Double) >= 0)
            let third = try await server.put(TestServer.frame(2), 15, to: id)
            #expect(third.json["gap_frames"] as? Int == 3)
            let classes = try #require(third.json["classes"] as? [[String: Any]])
            #expect(classes.count == 8)
            #expect(classes.compactMap { $0["pixels"] as? Int }.reduce(0, +) == 160 * 96)
            let session = try await server.send("GET", "/v1/sessions/\(id)")
            #expect(session.json["frames"] as? Int == 3)
            #expect(session.json["last_sequence"] as? Int == 15)
            #expect(try #require(session.json["state_bytes"] as? Int) <= session.json["reserved_bytes"] as! Int)
        }
    }

    @Test func `The same number and bytes are answered from the store, not run again`() async throws {
        let gate = Gate(open: true)
        try await withServer({ $0.gate = gate }) { server in
            let id = try await server.session()
            let first = try await server.put(TestServer.frame(0), 0, to: id)
            let again = try await server.put(TestServer.frame(0), 0, to: id)
            #expect(again.status == 200)
            #expect(again.headers["idempotent-replayed"] == "true")
            #expect(first.headers["idempotent-replayed"] == nil)
            #expect(again.body == first.body)
            #expect(await gate.passed == 1)
            let mask = try await server.put(TestServer.frame(0), 0, to: id, headers: ["Accept": "image/png"])
            #expect(mask.headers["content-type"] == "image/png")
            #expect(mask.headers["windhover-frame-id"] == first.json["id"] as? String)
            #expect(await gate.passed == 1)
        }
    }

    @Test func `The same number with other bytes is a conflict`() async throws {
        try await withServer { server in
            let id = try await server.session()
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            let conflict = try await server.put(TestServer.frame(1), 0, to: id)
            #expect(conflict.status == 409 && conflict.problem == "frame-conflict")
        }
    }

    @Test func `A lower number is out of order, or stateless if the session says so`() async throws {
        try await withServer { server in
            let strict = try await server.session()
            _ = try await server.put(TestServer.frame(0), 5, to: strict)
            let late = try await server.put(TestServer.frame(1), 3, to: strict)
            #expect(late.status == 409 && late.problem == "frame-out-of-order")
            #expect(late.json["expected_sequence"] as? Int == 6)

            // Without times of capture the gap is that between arrivals, which a busy machine makes long.
            let lenient = try await server.session(
                #"{"late": "stateless", "registration": "identity", "max_gap_ms": 60000}"#)
            let other = try await server.session(#"{"registration": "identity", "max_gap_ms": 60000}"#)
            _ = try await server.put(TestServer.frame(0), 5, to: lenient)
            let alone = try await server.put(TestServer.frame(2), 3, to: lenient)
            #expect(alone.json["mode"] as? String == "stateless" && alone.json["reason"] as? String == "late")
            // The session goes on as one that never had the late frame.
            let next = try await server.put(TestServer.frame(1), 6, to: lenient, headers: ["Accept": "image/png"])
            _ = try await server.put(TestServer.frame(0), 5, to: other)
            let same = try await server.put(TestServer.frame(1), 6, to: other, headers: ["Accept": "image/png"])
            #expect(next.body == same.body)
        }
    }

    @Test func `The server numbers frames, and an idempotency key makes a retry the same frame`() async throws {
        try await withServer { server in
            let id = try await server.session()
            func post(_ k: Int, key: String?) async throws -> TestServer.Answer {
                var headers = ["Content-Type": "image/png"]
                headers["Idempotency-Key"] = key
                return try await server.send(
                    "POST", "/v1/sessions/\(id)/frames", headers: headers, body: TestServer.frame(k))
            }
            let first = try await post(0, key: "a")
            #expect(first.json["sequence"] as? Int == 0)
            let again = try await post(0, key: "a")
            #expect(again.headers["idempotent-replayed"] == "true" && again.body == first.body)
            let reused = try await post(1, key: "a")
            #expect(reused.status == 422 && reused.problem == "idempotency-key-reused")
            #expect(try await post(1, key: "b").json["sequence"] as? Int == 1)
            #expect(try await post(2, key: nil).json["sequence"] as? Int == 2)
        }
    }

    @Test func `A gap beyond max_gap_ms resets, measured by captured_at`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"max_gap_ms": 300, "registration": "identity"}"#)
            _ = try await server.put(TestServer.frame(0), 0, to: id, query: "?captured_at=2026-05-04T12:00:00Z")
            let near = try await server.put(
                TestServer.frame(1), 1, to: id, query: "?captured_at=2026-05-04T12:00:00.250Z")
            #expect(near.json["mode"] as? String == "propagated" && near.json["gap_ms"] as? Int == 250)
            let far = try await server.put(
                TestServer.frame(2), 2, to: id, query: "?captured_at=2026-05-04T14:00:01%2B02:00")
            #expect(far.json["mode"] as? String == "reset" && far.json["reason"] as? String == "gap")
            #expect(far.json["gap_ms"] as? Int == 750)
            #expect(far.json["captured_at"] as? String == "2026-05-04T12:00:01.000000Z")
        }
    }

    @Test func `An undecodable image is 422 and leaves the state untouched`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            let frames = try (0..<2).map { try TestServer.frame($0) }
            _ = try await server.put(frames[0], 0, to: id)
            for broken in [Array(frames[1].prefix(frames[1].count / 2)), Array("not an image".utf8), []] {
                let answer = try await server.put(broken, 1, to: id)
                #expect(answer.status == 422 && answer.problem == "image-undecodable")
            }
            #expect(try await server.put(frames[1], 1, to: id).json["mode"] as? String == "propagated")
        }
    }

    @Test func `Another frame size resets`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            let other = try await server.put(TestServer.frame(0, of: "ruralscapes-like"), 1, to: id)
            #expect(other.json["mode"] as? String == "reset" && other.json["reason"] as? String == "size")
            #expect(other.json["width"] as? Int == 112 && other.json["height"] as? Int == 64)
        }
    }

    @Test func `Unrelated frames reset, or go on with the identity if the session says so`() async throws {
        try await withServer { server in
            let other = try Self.unrelated()
            let strict = try await server.session()
            _ = try await server.put(TestServer.frame(0), 0, to: strict)
            let lost = try await server.put(other, 1, to: strict)
            #expect(lost.json["mode"] as? String == "reset" && lost.json["reason"] as? String == "registration")
            #expect((lost.json["registration"] as? [String: Any])?["ok"] as? Bool == false)

            let lenient = try await server.session(#"{"on_registration_loss": "identity"}"#)
            _ = try await server.put(TestServer.frame(0), 0, to: lenient)
            let kept = try await server.put(other, 1, to: lenient)
            #expect(kept.json["mode"] as? String == "propagated")
            #expect(kept.json["reason"] as? String == "registration-identity")
        }
    }

    /// A picture of the golden frames' size that has nothing to do with them.
    private static func unrelated() throws -> [UInt8] {
        let pixels = (0..<160 * 96).flatMap { i -> [UInt8] in
            let value = UInt8(truncatingIfNeeded: (i / 7 &* 2_654_435_761) >> 9)
            return [value, value &+ 40, 255 - value]
        }
        return try Frame(width: 160, height: 96, pixels: pixels).pngData()
    }

    @Test func `Inference that fails is 500, and the retry finds the state as it was`() async throws {
        let gate = Gate(open: true)
        try await withServer({ $0.gate = gate }) { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            await gate.failNext()
            let failed = try await server.put(TestServer.frame(1), 1, to: id)
            #expect(failed.status == 500 && failed.problem == "inference-failed")
            #expect(!String(decoding: failed.body, as: UTF8.self).contains("made to fail"))
            let retry = try await server.put(TestServer.frame(1), 1, to: id)
            #expect(retry.json["mode"] as? String == "propagated" && retry.headers["idempotent-replayed"] == nil)
        }
    }

    @Test func `A full queue is 429 with Retry-After`() async throws {
        let gate = Gate(open: false)
        try await withServer({
            $0.gate = gate
            $0.limits.queuePerSession = 1
        }) { server in
            let id = try await server.session()
            async let running = server.put(TestServer.frame(0), 0, to: id)
            try await gate.waiting(1)
            async let waiting = server.put(TestServer.frame(1), 1, to: id)
            try await eventually { try await server.send("GET", "/v1/sessions/\(id)").json["waiting"] as? Int == 1 }
            let refused = try await server.put(TestServer.frame(2), 2, to: id)
            #expect(refused.status == 429 && refused.problem == "session-queue-full")
            #expect(refused.headers["retry-after"] == "1")
            await gate.openUp()
            #expect(try await running.status == 200)
            #expect(try await waiting.status == 200)
            #expect(try await server.put(TestServer.frame(2), 2, to: id).json["gap_frames"] as? Int == 0)
        }
    }

    @Test func `With drop-oldest the newest frame wins, and the drop is reported`() async throws {
        let gate = Gate(open: false)
        try await withServer({
            $0.gate = gate
            $0.limits.queuePerSession = 1
        }) { server in
            let id = try await server.session(#"{"overflow": "drop-oldest", "registration": "identity"}"#)
            async let running = server.put(TestServer.frame(0), 0, to: id)
            try await gate.waiting(1)
            async let oldest = server.put(TestServer.frame(1), 1, to: id)
            try await eventually { try await server.send("GET", "/v1/sessions/\(id)").json["waiting"] as? Int == 1 }
            async let newest = server.put(TestServer.frame(2), 2, to: id)
            let dropped = try await oldest
            #expect(dropped.status == 429 && dropped.problem == "frame-dropped")
            await gate.openUp()
            #expect(try await running.status == 200)
            #expect(try await newest.json["gap_frames"] as? Int == 1)
            #expect(try await server.send("GET", "/v1/sessions/\(id)").json["dropped"] as? Int == 1)
        }
    }

    @Test func `A reset makes the next frame cold`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            let reset = try await server.send("POST", "/v1/sessions/\(id)/reset")
            #expect(reset.status == 200 && reset.json["state_bytes"] as? Int == 0)
            let next = try await server.put(TestServer.frame(1), 1, to: id)
            #expect(next.json["mode"] as? String == "cold" && next.json["reason"] as? String == "client")
        }
    }

    @Test func `An idle session that is to begin anew is 410 until a reset, and replays work meanwhile`() async throws {
        let uptime = Mutex(Duration.zero)
        let clock = ServiceClock(now: { Date() }, uptime: { uptime.withLock { $0 } })
        try await withServer({ $0.clock = clock }) { server in
            let id = try await server.session(#"{"idle_timeout_s": 5, "resume": "cold"}"#)
            let first = try await server.put(TestServer.frame(0), 0, to: id)
            uptime.withLock { $0 = .seconds(6) }
            await server.registry.expire()
            #expect(try await server.send("GET", "/v1/sessions/\(id)").json["state"] as? String == "idle")
            let gone = try await server.put(TestServer.frame(1), 1, to: id)
            #expect(gone.status == 410 && gone.problem == "session-idle")
            #expect(gone.json["last_sequence"] as? Int == 0)
            #expect(try await server.put(TestServer.frame(0), 0, to: id).body == first.body)
            #expect(try await server.send("POST", "/v1/sessions/\(id)/reset").json["state"] as? String == "active")
            #expect(try await server.put(TestServer.frame(1), 1, to: id).json["mode"] as? String == "cold")
        }
    }

    @Test func `A session without memory for its state is refused before it begins`() async throws {
        try await withServer({ $0.limits.stateBudget = 12 << 20 }) { server in
            let first = try await server.session()
            _ = try await server.session()
            let refused = try await server.send("POST", "/v1/sessions")
            #expect(refused.status == 503 && refused.problem == "state-capacity")
            #expect(refused.headers["retry-after"] != nil)
            #expect(try #require(refused.json["needed_bytes"] as? Int) > 0)
            _ = try await server.send("DELETE", "/v1/sessions/\(first)")
            _ = try await server.session()
        }
    }

    @Test func `A full server is 503`() async throws {
        let gate = Gate(open: false)
        try await withServer({
            $0.gate = gate
            $0.limits.framesInFlight = 1
        }) { server in
            let (a, b) = (try await server.session(), try await server.session())
            async let running = server.put(TestServer.frame(0), 0, to: a)
            try await gate.waiting(1)
            let refused = try await server.put(TestServer.frame(0), 0, to: b)
            #expect(refused.status == 503 && refused.problem == "overloaded")
            await gate.openUp()
            #expect(try await running.status == 200)
        }
    }

    @Test func `Different sessions run side by side`() async throws {
        let gate = Gate(open: false)
        try await withServer({ $0.gate = gate }) { server in
            let (a, b) = (try await server.session(), try await server.session())
            async let a0 = server.put(TestServer.frame(0), 0, to: a)
            try await gate.waiting(1)
            async let b0 = server.put(TestServer.frame(0), 0, to: b)
            try await gate.waiting(2)
            await gate.openUp()
            #expect(try await [a0.status, b0.status] == [200, 200])
        }
    }

    @Test func `After a restart numbers go on, replays are answered, and the first frame says why it is cold`()
        async throws
    {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        let (id, first) = try await withServer({ $0.data = data }) { server in
            let id = try await server.session(#"{"registration": "identity", "resume": "cold"}"#)
            return (id, try await server.put(TestServer.frame(0), 0, to: id))
        }
        try await withServer({ $0.data = data }) { server in
            let replay = try await server.put(TestServer.frame(0), 0, to: id)
            #expect(replay.body == first.body && replay.headers["idempotent-replayed"] == "true")
            let next = try await server.put(TestServer.frame(1), 1, to: id)
            #expect(next.json["mode"] as? String == "reset" && next.json["reason"] as? String == "restart")
            #expect(try await server.put(TestServer.frame(2), 2, to: id).json["mode"] as? String == "propagated")
        }
    }
}

/// Asks until the answer is yes; a test's time limit is what ends the asking.
func eventually(_ condition: () async throws -> Bool) async throws {
    for _ in 0..<2000 {
        if try await condition() { return }
        await Task.yield()
    }
    throw TestFailure("it did not come to pass")
}
