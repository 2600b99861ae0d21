import API
import Foundation
import Testing

/// `/v1/keys` and `/v1/audit`, over a real socket.
@Suite(.serialized) struct KeyResourceTests {
    @Test func `A key is shown once, works at once, and is listed without itself`() async throws {
        try await withServer({ $0.server.keys = [TestServer.startKey] }) { server in
            let answer = try await server.send(
                "POST", "/v1/keys", headers: TestServer.root.merging(["Content-Type": "application/json"]) { $1 },
                body: Array(
                    #"""
                    {"name": "the tower", "scopes": ["read", "ingest"], "drones": ["k7"], "missions": ["m2", "m1"],
                     "rate_limit": 50, "expires_at": "2999-01-01T00:00:00Z"}
                    """#.utf8))
            #expect(answer.status == 201 && answer.headers["cache-control"] == "no-store")
            let id = try #require(answer.json["id"] as? String)
            let token = try #require(answer.json["key"] as? String)
            #expect(answer.headers["location"] == "/v1/keys/\(id)" && KeyToken(token)?.id == id)
            let used = try await server.send("GET", "/v1/sessions", headers: ["Authorization": "bearer \(token)"])
            #expect(used.status == 200)

            let list = try await server.send("GET", "/v1/keys", headers: TestServer.root)
            #expect(!String(decoding: list.body, as: UTF8.self).contains(token))
            let item = try #require((list.json["items"] as? [[String: Any]])?.first)
            #expect(item["name"] as? String == "the tower" && item["state"] as? String == "active")
            #expect(item["scopes"] as? [String] == ["ingest", "read"] && item["drones"] as? [String] == ["k7"])
            #expect(item["missions"] as? [String] == ["m1", "m2"] && item["created_by"] as? String == "start-key:1")
            #expect(item["rate_limit"] as? Int == 50 && item["rate_burst"] as? Int == 100)
            #expect(item["expires_at"] as? String == "2999-01-01T00:00:00.000000Z" && item["revoked_at"] is NSNull)
            #expect(item["key"] == nil)
            // Nor is it in what is on the disk.
            let secret = Data(token.split(separator: "_")[2].utf8)
            for file in try FileManager.default.subpathsOfDirectory(atPath: server.data.path) {
                let bytes = FileManager.default.contents(atPath: server.data.appendingPathComponent(file).path)
                #expect(bytes?.range(of: secret) == nil, "\(file)")
            }
        }
    }

    @Test func `What makes no sense is refused with its member`() async throws {
        try await withServer({ $0.server.keys = [TestServer.startKey] }) { server in
            for (json, field) in [
                (#"{"scopes": ["read"]}"#, "name"), (#"{"name": "", "scopes": ["read"]}"#, "name"),
                (#"{"name": "x"}"#, "scopes"), (#"{"name": "x", "scopes": []}"#, "scopes"),
                (#"{"name": "x", "scopes": ["write"]}"#, "scopes"), (#"{"name": "x", "scopes": "read"}"#, "scopes"),
                (#"{"name": "x", "scopes": ["read"], "drones": []}"#, "drones"),
                (#"{"name": "x", "scopes": ["read"], "missions": [7]}"#, "missions"),
                (#"{"name": "x", "scopes": ["read"], "drones": [""]}"#, "drones"),
                (#"{"name": "x", "scopes": ["read", "admin"], "drones": ["a"]}"#, "drones"),
                (#"{"name": "x", "scopes": ["read"], "expires_at": "2001-01-01T00:00:00Z"}"#, "expires_at"),
                (#"{"name": "x", "scopes": ["read"], "expires_at": "soon"}"#, "expires_at"),
                (#"{"name": "x", "scopes": ["read"], "rate_limit": 0}"#, "rate_limit"),
                (#"{"name": "x", "scopes": ["read"], "rate_burst": 5}"#, "rate_burst"),
                (#"{"name": "x", "scopes": ["read"], "digest": "00"}"#, "digest"), ("[]", "body"), ("{", "body"),
            ] {
                let answer = try await server.send(
                    "POST", "/v1/keys", headers: TestServer.root.merging(["Content-Type": "application/json"]) { $1 },
                    body: Array(json.utf8))
                #expect(answer.status == 400 && answer.problem == "validation", "\(json)")
                #expect(answer.json["field"] as? String == field, "\(json): \(answer.json)")
            }
            // A type that a page of another site can have a browser send unasked.
            let plain = try await server.send(
                "POST", "/v1/keys", headers: TestServer.root.merging(["Content-Type": "text/plain"]) { $1 },
                body: Array(#"{"name": "x", "scopes": ["admin"]}"#.utf8))
            #expect(plain.status == 415)
            let list = try await server.send("GET", "/v1/keys", headers: TestServer.root)
            #expect((list.json["items"] as? [Any])?.isEmpty == true)
        }
    }

    @Test func `The first key closes a server that was open, and revoking it opens nothing`() async throws {
        try await withServer { server in
            #expect(try await server.send("GET", "/v1/sessions").status == 200)
            let made = try await server.send(
                "POST", "/v1/keys", headers: ["Content-Type": "application/json"],
                body: Array(#"{"name": "first", "scopes": ["admin"]}"#.utf8))
            let token = try #require(made.json["key"] as? String)
            let id = try #require(made.json["id"] as? String)
            let headers = ["Authorization": "Bearer \(token)"]
            #expect(try await server.send("GET", "/v1/sessions").status == 401)
            #expect(try await server.send("GET", "/v1/sessions", headers: headers).status == 403)
            #expect(try await server.send("DELETE", "/v1/keys/\(id)", headers: headers).status == 204)
            #expect(try await server.send("GET", "/v1/keys", headers: headers).status == 401)
            #expect(try await server.send("GET", "/v1/sessions").status == 401)
        }
    }

    @Test func `Keys are still known, and still revoked, after a restart`() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        func serve(_ body: (TestServer) async throws -> Void) async throws {
            try await withServer(
                {
                    $0.server.keys = [TestServer.startKey]
                    $0.data = data
                }, body)
        }
        var keys: [KeyHolder] = []
        var cookies: [String] = []
        try await serve { server in
            for _ in 0..<2 {
                let key = try await server.key(scopes: ["read"], drones: ["mine"])
                let login = try await server.send("POST", "/v1/login", headers: key.headers)
                cookies.append(String(try #require(login.headers["set-cookie"]).prefix { $0 != ";" }))
                keys.append(key)
            }
            #expect(try await server.send("DELETE", "/v1/keys/\(keys[1].id)", headers: TestServer.root).status == 204)
        }
        try await serve { server in
            for (key, cookie, status) in [(keys[0], cookies[0], 200), (keys[1], cookies[1], 401)] {
                let byKey = try await server.send("GET", "/v1/sessions", headers: key.headers).status
                let byCookie = try server.status("GET", "/v1/sessions", headers: ["Cookie": cookie])
                #expect(byKey == status && byCookie == status)
            }
        }
    }

    @Test func `A cookie reads what its key reads, and no more`() async throws {
        try await withServer({ $0.server.keys = [TestServer.startKey] }) { server in
            let mine = try await server.flight(drone: "mine", frames: 1)
            let other = try await server.flight(drone: "other", frames: 1)
            let key = try await server.key(scopes: ["ingest", "read"], drones: ["mine"])
            let login = try await server.send("POST", "/v1/login", headers: key.headers)
            let cookie = String(try #require(login.headers["set-cookie"]).prefix { $0 != ";" })
            #expect(!cookie.contains(key.token))
            func status(_ method: String, _ path: String, _ cookie: String) throws -> Int {
                try server.status(method, path, headers: ["Cookie": cookie])
            }
            #expect(try status("GET", "/v1/frames/\(mine.frames[0])/mask", cookie) == 200)
            #expect(try status("GET", "/v1/frames/\(other.frames[0])/mask", cookie) == 404)
            #expect(try status("GET", "/v1/sessions/\(other.session)/events", cookie) == 404)
            #expect(try status("GET", "/metrics", cookie) == 403)
            #expect(try status("DELETE", "/v1/sessions/\(mine.session)", cookie) == 401)
            // Neither another key's name nor another time goes with its signature.
            let parts = cookie.dropFirst("windhover=".count).split(separator: ".")
            let unbound = try await server.key(scopes: ["read"])
            for forged in [
                "\(unbound.id).\(parts[1]).\(parts[2])", "\(parts[0]).9999999999.\(parts[2])",
                "\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1])", "\(parts[0])",
            ] {
                #expect(try status("GET", "/v1/sessions", "windhover=\(forged)") == 401, "\(forged)")
            }
            let ingest = try await server.key(scopes: ["ingest"])
            #expect(try await server.send("POST", "/v1/login", headers: ingest.headers).status == 403)
            #expect(try await server.send("DELETE", "/v1/keys/\(key.id)", headers: TestServer.root).status == 204)
            #expect(try status("GET", "/v1/sessions", cookie) == 401)
        }
    }

    @Test func `A key ends at its time, and its holder is told`() async throws {
        let clock = TestClock()
        try await withServer({
            $0.server.keys = [TestServer.startKey]
            $0.server.clock = clock.clock
        }) { server in
            let time = Date(timeIntervalSince1970: 1_800_000_060).formatted(.iso8601)
            let key = try await server.key(#"{"name": "x", "scopes": ["read"], "expires_at": "\#(time)"}"#)
            clock.advance(by: .seconds(59))
            #expect(try await server.send("GET", "/v1/sessions", headers: key.headers).status == 200)
            clock.advance(by: .seconds(1))
            let late = try await server.send("GET", "/v1/sessions", headers: key.headers)
            #expect(late.status == 401 && (late.json["detail"] as? String)?.contains("expired") == true)
            let list = try await server.send("GET", "/v1/keys", headers: TestServer.root)
            let item = try #require((list.json["items"] as? [[String: Any]])?.first)
            #expect(item["state"] as? String == "expired")
        }
    }

    @Test func `Who did what is written down, newest first, page by page`() async throws {
        try await withServer({ $0.server.keys = ["another-key-of-the-start", TestServer.startKey] }) { server in
            let key = try await server.key(scopes: ["ingest", "admin"])
            let session = try await server.flight(drone: "mine", frames: 1).session
            for (method, path) in [("POST", "/v1/sessions/\(session)/reset"), ("DELETE", "/v1/sessions/\(session)")] {
                #expect(try await server.send(method, path, headers: key.headers).status < 300)
            }
            #expect(try await server.send("DELETE", "/v1/keys/\(key.id)", headers: TestServer.root).status == 204)
            // Twice is no error, and nothing that was done.
            #expect(try await server.send("DELETE", "/v1/keys/\(key.id)", headers: TestServer.root).status == 204)
            let unknown = try await server.send("DELETE", "/v1/keys/nobodys1", headers: TestServer.root)
            #expect(unknown.status == 404 && unknown.problem == "key-not-found")

            var (lines, cursor): ([String], String?) = ([], nil)
            repeat {
                let page = try await server.send(
                    "GET", "/v1/audit?limit=3" + (cursor.map { "&cursor=\($0)" } ?? ""), headers: TestServer.root)
                for item in page.json["items"] as? [[String: Any]] ?? [] {
                    #expect(item["address"] as? String == "127.0.0.1" && item["at"] is String)
                    lines.append("\(item["actor"] ?? "") \(item["action"] ?? "") \(item["target"] ?? "")")
                }
                cursor = page.json["next_cursor"] as? String
            } while cursor != nil
            #expect(
                lines == [
                    "start-key:2 key-revoked \(key.id)", "key:\(key.id) session-ended \(session)",
                    "key:\(key.id) session-reset \(session)", "start-key:2 key-created \(key.id)",
                ])
        }
    }
}
