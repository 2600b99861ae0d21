import API
import Foundation
import Results
import Sessions
import Synchronization
import Testing

/// Server-sent events over a real socket.
@Suite(.serialized) struct EventTests {
    @Test func `A session's life comes as events, frames as their records`() async throws {
        try await withServer { server in
            let stream = try EventStream(port: server.port, "/v1/events")
            #expect(stream.head.hasPrefix("HTTP/1.1 200") && stream.head.contains("text/event-stream"))
            let id = try await server.session(#"{"drone_id": "kestrel-7", "registration": "identity"}"#)
            let begun = try #require(stream.next())
            #expect(begun.name == "session-begun" && begun.data["drone_id"] as? String == "kestrel-7")
            #expect(begun.data["model"] as? String == "golden-7")
            for k in 0..<2 {
                let answer = try await server.put(TestServer.frame(k), k, to: id)
                let event = try #require(stream.next())
                #expect(event.name == "frame")
                #expect(NSDictionary(dictionary: event.data) == NSDictionary(dictionary: answer.json))
            }
            // Another size: the state is dropped.
            _ = try await server.put(TestServer.frame(0, of: "ruralscapes-like"), 2, to: id)
            let frame = try #require(stream.next())
            #expect(frame.name == "frame" && frame.data["epoch"] as? Int == 1)
            let reset = try #require(stream.next())
            #expect(reset.name == "reset" && reset.data["reason"] as? String == "size")
            #expect(reset.data["sequence"] as? Int == 2)
            _ = try await server.send("POST", "/v1/sessions/\(id)/reset")
            let client = try #require(stream.next())
            #expect(client.name == "reset" && client.data["reason"] as? String == "client")
            #expect(client.data["sequence"] is NSNull)
            _ = try await server.send("DELETE", "/v1/sessions/\(id)")
            let ended = try #require(stream.next())
            #expect(ended.name == "session-ended" && ended.data["last_sequence"] as? Int == 2)
            let session = try await server.send("GET", "/v1/sessions/\(id)")
            #expect(session.json["epoch"] as? Int == 1)
        }
    }

    @Test func `A session that goes idle and comes back says so`() async throws {
        let uptime = Mutex(Duration.zero)
        let clock = ServiceClock(now: { Date() }, uptime: { uptime.withLock { $0 } })
        try await withServer({ $0.clock = clock }) { server in
            let id = try await server.session(#"{"idle_timeout_s": 10}"#)
            let stream = try EventStream(port: server.port, "/v1/sessions/\(id)/events")
            uptime.withLock { $0 = .seconds(11) }
            await server.registry.expire()
            let idle = try #require(stream.next())
            #expect(idle.name == "session-idle" && idle.data["reason"] as? String == "idle-timeout")
            #expect(idle.data["last_sequence"] is NSNull)
            _ = try await server.send("POST", "/v1/sessions/\(id)/reset")
            #expect(stream.next()?.name == "session-resumed")
            #expect(stream.next()?.name == "reset")
        }
    }

    @Test func `Filters choose sessions, drones, missions and types`() async throws {
        try await withServer { server in
            let a = try await server.session(#"{"drone_id": "a", "mission_id": "m"}"#)
            let b = try await server.session(#"{"drone_id": "b"}"#)
            for id in [a, b] { _ = try await server.put(TestServer.frame(0), 0, to: id) }
            func first(_ query: String) throws -> String? {
                let stream = try EventStream(port: server.port, "/v1/events?after=0&\(query)")
                return stream.next().map { "\($0.name) \($0.data["session_id"] as? String == a ? "a" : "b")" }
            }
            #expect(try first("session=\(b)") == "session-begun b")
            #expect(try first("drone=b") == "session-begun b")
            #expect(try first("mission=m&type=frame") == "frame a")
            #expect(try first("type=frame,reset&drone=b") == "frame b")
            let one = try EventStream(port: server.port, "/v1/sessions/\(b)/events?after=0&type=frame")
            #expect(one.next()?.data["session_id"] as? String == b)

            for (path, field) in [
                ("/v1/events?type=nothing", "type"), ("/v1/events?after=x", "after"), ("/v1/events?until=3", "until"),
                ("/v1/sessions/\(a)/events?drone=b", "drone"),
            ] {
                let answer = try await server.send("GET", path)
                #expect(answer.status == 400 && answer.json["field"] as? String == field)
            }
            let cursor = try await server.send("GET", "/v1/events", headers: ["Last-Event-ID": "-1"])
            #expect(cursor.status == 400 && cursor.json["field"] as? String == "Last-Event-ID")
            let nobody = try await server.send("GET", "/v1/sessions/nobody/events")
            #expect(nobody.status == 404 && nobody.problem == "session-not-found")
        }
    }

    @Test func `Last-Event-ID goes on without a hole, over a restart too`() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        var seen: [Int] = []
        var lastID = ""
        var session = ""
        try await withServer({ $0.data = data }) { server in
            session = try await server.session()
            let stream = try EventStream(port: server.port, "/v1/events?type=frame")
            for k in 0..<3 { _ = try await server.put(TestServer.frame(k), k, to: session) }
            // It reads two, and is gone before the third.
            for _ in 0..<2 { seen.append(try #require(stream.next()?.data["sequence"] as? Int)) }
            lastID = stream.lastID
        }
        try await withServer({ $0.data = data }) { server in
            _ = try await server.put(TestServer.frame(3), 3, to: session)
            let stream = try EventStream(
                port: server.port, "/v1/events?type=frame&after=0", headers: ["Last-Event-ID": lastID])
            for _ in 0..<2 { seen.append(try #require(stream.next()?.data["sequence"] as? Int)) }
            _ = try await server.put(TestServer.frame(4), 4, to: session)
            seen.append(try #require(stream.next()?.data["sequence"] as? Int))
        }
        #expect(seen == [0, 1, 2, 3, 4])
    }

    @Test func `A cursor is told at once, and silence is broken by heartbeats`() async throws {
        try await withServer({ $0.server.heartbeat = .milliseconds(50) }) { server in
            _ = try await server.session()
            let stream = try EventStream(port: server.port, "/v1/events")
            #expect(stream.heartbeats(3))
            _ = try await server.session()
            #expect(stream.next()?.name == "session-begun")
            #expect(stream.lastID == "2")
        }
    }

    @Test func `A reader that does not read loses its connection, others and frames go on`() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        try await Self.fill(data, events: 30_000)
        try await withServer({
            $0.data = data
            $0.server.idleTimeout = .milliseconds(500)
        }) { server in
            // It asks for more than any buffer of the kernel takes, and reads nothing of it.
            let stuck = try RawConnection(port: server.port, receiveBuffer: 4096)
            stuck.send("GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\n\r\n")
            let id = try await server.session(#"{"registration": "identity"}"#)
            let reader = try EventStream(port: server.port, "/v1/sessions/\(id)/events")
            for k in 0..<5 {
                _ = try await server.put(TestServer.frame(k), k, to: id)
                #expect(reader.next()?.data["sequence"] as? Int == k)
            }
            try await eventually {
                let metrics = try await server.send("GET", "/metrics")
                return String(decoding: metrics.body, as: UTF8.self)
                    .contains("windhover_live_readers{kind=\"events\"} 1\n")
            }
            let all = try #require(stuck.receiveAll())
            #expect(!all.contains(id))
        }
    }

    /// A data folder in which much has happened.
    private static func fill(_ data: URL, events: Int) async throws {
        let store = try SQLiteStore.open(directory: data)
        try await store.insert(
            SessionRecord(id: "old", model: "golden-7", modelVersion: "1", createdAt: Date(), state: .ended))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for count in 0..<events {
                if count >= 500 { try await group.next() }
                group.addTask {
                    try await store.append(EventRecord(kind: .reset, sessionID: "old", at: Date(), reason: "client"))
                }
            }
            try await group.waitForAll()
        }
        try await store.close()
    }

    @Test func `A reader that hangs up is let go`() async throws {
        try await withServer { server in
            var reader: EventStream? = try EventStream(port: server.port, "/v1/events")
            func readers() async throws -> Bool {
                String(decoding: try await server.send("GET", "/metrics").body, as: UTF8.self)
                    .contains("windhover_live_readers{kind=\"events\"} 1\n")
            }
            try await eventually(readers)
            #expect(reader != nil)
            reader = nil
            try await eventually { try await !readers() }
        }
    }
}
