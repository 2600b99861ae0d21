import API
import Foundation
import Sessions
import Testing

/// What goes on when its key is revoked, over a real socket.
@Suite(.serialized) struct RevocationTests {
    private func revoking(
        _ begin: (TestServer, KeyHolder, String) async throws -> () throws -> Void
    ) async throws {
        let clock = TestClock()
        for expires in [false, true] {
            try await withServer({
                $0.server.keys = [TestServer.startKey]
                $0.server.clock = clock.clock
            }) { server in
                let flight = try await server.flight(drone: "mine", frames: 2)
                let time = (clock.clock.now() + 60).formatted(.iso8601)
                let key = try await server.key(
                    #"{"name": "x", "scopes": ["read", "ingest"], "expires_at": "\#(time)"}"#)
                let end = try await begin(server, key, flight.session)
                if expires {
                    // The server looks once a second.
                    clock.advance(by: .seconds(60))
                } else {
                    let path = "/v1/keys/\(key.id)"
                    #expect(try await server.send("DELETE", path, headers: TestServer.root).status == 204)
                }
                // Reads until the server closes: a connection that stays open fails by the time-out of its socket.
                try end()
                #expect(try await server.send("GET", "/v1/sessions", headers: key.headers).status == 401)
            }
        }
    }

    @Test func `Streams of events end with their key`() async throws {
        try await revoking { server, key, session in
            let fleet = try EventStream(port: server.port, "/v1/events?after=0", headers: key.headers)
            let one = try EventStream(port: server.port, "/v1/sessions/\(session)/events", headers: key.headers)
            #expect(fleet.next()?.name == "session-begun")
            return {
                while fleet.next() != nil {}
                #expect(fleet.connection.receive() == [] && one.connection.receiveAll() != nil)
            }
        }
    }

    @Test func `Streams of a cookie end with its key`() async throws {
        try await revoking { server, key, session in
            let login = try await server.send("POST", "/v1/login", headers: key.headers)
            let cookie = String(try #require(login.headers["set-cookie"]).prefix { $0 != ";" })
            let events = try EventStream(
                port: server.port, "/v1/sessions/\(session)/events?after=0", headers: ["Cookie": cookie])
            #expect(events.next()?.name == "session-begun")
            return {
                while events.next() != nil {}
                #expect(events.connection.receive() == [])
            }
        }
    }

    @Test func `Live pictures end with their key`() async throws {
        try await revoking { server, key, session in
            let pictures = try PictureStream(
                port: server.port, "/v1/sessions/\(session)/live.mjpeg?view=mask", headers: key.headers)
            #expect(pictures.next()?.sequence == 1)
            return { #expect(pictures.next() == nil) }
        }
    }

    @Test func `Streams that are pushed end with their key, and what was answered is stored`() async throws {
        for query in ["", "?overflow=wait&answers=end"] {
            try await revoking { server, key, session in
                let stream = try StreamConnection(
                    port: server.port, session: session, query: query, headers: key.headers)
                stream.push(try TestServer.frame(2))
                if query.isEmpty { #expect(stream.next()?.event == "frame") }
                return {
                    while let line = stream.next() { #expect(line.event == "end") }
                    #expect(stream.connection.receive() == [])
                }
            }
        }
    }

    @Test func `Others go on, and a connection whose stream has ended is left alone`() async throws {
        try await withServer({ $0.server.keys = [TestServer.startKey] }) { server in
            let flight = try await server.flight(drone: "mine", frames: 1)
            let (one, other) = (try await server.key(scopes: ["read"]), try await server.key(scopes: ["read"]))
            let events = try EventStream(port: server.port, "/v1/events", headers: other.headers)
            let plain = try RawConnection(port: server.port)
            let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            plain.send("GET /v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(one.token)\r\n\r\n")
            #expect(plain.receiveHead()?.hasPrefix("HTTP/1.1 200") == true)
            #expect(try await server.send("DELETE", "/v1/keys/\(one.id)", headers: TestServer.root).status == 204)
            plain.send(request)
            #expect(plain.receiveHead()?.hasPrefix("HTTP/1.1 200") == true)
            _ = try await server.put(TestServer.frame(1), 1, to: flight.session, headers: TestServer.root)
            #expect(events.next()?.name == "frame")
        }
    }
}
