import API
import Crypto
import Foundation
import Results
import Sessions
import Synchronization
import Testing
import Webhooks

/// Webhooks, from a frame to who is called, over real sockets.
@Suite(.serialized, .timeLimit(.minutes(2))) struct WebhookTests {
    static let key = Data((0..<32).map { UInt8($0) })
    static let secret = "whsec_" + key.base64EncodedString()

    /// Allows loopback, and does not wait long.
    @Sendable private static func setup(_ setup: inout TestServer.Setup) {
        setup.server.webhooks.policy = try! TargetPolicy(allowing: ["127.0.0.1", "hook.example"])
        setup.server.webhooks.queue.firstPause = .milliseconds(5)
        setup.server.webhooks.queue.longestPause = .milliseconds(20)
    }

    private static func with(_ change: @escaping @Sendable (inout TestServer.Setup) -> Void)
        -> @Sendable (
            inout TestServer.Setup
        ) -> Void
    {
        {
            setup(&$0)
            change(&$0)
        }
    }

    /// A session that calls `url` with every frame that skips a number, and with the frame after it.
    private static func session(_ server: TestServer, _ url: String, secret: String? = nil) async throws -> String {
        let signed = secret.map { #", "secret": "\#($0)""# } ?? ""
        return try await server.session(
            ConditionTests.session(ConditionTests.skips, #", "drone_id": "d", "webhook": {"url": "\#(url)"\#(signed)}"#)
        )
    }

    private static func put(_ server: TestServer, _ numbers: Int..., to id: String) async throws -> [[String: Any]] {
        var records: [[String: Any]] = []
        for number in numbers {
            let answer = try await server.put(TestServer.frame(number % 5), number, to: id)
            #expect(answer.status == 200)
            records.append(answer.json)
        }
        return records
    }

    private static func deliveries(_ server: TestServer, _ id: String, _ query: String = "") async throws
        -> [[String: Any]]
    {
        try await server.send("GET", "/v1/sessions/\(id)/deliveries\(query)").json["items"] as? [[String: Any]] ?? []
    }

    /// The next event of a kind that webhooks have to do with.
    private static func events(_ server: TestServer, _ id: String) throws -> EventStream {
        try EventStream(
            port: server.port,
            "/v1/sessions/\(id)/events?after=0&type=webhook-failing,webhook-recovered,webhook-dropped")
    }

    @Test func `Who is called can tell by whom, and gets the frame's record`() async throws {
        try await withReceiver { receiver in
            try await withServer(Self.setup) { server in
                let id = try await Self.session(server, receiver.url + "?x=1", secret: Self.secret)
                let before = Date()
                let records = try await Self.put(server, 0, 2, 3, to: id)
                let call = try await receiver.call(0)
                #expect(call.method == "POST" && call.path == "/hook?x=1")
                #expect(call.headers["content-type"] == "application/json")
                #expect(call.headers["host"] == "127.0.0.1:\(receiver.port)")
                #expect(call.json["type"] as? String == "condition.raised")
                #expect(call.json["timestamp"] as? String == records[1]["captured_at"] as? String)
                #expect(call.data["session_id"] as? String == id && call.data["drone_id"] as? String == "d")
                #expect(call.data["condition"] as? String == "skips")
                #expect(call.data["frame"] as? NSDictionary == records[1] as NSDictionary)

                let seconds = try #require(call.headers["webhook-timestamp"].flatMap { Int($0) })
                #expect(abs(Double(seconds) - before.timeIntervalSince1970) < 60)
                let signed = Data("\(call.headers["webhook-id"]!).\(seconds).\(call.body)".utf8)
                let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: Self.key))
                #expect(call.headers["webhook-signature"] == "v1,\(Data(code).base64EncodedString())")

                // In order.
                let second = try await receiver.call(1)
                #expect(second.json["type"] as? String == "condition.cleared")
                #expect(second.headers["webhook-id"] != call.headers["webhook-id"])
                try await eventually { try await Self.deliveries(server, id, "?state=waiting").isEmpty }
                let settled = try await Self.deliveries(server, id, "?state=delivered")
                #expect(settled.map { $0["sequence"] as? Int } == [3, 2])
                #expect(settled[1]["id"] as? String == call.headers["webhook-id"])
                #expect(settled[1]["attempts"] as? Int == 1 && settled[1]["status"] as? Int == 204)
                #expect(settled[1]["event"] as? String == "condition-raised" && settled[1]["reason"] is NSNull)
            }
        }
    }

    @Test func `A secret is never shown, and kept by who does not give it again`() async throws {
        try await withReceiver { receiver in
            try await withServer(Self.setup) { server in
                let id = try await Self.session(server, receiver.url, secret: Self.secret)
                let read = try await server.send("GET", "/v1/sessions/\(id)/conditions")
                #expect((read.json["states"] as? [[String: Any]])?.first?["signed"] as? Bool == true)
                var body = read.json
                body["states"] = nil
                let put = try await server.send(
                    "PUT", "/v1/sessions/\(id)/conditions", headers: ["Content-Type": "application/json"],
                    body: [UInt8](JSONSerialization.data(withJSONObject: body)))
                #expect(put.status == 200 && put.body == read.body)
                _ = try await Self.put(server, 0, 2, to: id)
                #expect(try await receiver.call(0).headers["webhook-signature"] != nil)
                let stream = try EventStream(port: server.port, "/v1/events?after=0")
                var shown = ""
                while let event = stream.next() {
                    shown += "\(event.data)"
                    if event.name == "condition-raised" { break }
                }
                for path in ["", "/conditions", "/deliveries"] {
                    shown += String(
                        decoding: try await server.send("GET", "/v1/sessions/\(id)\(path)").body, as: UTF8.self)
                }
                #expect(!shown.contains("whsec") && !shown.contains(Self.key.base64EncodedString()))
            }
        }
    }

    @Test func `A call that fails is made again, the same, until it is taken; both are told`() async throws {
        let failures: [WebhookReceiver.Reply] = [.status(500), .hangUp, .status(503), .status(404)]
        try await withReceiver({ _, number in number < failures.count ? failures[number] : .status(200) }) { receiver in
            try await withServer(Self.setup) { server in
                let id = try await Self.session(server, receiver.url, secret: Self.secret)
                _ = try await Self.put(server, 0, 2, to: id)
                let events = try Self.events(server, id)
                let failing = try #require(events.next())
                #expect(failing.name == "webhook-failing" && failing.data["attempts"] as? Int == 3)
                #expect(failing.data["reason"] as? String == "status 503")
                #expect(failing.data["target"] as? String == "http://127.0.0.1:\(receiver.port)")
                let recovered = try #require(events.next())
                #expect(recovered.name == "webhook-recovered" && recovered.data["attempts"] as? Int == 5)
                #expect(receiver.calls.count == 5)
                #expect(Set(receiver.calls.map(\.body)).count == 1)
                #expect(Set(receiver.calls.map { $0.headers["webhook-id"] }).count == 1)
                let delivery = try #require(try await Self.deliveries(server, id).first)
                #expect(delivery["state"] as? String == "delivered" && delivery["attempts"] as? Int == 5)
                let metrics = String(decoding: try await server.send("GET", "/metrics").body, as: UTF8.self)
                #expect(metrics.contains("windhover_webhook_deliveries_total{outcome=\"delivered\"} 1\n"))
                #expect(metrics.contains("windhover_webhook_call_seconds_count{outcome=\"status\"} 3\n"))
                #expect(metrics.contains("windhover_webhook_failing_total 1\n"))
                #expect(metrics.contains("windhover_webhook_deliveries_waiting 0\n"))
            }
        }
    }

    @Test func `A target that says nothing is given up on, and holds up nobody else`() async throws {
        try await withReceiver({ _, _ in .silence }) { dead in
            try await withReceiver { receiver in
                try await withServer(Self.with { $0.server.webhooks.timeout = .milliseconds(300) }) { server in
                    let silent = ConditionTests.skips.replacing("skips", with: "silent").dropLast()
                    let id = try await server.session(
                        ConditionTests.session(
                            #"\#(silent), "webhook": {"url": "\#(dead.url)"}}, \#(ConditionTests.skips)"#,
                            #", "webhook": {"url": "\#(receiver.url)"}"#))
                    _ = try await Self.put(server, 0, 2, 3, 5, to: id)
                    for number in 0..<3 {
                        #expect(try await receiver.call(number).data["condition"] as? String == "skips")
                    }
                    let events = try Self.events(server, id)
                    #expect(events.next()?.data["reason"] as? String == "time-out")
                    // A call that was answered is written down a moment later.
                    var waiting: [[String: Any]] = []
                    try await eventually {
                        waiting = try await Self.deliveries(server, id, "?state=waiting")
                        return waiting.count == 3
                    }
                    #expect(waiting.allSatisfy { $0["condition"] as? String == "silent" })
                    // Nothing overtakes what waits for the same target.
                    #expect(Set(dead.calls.map { $0.headers["webhook-id"] }).count == 1)
                }
            }
        }
    }

    @Test func `An answer without end is an answer`() async throws {
        try await withReceiver({ _, _ in .endless }) { receiver in
            try await withServer(Self.setup) { server in
                let id = try await Self.session(server, receiver.url)
                _ = try await Self.put(server, 0, 2, to: id)
                try await Self.settled(server, id)
                #expect(receiver.calls.count == 1)
                #expect(receiver.calls[0].headers["webhook-signature"] == nil)
            }
        }
    }

    /// Waits for an event of the session's end, after which everything before has been settled or not.
    private static func settled(_ server: TestServer, _ id: String) async throws {
        while try await !deliveries(server, id, "?state=waiting").isEmpty { await Task.yield() }
    }

    @Test func `A redirection is not followed`() async throws {
        try await withReceiver { elsewhere in
            let url = elsewhere.url
            try await withReceiver({ _, number in
                number < 3 ? .status([301, 307, 308][number], headers: ["Location": url]) : .status(200)
            }) { receiver in
                try await withServer(Self.setup) { server in
                    let id = try await Self.session(server, receiver.url)
                    _ = try await Self.put(server, 0, 2, to: id)
                    let events = try Self.events(server, id)
                    #expect(events.next()?.data["reason"] as? String == "redirect 308")
                    #expect(events.next()?.name == "webhook-recovered")
                    #expect(elsewhere.calls.isEmpty)
                }
            }
        }
    }

    @Test func `A target that is gone is not called again; one that fails too long neither`() async throws {
        try await withReceiver({ _, number in number == 0 ? .status(410) : .status(500) }) { receiver in
            try await withServer(
                Self.with {
                    $0.server.webhooks.queue.longestAge = .milliseconds(50)
                }
            ) { server in
                let id = try await Self.session(server, receiver.url)
                _ = try await Self.put(server, 0, 2, to: id)
                let events = try Self.events(server, id)
                let gone = try #require(events.next())
                #expect(gone.name == "webhook-dropped" && gone.data["reason"] as? String == "gone 410")
                _ = try await Self.put(server, 3, to: id)
                var last = try #require(events.next())
                if last.name == "webhook-failing" { last = try #require(events.next()) }
                #expect(last.name == "webhook-dropped" && last.data["reason"] as? String == "status 500")
                let dropped = try await Self.deliveries(server, id, "?state=dropped")
                #expect(dropped.map { $0["sequence"] as? Int } == [3, 2])
                #expect(dropped.allSatisfy { $0["next_attempt_at"] is NSNull && $0["settled_at"] is String })
            }
        }
    }

    @Test func `A restart loses no call`() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        let works = Mutex(false)
        try await withReceiver({ _, _ in works.withLock { $0 } ? .status(200) : .status(500) }) { receiver in
            let id = try await withServer(Self.with { $0.data = data }) { server in
                let id = try await Self.session(server, receiver.url, secret: Self.secret)
                _ = try await Self.put(server, 0, 2, 3, to: id)
                _ = try await receiver.call(0)
                return id
            }
            let before = Set(receiver.calls.map { $0.headers["webhook-id"] })
            works.withLock { $0 = true }
            try await withServer(Self.with { $0.data = data }) { server in
                try await Self.settled(server, id)
                let delivered = try await Self.deliveries(server, id, "?state=delivered")
                #expect(delivered.map { $0["event"] as? String } == ["condition-cleared", "condition-raised"])
                #expect(before == [delivered[1]["id"] as? String])
                #expect(receiver.calls.suffix(2).allSatisfy { $0.headers["webhook-signature"] != nil })
            }
        }
    }

    @Test func `A call that runs when the server stops is finished`() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        try await withReceiver { receiver in
            let store = try SQLiteStore.open(directory: data)
            try await store.insert(SessionRecord(id: "s", model: "m", modelVersion: "1", createdAt: Date()))
            let queue = WebhookQueue(
                store: store, caller: WebhookCaller(policy: try TargetPolicy(allowing: ["127.0.0.1"])))
            let running = Task { await queue.run() }
            var consequences = FrameConsequences()
            consequences.deliveries = [
                DeliveryRecord(
                    id: "d", sessionID: "s", kind: .conditionRaised, condition: "c", sequence: 0, url: receiver.url,
                    secret: nil, body: "{}", createdAt: Date())
            ]
            let frame = FrameRecord(
                id: "f", sessionID: "s", sequence: 0, digest: "", model: "m", modelVersion: "1", capturedAt: Date(),
                receivedAt: Date(), width: 1, height: 1, mode: "cold")
            _ = try await store.commit(frame, pictures: FramePictures(), consequences)
            _ = try await receiver.call(0)
            await queue.stop()
            await running.value
            #expect(try await store.deliveries(DeliveryQuery(session: "s")).items.map(\.state) == [.delivered])
            try await store.close()
        }
    }

    @Test func `Addresses that are not public are refused where they are named`() async throws {
        try await withServer { server in
            for (member, url) in [
                ("url", "http://127.0.0.1:9/"), ("url", "http://[::ffff:10.0.0.1]/"), ("url", "http://localhost/"),
                ("url", "ftp://gcs.example/"), ("url", "http://169.254.169.254/"),
            ] {
                let condition = ConditionTests.skips.dropLast() + #", "webhook": {"url": "\#(url)"}}"#
                let answer = try await server.send(
                    "POST", "/v1/sessions", headers: ["Content-Type": "application/json"],
                    body: Array(ConditionTests.session(String(condition)).utf8))
                #expect(answer.status == 400)
                #expect(answer.json["field"] as? String == "conditions[0].webhook.\(member)")
            }
            let answer = try await server.send(
                "POST", "/v1/sessions", headers: ["Content-Type": "application/json"],
                body: Array(#"{"webhook": {"url": "https://gcs.example/", "secret": "whsec_short"}}"#.utf8))
            #expect(answer.json["field"] as? String == "webhook.secret")
        }
    }

    @Test func `Names are looked at when they are called, and only what was looked at is connected to`() async throws {
        try await withReceiver { receiver in
            let looked = Mutex<[String]>([])
            // Allowed at first; then, as who rebinds a name would have it, another address of this machine.
            let resolver = Resolver { host in
                let count = looked.withLock {
                    $0.append(host)
                    return $0.count
                }
                return [count == 1 ? "127.0.0.1" : "127.0.0.2"].map { IPAddress($0)! }
            }
            try await withServer(
                Self.with {
                    $0.server.webhooks.policy = try! TargetPolicy(allowing: ["127.0.0.1"])
                    $0.server.webhooks.resolver = resolver
                }
            ) { server in
                let id = try await Self.session(server, "http://Hook.Example:\(receiver.port)/x")
                _ = try await Self.put(server, 0, 2, 3, to: id)
                let call = try await receiver.call(0)
                #expect(call.headers["host"] == "hook.example:\(receiver.port)")
                let failing = try #require(try Self.events(server, id).next())
                #expect(failing.data["reason"] as? String == "address-not-allowed")
                #expect(receiver.calls.count == 1)
                #expect(Set(looked.withLock { $0 }) == ["hook.example"])
            }
        }
    }

    @Test func `A name that is allowed may be anywhere, and the next of its addresses is tried`() async throws {
        try await withReceiver { receiver in
            let resolver = Resolver { _ in ["127.0.0.2", "127.0.0.1"].map { IPAddress($0)! } }
            try await withServer(Self.with { $0.server.webhooks.resolver = resolver }) { server in
                // On the first of its addresses nobody listens.
                let id = try await Self.session(server, "http://hook.example:\(receiver.port)/x")
                _ = try await Self.put(server, 0, 2, to: id)
                _ = try await receiver.call(0)
                try await Self.settled(server, id)
                #expect(try await Self.deliveries(server, id).first?["attempts"] as? Int == 1)
            }
        }
    }

    @Test func `A name that there is not, and a server that is not there, are told`() async throws {
        let resolver = Resolver { host in
            guard host == "hook.example" else { throw ResolverFault(message: "no such name") }
            return [IPAddress("127.0.0.1")!]
        }
        // Nobody listens there any more.
        let port = try await withReceiver { $0.port }
        try await withServer(
            Self.with {
                $0.server.webhooks.policy = try! TargetPolicy(allowing: ["127.0.0.0/8"])
                $0.server.webhooks.resolver = resolver
            }
        ) { server in
            for (host, reason) in [("nobody.example", "name-not-found"), ("hook.example", "no-connection")] {
                let id = try await Self.session(server, "http://\(host):\(port)/x")
                _ = try await Self.put(server, 0, 2, to: id)
                #expect(try Self.events(server, id).next()?.data["reason"] as? String == reason)
            }
        }
    }
}
