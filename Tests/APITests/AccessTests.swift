import API
import Foundation
import Results
import Testing
import Yams

/// Every resource with every key that must not reach it.
///
/// The routes are the server's own list. One that is not in the table of this file fails: whoever adds a route says what a
/// key that is bound to other drones gets from it.
@Suite(.serialized) struct AccessTests {
    /// What a key that is bound to one drone gets where something of another drone is asked for.
    enum Elsewhere {
        /// 404, and nothing tells it from what never was.
        case hidden
        /// What it gets has nothing of the other's: a test of its own looks.
        case bounded
        /// There is nothing of anybody in it.
        case shared
        /// 403: it tells of everybody.
        case refused
        /// Nobody needs a key.
        case open
    }

    struct Case {
        let elsewhere: Elsewhere
        /// Statuses where it is one's own.
        var own = Array(200..<300)
        var headers: [String: String] = [:]
        var body: [UInt8] = []
    }

    /// `{id}` is replaced by a session or frame of the other drone.
    static let cases: [String: Case] = {
        let json = ["Content-Type": "application/json"]
        let png = ["Content-Type": "image/png"]
        let tus = ["Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"]
        return [
            "POST /v1/sessions": Case(elsewhere: .bounded, headers: json, body: Array(#"{"drone_id": "mine"}"#.utf8)),
            "GET /v1/sessions": Case(elsewhere: .bounded),
            "GET /v1/sessions/{id}": Case(elsewhere: .hidden),
            "DELETE /v1/sessions/{id}": Case(elsewhere: .hidden),
            "POST /v1/sessions/{id}/reset": Case(elsewhere: .hidden),
            "GET /v1/sessions/{id}/conditions": Case(elsewhere: .hidden),
            "PUT /v1/sessions/{id}/conditions": Case(
                elsewhere: .hidden, headers: json, body: Array(#"{"conditions": []}"#.utf8)),
            "DELETE /v1/sessions/{id}/conditions": Case(elsewhere: .hidden),
            "GET /v1/sessions/{id}/deliveries": Case(elsewhere: .hidden),
            "PUT /v1/sessions/{id}/frames/{sequence}": Case(
                elsewhere: .hidden, own: [422], headers: png, body: [1, 2, 3]),
            "POST /v1/sessions/{id}/frames": Case(elsewhere: .hidden, own: [422], headers: png, body: [1, 2, 3]),
            "POST /v1/sessions/{id}/stream": Case(elsewhere: .hidden),
            "GET /v1/sessions/{id}/events": Case(elsewhere: .hidden),
            "GET /v1/sessions/{id}/live.mjpeg": Case(elsewhere: .hidden),
            "GET /v1/sessions/{id}/latest.jpg": Case(elsewhere: .hidden),
            "GET /v1/events": Case(elsewhere: .bounded),
            "GET /v1/frames": Case(elsewhere: .bounded),
            "GET /v1/summary": Case(elsewhere: .bounded),
            "GET /v1/exports/frames.ndjson": Case(elsewhere: .bounded),
            "GET /v1/exports/frames.csv": Case(elsewhere: .bounded),
            "GET /v1/exports/frames.geojson": Case(elsewhere: .bounded),
            "GET /v1/exports/coco.zip": Case(elsewhere: .bounded),
            "GET /v1/ogc": Case(elsewhere: .shared),
            "GET /v1/ogc/api": Case(elsewhere: .shared),
            "GET /v1/ogc/conformance": Case(elsewhere: .shared),
            "GET /v1/ogc/collections": Case(elsewhere: .bounded),
            "GET /v1/ogc/collections/frames": Case(elsewhere: .bounded),
            "GET /v1/ogc/collections/frames/items": Case(elsewhere: .bounded),
            "GET /v1/ogc/collections/frames/items/{id}": Case(elsewhere: .hidden),
            "GET /v1/frames/{id}": Case(elsewhere: .hidden),
            "GET /v1/frames/{id}/image": Case(elsewhere: .hidden),
            "GET /v1/frames/{id}/mask": Case(elsewhere: .hidden),
            "GET /v1/frames/{id}/overlay": Case(elsewhere: .hidden),
            "GET /v1/frames/{id}/similarity": Case(elsewhere: .hidden),
            "GET /v1/frames/{id}/rle": Case(elsewhere: .hidden),
            "GET /v1/frames/{id}/polygons": Case(elsewhere: .hidden),
            "POST /v1/videos": Case(elsewhere: .bounded),
            "GET /v1/videos": Case(elsewhere: .bounded),
            "OPTIONS /v1/videos": Case(elsewhere: .shared),
            "GET /v1/videos/{id}": Case(elsewhere: .hidden),
            // It may be no video.
            "PATCH /v1/videos/{id}": Case(
                elsewhere: .hidden, own: [204, 415, 422], headers: tus.merging(["Upload-Offset": "0"]) { $1 },
                body: [1, 2, 3]),
            "DELETE /v1/videos/{id}": Case(elsewhere: .hidden),
            // There is none yet.
            "GET /v1/videos/{id}/overlay.mp4": Case(elsewhere: .hidden, own: [404]),
            "GET /v1/models": Case(elsewhere: .shared),
            "GET /v1/models/{name}": Case(elsewhere: .shared),
            "POST /v1/login": Case(elsewhere: .shared),
            "DELETE /v1/login": Case(elsewhere: .open),
            "GET /v1/keys": Case(elsewhere: .refused),
            "POST /v1/keys": Case(elsewhere: .refused, headers: json, body: Array("{}".utf8)),
            "DELETE /v1/keys/{id}": Case(elsewhere: .refused),
            "GET /v1/audit": Case(elsewhere: .refused),
            "GET /v1/retention": Case(elsewhere: .refused),
            "POST /v1/retention/runs": Case(elsewhere: .refused, headers: json, body: Array("{}".utf8)),
            "GET /v1/holds": Case(elsewhere: .refused),
            "PUT /v1/holds/{scope}/{name}": Case(elsewhere: .refused, headers: json, body: Array("{}".utf8)),
            "DELETE /v1/holds/{scope}/{name}": Case(elsewhere: .refused),
            "GET /healthz": Case(elsewhere: .open),
            "GET /readyz": Case(elsewhere: .open),
            "GET /metrics": Case(elsewhere: .refused),
            "GET /openapi.yaml": Case(elsewhere: .shared),
        ]
    }()

    private func withKeys(_ body: (TestServer) async throws -> Void) async throws {
        // A minute passes whenever the clock is read: no address has had too many failures.
        try await withServer(
            {
                $0.server.keys = [TestServer.startKey]
                $0.server.clock = TestClock(step: .seconds(60)).clock
                $0.server.heartbeat = .milliseconds(200)
            }, body)
    }

    /// A file that is on its way; "none" where there is no ffmpeg, and so no video.
    private static func video(_ server: TestServer, drone: String?) async throws -> String {
        guard Clips.isPossible else { return "none" }
        let answer = try await server.send(
            "POST", "/v1/videos" + (drone.map { "?drone=\($0)" } ?? ""),
            headers: TestServer.root.merging(["Tus-Resumable": "1.0.0", "Upload-Length": "1000"]) { $1 })
        guard answer.status == 201, let id = answer.json["id"] as? String else {
            throw TestFailure("no video: \(answer.status) \(answer.json)")
        }
        return id
    }

    private static func path(_ template: String, session: String, frame: String, video: String = "none") -> String {
        template.replacing("/v1/frames/{id}", with: "/v1/frames/\(frame)").replacing(
            "/items/{id}", with: "/items/\(frame)"
        )
        .replacing("/v1/videos/{id}", with: "/v1/videos/\(video)").replacing("{id}", with: session)
        .replacing("{sequence}", with: "5").replacing("{name}", with: "golden-7")
    }

    @Test func `Every resource has a rule that these tests know, and openapi yaml says the same`() async throws {
        try await withKeys { server in
            #expect(Set(server.resources.map { "\($0.method) \($0.path)" }) == Set(Self.cases.keys))
            let file = try await server.send("GET", "/openapi.yaml", headers: TestServer.root)
            let document = try #require(
                try Yams.load(yaml: String(decoding: file.body, as: UTF8.self)) as? [String: Any])
            let paths = try #require(document["paths"] as? [String: [String: Any]])
            for resource in server.resources {
                let name = "\(resource.method) \(resource.path)"
                let operation = try #require(
                    paths[resource.path]?[resource.method.lowercased()] as? [String: Any], "\(name)")
                let security = try #require(operation["security"] as? [[String: [String]]], "\(name): no security")
                // Each alternative is one scope of a key; a cookie reads; the empty one says that a key may be missing.
                let keys = Set(security.compactMap { $0["key"]?.first })
                #expect(keys == Set(resource.scopes.map(\.rawValue)), "\(name)")
                let reads = resource.method == "GET" && resource.scopes.contains(.read)
                #expect(security.contains { $0["cookie"] != nil } == reads, "\(name)")
                #expect(security.contains { $0.isEmpty }, "\(name)")
            }
        }
    }

    @Test func `Without a key, with a wrong one or with a revoked one nothing is to be had`() async throws {
        try await withKeys { server in
            let flight = try await server.flight(drone: "mine", frames: 2)
            let revoked = try await server.key(scopes: ["ingest", "read", "admin"])
            let revoking = try await server.send("DELETE", "/v1/keys/\(revoked.id)", headers: TestServer.root)
            #expect(revoking.status == 204)
            let strangers = [
                ("no key", [:]), ("a wrong one", ["Authorization": "Bearer a-key-nobody-knows"]),
                ("one of another server", ["Authorization": "Bearer \(KeyToken().text)"]),
                ("a revoked one", revoked.headers), ("a key as a cookie", ["Cookie": "windhover=\(revoked.token)"]),
            ]
            for resource in server.resources {
                let one = try #require(Self.cases["\(resource.method) \(resource.path)"])
                let path = Self.path(resource.path, session: flight.session, frame: flight.frames[1])
                for (who, headers) in strangers {
                    let answer = try await server.send(
                        resource.method, path, headers: one.headers.merging(headers) { $1 }, body: one.body)
                    if case .open = one.elsewhere {
                        #expect((200..<300).contains(answer.status), "\(resource), \(who)")
                    } else {
                        #expect(
                            answer.status == 401 && answer.problem == "unauthenticated",
                            "\(resource), \(who): \(answer.status) \(answer.json)")
                    }
                }
            }
        }
    }

    @Test func `A key without the scope is refused, and told which it is`() async throws {
        try await withKeys { server in
            let flight = try await server.flight(drone: "mine", frames: 2)
            let all = ["ingest", "read", "admin"]
            var refused = 0
            for scopes in [
                ["ingest"], ["read"], ["admin"], ["ingest", "read"], ["ingest", "admin"], ["read", "admin"],
            ] {
                let key = try await server.key(scopes: scopes)
                for resource in server.resources {
                    let needed = resource.scopes.map(\.rawValue)
                    guard !needed.isEmpty, Set(needed).isDisjoint(with: scopes) else { continue }
                    let one = try #require(Self.cases["\(resource.method) \(resource.path)"])
                    let answer = try await server.send(
                        resource.method, Self.path(resource.path, session: flight.session, frame: flight.frames[1]),
                        headers: one.headers.merging(key.headers) { $1 }, body: one.body)
                    #expect(answer.status == 403 && answer.problem == "forbidden", "\(resource), \(scopes)")
                    #expect(answer.json["scopes"] as? [String] == needed.sorted(), "\(resource), \(scopes)")
                    refused += 1
                }
            }
            // 39 resources, 3 of which need no key, and 4 of which any will do for.
            #expect(refused > 60)
            // And nothing has come of any of it.
            let session = try await server.send("GET", "/v1/sessions/\(flight.session)", headers: TestServer.root)
            #expect(session.json["state"] as? String == "active" && session.json["frames"] as? Int == 2)
            let keys = try await server.send("GET", "/v1/keys", headers: TestServer.root)
            #expect((keys.json["items"] as? [[String: Any]])?.count == 6)
            #expect(all.count == 3)
        }
    }

    @Test func `A key that is bound to a drone finds nothing of others, and nothing that has none`() async throws {
        try await withKeys { server in
            let key = try await server.key(scopes: ["ingest", "read"], drones: ["mine"])
            for drone in ["other", nil] {
                let flight = try await server.flight(drone: drone, frames: 2)
                let video = try await Self.video(server, drone: drone)
                for resource in server.resources {
                    let name = "\(resource.method) \(resource.path)"
                    let one = try #require(Self.cases[name])
                    let headers = one.headers.merging(key.headers) { $1 }
                    switch one.elsewhere {
                    case .hidden:
                        let hidden = try await server.send(
                            resource.method,
                            Self.path(
                                resource.path, session: flight.session, frame: flight.frames[1], video: video),
                            headers: headers, body: one.body)
                        #expect(hidden.status == 404, "\(name): \(hidden.status)")
                        let nowhere = UUID().uuidString.lowercased()
                        let absent = try await server.send(
                            resource.method, Self.path(resource.path, session: nowhere, frame: nowhere, video: nowhere),
                            headers: headers, body: one.body)
                        #expect(absent.status == 404 && absent.problem == hidden.problem, "\(name)")
                        #expect(absent.json["title"] as? String == hidden.json["title"] as? String, "\(name)")
                        #expect(absent.headers.keys.sorted() == hidden.headers.keys.sorted(), "\(name)")
                    case .refused:
                        let answer = try await server.send(
                            resource.method, Self.path(resource.path, session: flight.session, frame: ""),
                            headers: headers, body: one.body)
                        #expect(answer.status == 403 && answer.problem == "forbidden", "\(name): \(answer.status)")
                    case .shared, .open:
                        let answer = try await server.send(
                            resource.method, Self.path(resource.path, session: "", frame: ""), headers: headers,
                            body: one.body)
                        #expect((200..<300).contains(answer.status), "\(name): \(answer.status)")
                    case .bounded: break
                    }
                }
                // Nothing was done to it.
                let session = try await server.send("GET", "/v1/sessions/\(flight.session)", headers: TestServer.root)
                #expect(session.json["state"] as? String == "active" && session.json["frames"] as? Int == 2)
                #expect((session.json["resets"] as? [String: Int])?.isEmpty == true)
            }
        }
    }

    @Test func `The same key reaches everything of its own`() async throws {
        try await withKeys { server in
            let key = try await server.key(
                scopes: ["ingest", "read"], drones: ["mine", "another"], missions: ["survey"])
            for resource in server.resources {
                let name = "\(resource.method) \(resource.path)"
                let one = try #require(Self.cases[name])
                guard case .hidden = one.elsewhere else { continue }
                let flight = try await server.flight(drone: "mine", mission: "survey", frames: 2)
                let video = try await Self.video(server, drone: "mine&mission=survey")
                if video == "none", resource.path.hasPrefix("/v1/videos") { continue }
                let status = try server.status(
                    resource.method,
                    Self.path(resource.path, session: flight.session, frame: flight.frames[1], video: video),
                    headers: one.headers.merging(key.headers) { $1 }, body: one.body)
                // What makes no sense has been let in.
                #expect(one.own.contains(status), "\(name): \(status)")
            }
        }
    }

    @Test func `Sessions are begun for one's own drones and missions only`() async throws {
        try await withKeys { server in
            let key = try await server.key(scopes: ["ingest"], drones: ["mine"], missions: ["survey", "rescue"])
            for (json, field) in [
                (#"{"drone_id": "mine", "mission_id": "rescue"}"#, nil),
                (#"{"drone_id": "other", "mission_id": "rescue"}"#, "drone_id"),
                (#"{"mission_id": "rescue"}"#, "drone_id"),
                (#"{"drone_id": "mine", "mission_id": "parade"}"#, "mission_id"),
                (#"{"drone_id": "mine"}"#, "mission_id"),
                ("{}", "drone_id"),
            ] as [(String, String?)] {
                let answer = try await server.send(
                    "POST", "/v1/sessions", headers: key.headers.merging(["Content-Type": "application/json"]) { $1 },
                    body: Array(json.utf8))
                #expect(answer.status == (field == nil ? 201 : 403), "\(json)")
                if let field { #expect(answer.problem == "forbidden" && answer.json["field"] as? String == field) }
            }
            for query in ["", "?drone=mine", "?drone=other&mission=survey"] {
                let answer = try await server.send("POST", "/v1/videos\(query)", headers: key.headers, body: [1])
                #expect(answer.status == 403 && answer.problem == "forbidden", "\(query)")
            }
            let sessions = try await server.send("GET", "/v1/sessions", headers: TestServer.root)
            #expect((sessions.json["items"] as? [[String: Any]])?.count == 1)
        }
    }

    @Test func `Lists have nothing of others, whatever is asked for`() async throws {
        try await withKeys { server in
            var flights: [String: (session: String, frames: [String])] = [:]
            for drone in ["a", "b", "c"] {
                for mission in ["m", "n"] {
                    flights[drone + mission] = try await server.flight(drone: drone, mission: mission, frames: 1)
                    _ = try await Self.video(server, drone: "\(drone)&mission=\(mission)")
                }
            }
            _ = try await server.flight(drone: nil, frames: 1)
            func seen(_ path: String, _ key: KeyHolder) async throws -> Set<String> {
                var (names, cursor): (Set<String>, String?) = ([], nil)
                repeat {
                    let answer = try await server.send(
                        "GET", path + "&limit=1" + (cursor.map { "&cursor=\($0)" } ?? ""),
                        headers: key.headers)
                    #expect(answer.status == 200, "\(path)")
                    for item in answer.json["items"] as? [[String: Any]] ?? [] {
                        let (drone, mission) = (item["drone_id"] as? String, item["mission_id"] as? String)
                        #expect(names.insert("\(drone ?? "-")\(mission ?? "-")").inserted, "\(path)")
                    }
                    cursor = answer.json["next_cursor"] as? String
                } while cursor != nil
                return names
            }
            for (drones, missions, own) in [
                (["a", "b"], nil, ["am", "an", "bm", "bn"]), (nil, ["n"], ["an", "bn", "cn"]),
                (["a", "c"], ["m"], ["am", "cm"]), (["nobody"], nil, []),
            ] as [([String]?, [String]?, Set<String>)] {
                let key = try await server.key(scopes: ["read"], drones: drones, missions: missions)
                let lists = ["/v1/sessions?", "/v1/frames?", "/v1/summary?group_by=drone,mission&"]
                for list in lists + (Clips.isPossible ? ["/v1/videos?"] : []) {
                    #expect(try await seen(list, key) == own)
                    for (drone, mission) in [("a", nil), ("b", "n"), ("c", nil), (nil, "m")] as [(String?, String?)] {
                        let query = [drone.map { "drone=\($0)" }, mission.map { "mission=\($0)" }].compactMap(\.self)
                        let expected = own.filter {
                            $0.hasPrefix(drone ?? "") && (mission == nil || $0.hasSuffix(mission!))
                        }
                        #expect(try await seen(list + query.joined(separator: "&"), key) == expected)
                    }
                }
                for (name, flight) in flights {
                    let found = try await seen("/v1/frames?session=\(flight.session)", key)
                    #expect(found == own.intersection([name]))
                }
                let classes = try await seen("/v1/frames?class=background", key)
                #expect(classes.isSubset(of: own))
            }
        }
    }

    @Test func `A map shows nothing of others, not even where they were`() async throws {
        try await withKeys { server in
            for (drone, lat) in [("mine", 10.0), ("other", 50), (nil, -50)] as [(String?, Double)] {
                let flight = try await server.flight(drone: drone, frames: 1)
                let put = try await server.put(
                    TestServer.frame(1), 1, to: flight.session,
                    query: "?lat=\(lat)&lon=\(lat)", headers: TestServer.root)
                #expect(put.status == 200)
            }
            let key = try await server.key(scopes: ["read"], drones: ["mine"])
            func ask(_ path: String) async throws -> [String: Any] {
                try await server.send("GET", path, headers: key.headers).json
            }
            let collection = "/v1/ogc/collections/frames"
            let listed = try await ask("/v1/ogc/collections")["collections"] as? [[String: Any]]
            for one in [try await ask(collection), try #require(listed?.first)] {
                let spatial = (one["extent"] as? [String: Any])?["spatial"] as? [String: Any]
                #expect(spatial?["bbox"] as? [[Double]] == [[10, 10, 10, 10]])
            }
            for path in ["\(collection)/items?", "/v1/frames?f=geojson&"] {
                for query in ["", "bbox=-180,-90,180,90", "drone=other", "drone=mine,other"] {
                    let features = try await ask(path + query)["features"] as? [[String: Any]] ?? []
                    let drones = features.map { ($0["properties"] as? [String: Any])?["drone_id"] as? String }
                    #expect(Set(drones) == (query == "drone=other" ? [] : ["mine"]), "\(path)\(query)")
                }
            }
            let cells = try await ask("/v1/summary?group_by=cell")["items"] as? [[String: Any]]
            #expect(cells?.count == 1 && cells?.first?["frames"] as? Int == 1)
            let sums = try await ask("/v1/summary")["items"] as? [[String: Any]]
            #expect(sums?.first?["frames"] as? Int == 2)
            for query in ["drone=other", "group_by=cell&drone=other", "bbox=49,49,51,51"] {
                #expect(try await (ask("/v1/summary?\(query)")["items"] as? [Any])?.isEmpty == true, "\(query)")
            }
        }
    }

    @Test func `The fleet's events are those of one's own drones`() async throws {
        try await withKeys { server in
            let other = try await server.flight(drone: "other", frames: 1)
            let none = try await server.flight(drone: nil, frames: 1)
            let key = try await server.key(scopes: ["read"], drones: ["mine"])
            let events = try EventStream(port: server.port, "/v1/events?after=0", headers: key.headers)
            let mine = try await server.flight(drone: "mine", frames: 2)
            for k in 1..<3 {
                _ = try await server.put(TestServer.frame(k), k, to: other.session, headers: TestServer.root)
                _ = try await server.put(TestServer.frame(k), k, to: none.session, headers: TestServer.root)
            }
            _ = try await server.send("DELETE", "/v1/sessions/\(other.session)", headers: TestServer.root)
            _ = try await server.send("DELETE", "/v1/sessions/\(mine.session)", headers: TestServer.root)
            var names: [String] = []
            while let event = events.next() {
                #expect(event.data["session_id"] as? String == mine.session, "\(event)")
                names.append(event.name)
                if event.name == "session-ended" { break }
            }
            #expect(names == ["session-begun", "frame", "frame", "session-ended"])
            // Asked for another's by name, it is told nothing, however long it waits.
            let asked = try RawConnection(port: server.port)
            asked.send(
                "GET /v1/events?after=0&session=\(other.session) HTTP/1.1\r\nHost: x\r\n"
                    + "Authorization: Bearer \(key.token)\r\n\r\n")
            var text = ""
            while !text.contains(": heartbeat"), let bytes = asked.receive(), !bytes.isEmpty {
                text += String(decoding: bytes, as: UTF8.self)
            }
            #expect(text.hasPrefix("HTTP/1.1 200") && text.contains(": heartbeat") && !text.contains("event: "))
        }
    }
}
