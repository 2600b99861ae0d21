import API
import Foundation
import Results
import Sessions
import Synchronization
import Testing

/// Conditions of sessions over a real socket.
@Suite(.serialized) struct ConditionTests {
    /// Raised with every frame that skips a number.
    static let skips = #"{"name": "skips", "when": {"gap_frames": {">": 0}}, "tell_cleared": true}"#

    static func session(_ conditions: String, _ more: String = "") -> String {
        #"{"registration": "identity", "max_gap_ms": 600000, "conditions": [\#(conditions)]\#(more)}"#
    }

    private static func states(_ server: TestServer, _ id: String) async throws -> [[String: Any]] {
        let answer = try await server.send("GET", "/v1/sessions/\(id)/conditions")
        return answer.json["states"] as? [[String: Any]] ?? []
    }

    @Test func `A condition is told when it begins to hold, and when it ends`() async throws {
        try await withServer { server in
            let id = try await server.session(Self.session(Self.skips))
            let stream = try EventStream(
                port: server.port, "/v1/sessions/\(id)/events?after=0&type=condition-raised,condition-cleared,frame")
            var frames: [[String: Any]] = []
            for sequence in [0, 1, 3, 4] {
                let time = "?captured_at=2026-05-04T12:00:0\(sequence)Z"
                frames.append(try await server.put(TestServer.frame(sequence), sequence, to: id, query: time).json)
            }
            let events = (0..<6).compactMap { _ in stream.next() }
            #expect(
                events.map(\.name) == ["frame", "frame", "frame", "condition-raised", "frame", "condition-cleared"])
            let raised = events[3].data
            #expect(raised["condition"] as? String == "skips" && raised["sequence"] as? Int == 3)
            #expect(raised["session_id"] as? String == id)
            #expect(raised["frame_id"] as? String == frames[2]["id"] as? String)
            #expect(raised["captured_at"] as? String == "2026-05-04T12:00:03.000000Z")
            #expect(events[5].data["sequence"] as? Int == 4)

            // Whoever comes back after the frame misses nothing.
            let again = try EventStream(
                port: server.port, "/v1/sessions/\(id)/events", headers: ["Last-Event-ID": events[2].id])
            #expect(again.next()?.name == "condition-raised")

            let state = try #require(try await Self.states(server, id).first)
            #expect(state["name"] as? String == "skips" && state["raised"] as? Bool == false)
            #expect(state["raised_at"] as? String == "2026-05-04T12:00:03.000000Z")
            #expect(state["raised_sequence"] as? Int == 3 && state["webhook"] is NSNull)
            let metrics = String(decoding: try await server.send("GET", "/metrics").body, as: UTF8.self)
            #expect(metrics.contains("windhover_conditions_total{event=\"condition-raised\"} 1\n"))
        }
    }

    @Test func `What a class covers is compared with the session's model`() async throws {
        try await withServer { server in
            let id = try await server.session(
                Self.session(
                    #"{"name": "any", "when": {"any": [{"class": "road", "fraction": {">": 0}}, {"class": "tree", "pixels": {">": 0}}, {"class": "building", "pixels": {">": 0}}, {"class": "background", "fraction": {">": 0}}]}}"#
                ))
            let frame = try await server.put(TestServer.frame(0), 0, to: id)
            #expect(frame.status == 200)
            #expect(try await Self.states(server, id).first?["raised"] as? Bool == true)
        }
    }

    @Test func `A condition that names no class of the model is refused, and so is every other mistake`() async throws {
        try await withServer { server in
            for (conditions, field) in [
                (#"{"name": "x", "when": {"class": "rock", "fraction": {">": 0.1}}}"#, "conditions[0].when.class"),
                (#"{"name": "x", "when": {"mode": "hot"}}"#, "conditions[0].when.mode"),
                (#"{"name": "x"}"#, "conditions[0].when"),
            ] {
                let created = try await server.send(
                    "POST", "/v1/sessions", headers: ["Content-Type": "application/json"],
                    body: Array(Self.session(conditions).utf8))
                #expect(created.status == 400 && created.problem == "validation")
                #expect(created.json["field"] as? String == field, "\(created.json)")
            }
            // The other model has rocks.
            _ = try await server.session(
                #"{"model": "golden-21", "conditions": [{"name": "x", "when": {"class": "rock", "fraction": {">": 0.1}}}]}"#
            )
            let id = try await server.session()
            for (body, field) in [
                (#"{"conditions": [{"name": "x", "when": {"not": {"mode": 1}}}]}"#, "conditions[0].when.not.mode"),
                (#"{"conditions": {}}"#, "conditions"), (#"{}"#, "conditions"), (#"[]"#, "body"), ("{", "body"),
                (#"{"conditions": [], "states": []}"#, "states"),
            ] {
                let answer = try await server.send(
                    "PUT", "/v1/sessions/\(id)/conditions", headers: ["Content-Type": "application/json"],
                    body: Array(body.utf8))
                #expect(answer.status == 400 && answer.json["field"] as? String == field, "\(answer.json)")
            }
            let type = try await server.send(
                "PUT", "/v1/sessions/\(id)/conditions", headers: ["Content-Type": "text/plain"], body: [123, 125])
            #expect(type.problem == "unsupported-media-type")
            let large = try await server.send(
                "PUT", "/v1/sessions/\(id)/conditions", headers: ["Content-Type": "application/json"],
                body: [UInt8](repeating: 32, count: 65 << 10))
            #expect(large.problem == "body-too-large")
            for method in ["GET", "DELETE"] {
                #expect(try await server.send(method, "/v1/sessions/nobody/conditions").problem == "session-not-found")
            }
            #expect(try await server.send("GET", "/v1/sessions/nobody/deliveries").problem == "session-not-found")
        }
    }

    @Test func `Conditions are replaced while frames come, read back as they were given, and removed`() async throws {
        try await withServer { server in
            let id = try await server.session(Self.session(Self.skips))
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            _ = try await server.put(TestServer.frame(1), 2, to: id)
            // The one that says what it said goes on: it is not raised again.
            let body =
                #"{"conditions": [\#(Self.skips), {"name": "late", "when": {"gap_frames": {">": 0}}, "hold_off_s": 5}]}"#
            let replaced = try await server.send(
                "PUT", "/v1/sessions/\(id)/conditions", headers: ["Content-Type": "application/json"],
                body: Array(body.utf8))
            #expect(replaced.status == 200)
            let stream = try EventStream(port: server.port, "/v1/sessions/\(id)/events?type=condition-raised")
            _ = try await server.put(TestServer.frame(2), 4, to: id)
            #expect(stream.next()?.data["condition"] as? String == "late")
            let read = try await server.send("GET", "/v1/sessions/\(id)/conditions")
            let conditions = try #require(read.json["conditions"] as? [[String: Any]])
            #expect(conditions.map { $0["name"] as? String } == ["skips", "late"])
            #expect(conditions[1]["hold_off_s"] as? Double == 5 && conditions[0]["tell_cleared"] as? Bool == true)
            #expect(conditions[0]["when"] as? NSDictionary == ["gap_frames": [">": 0]])
            // What was read can be given again.
            let again = try JSONSerialization.data(withJSONObject: ["conditions": conditions])
            let same = try await server.send(
                "PUT", "/v1/sessions/\(id)/conditions", headers: ["Content-Type": "application/json"],
                body: [UInt8](again))
            #expect(same.body == read.body)

            #expect(try await server.send("DELETE", "/v1/sessions/\(id)/conditions").status == 204)
            #expect(try await Self.states(server, id).isEmpty)
            _ = try await server.put(TestServer.frame(3), 9, to: id)
            _ = try await server.send("DELETE", "/v1/sessions/\(id)")
            let ended = try await server.send(
                "PUT", "/v1/sessions/\(id)/conditions", headers: ["Content-Type": "application/json"],
                body: Array(body.utf8))
            #expect(ended.status == 410 && ended.problem == "session-ended")
            #expect(try await Self.states(server, id).isEmpty)
        }
    }

    @Test func `Replaced over and over while frames come, a condition is raised once`() async throws {
        try await withServer { server in
            let condition = #"{"name": "seen", "when": {"mode": ["cold", "propagated"]}}"#
            let id = try await server.session(Self.session(condition))
            let body = Array(#"{"conditions": [\#(condition)]}"#.utf8)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for k in 0..<12 { _ = try await server.put(TestServer.frame(k % 5), k, to: id) }
                }
                group.addTask {
                    for _ in 0..<40 {
                        let answer = try await server.send(
                            "PUT", "/v1/sessions/\(id)/conditions", headers: ["Content-Type": "application/json"],
                            body: body)
                        #expect(answer.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            _ = try await server.send("DELETE", "/v1/sessions/\(id)")
            let stream = try EventStream(
                port: server.port, "/v1/sessions/\(id)/events?after=0&type=condition-raised,session-ended")
            #expect(stream.next()?.name == "condition-raised")
            #expect(stream.next()?.name == "session-ended")
        }
    }

    @Test func `A frame that comes late is not looked at`() async throws {
        try await withServer { server in
            let id = try await server.session(
                Self.session(#"{"name": "late", "when": {"mode": "stateless"}}"#, #", "late": "stateless""#))
            _ = try await server.put(TestServer.frame(0), 5, to: id)
            let late = try await server.put(TestServer.frame(1), 3, to: id)
            #expect(late.json["mode"] as? String == "stateless" && late.json["reason"] as? String == "late")
            #expect(try await Self.states(server, id).first?["raised"] as? Bool == false)
        }
    }

    @Test func `A restart forgets neither what is raised nor the hold-off nor a time that runs`() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        let conditions = """
            {"name": "raised", "when": {"mode": ["cold", "propagated", "reset"]}},
            {"name": "held", "when": {"mode": ["cold", "propagated", "reset"], "for_s": 4}},
            {"name": "off", "when": {"gap_frames": {">": 0}}, "hold_off_s": 10}
            """
        func put(_ server: TestServer, _ sequence: Int, at second: Int, to id: String) async throws {
            let time = "?captured_at=2026-05-04T12:00:\(second < 10 ? "0" : "")\(second)Z"
            let answer = try await server.put(TestServer.frame(sequence % 5), sequence, to: id, query: time)
            #expect(answer.status == 200)
        }
        func told(_ server: TestServer, _ id: String) throws -> [String] {
            let stream = try EventStream(port: server.port, "/v1/sessions/\(id)/events?after=0")
            var told: [String] = []
            while let event = stream.next(), event.name != "drop" {
                if event.name == "condition-raised" {
                    told.append("\(event.data["condition"]!) \(event.data["sequence"]!)")
                }
                // The last one that is stored.
                if event.name == "frame", event.data["sequence"] as? Int == 9 { break }
            }
            return told
        }
        let id = try await withServer({ $0.data = data }) { server in
            let id = try await server.session(Self.session(conditions))
            try await put(server, 0, at: 0, to: id)
            try await put(server, 2, at: 2, to: id)
            return id
        }
        try await withServer({ $0.data = data }) { server in
            // Not in memory: read from the store.
            #expect(try await Self.states(server, id).map { $0["raised"] as? Bool } == [true, false, true])
            try await put(server, 3, at: 3, to: id)
            try await put(server, 5, at: 5, to: id)
        }
        try await withServer({ $0.data = data }) { server in
            try await put(server, 6, at: 6, to: id)
            try await put(server, 8, at: 20, to: id)
            try await put(server, 9, at: 21, to: id)
            #expect(try told(server, id) == ["raised 0", "off 2", "held 5", "off 8"])
        }
    }

    @Test func `A session that was idle goes on with its conditions`() async throws {
        let uptime = Mutex(Duration.zero)
        let clock = ServiceClock(now: { Date() }, uptime: { uptime.withLock { $0 } })
        try await withServer({ $0.clock = clock }) { server in
            let id = try await server.session(
                Self.session(#"{"name": "seen", "when": {"mode": ["cold", "propagated"]}}"#, #", "idle_timeout_s": 5"#))
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            uptime.withLock { $0 = .seconds(6) }
            await server.registry.expire()
            await server.registry.expire()
            #expect(await server.registry.inMemory(id) == nil)
            #expect(try await Self.states(server, id).first?["raised"] as? Bool == true)
            let stream = try EventStream(
                port: server.port, "/v1/sessions/\(id)/events?type=condition-raised,session-ended")
            _ = try await server.put(TestServer.frame(1), 1, to: id)
            _ = try await server.send("DELETE", "/v1/sessions/\(id)")
            #expect(stream.next()?.name == "session-ended")
        }
    }
}
