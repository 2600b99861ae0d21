import API
import Foundation
import Testing

/// A server without keys, and pages of other sites.
@Suite(.serialized) struct HostTests {
    private static func answer(
        _ server: TestServer, _ method: String = "GET", _ path: String = "/v1/sessions", host: String?,
        origin: String? = nil
    ) throws -> (status: Int, text: String) {
        let connection = try RawConnection(port: server.port)
        let lines = [host.map { "Host: \($0)\r\n" }, origin.map { "Origin: \($0)\r\n" }].compactMap(\.self).joined()
        let version = host == nil ? "1.0" : "1.1"
        connection.send("\(method) \(path) HTTP/\(version)\r\n\(lines)Content-Length: 0\r\nConnection: close\r\n\r\n")
        let text = try #require(connection.receiveAll())
        return (Int(text.dropFirst(9).prefix(3)) ?? 0, text)
    }

    @Test func `It answers to loopback's names and those it was given, at any port`() async throws {
        try await withServer({ $0.server.allowedHosts = ["Drone-Base.example"] }) { server in
            for host in [
                "localhost", "localhost:\(server.port)", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]",
                "[::1]:8080", "localhost.", "drone-base.example", "drone-base.example:443", nil,
            ] {
                #expect(try Self.answer(server, host: host).status == 200, "\(host ?? "none")")
            }
            for host in [
                "rebound.example", "rebound.example:\(server.port)", "localhost.rebound.example",
                "127.0.0.1.rebound.example",
                "192.0.2.1", "[2001:db8::1]:80", "", "localhost@rebound.example", "127.0.0.1:80@rebound.example",
            ] {
                let (status, text) = try Self.answer(server, host: host)
                #expect([400, 421].contains(status), "\(host): \(status)")
                if status == 421 { #expect(text.contains("host-not-allowed") && text.contains("--allowed-host")) }
            }
            // Probes call it by whatever address it has.
            #expect(try Self.answer(server, "GET", "/healthz", host: "rebound.example").status == 200)
        }
    }

    @Test func `Pages of other sites change nothing`() async throws {
        try await withServer { server in
            for (origin, status) in [
                (nil, 201), ("http://127.0.0.1:\(server.port)", 201), ("https://localhost", 201),
                ("https://rebound.example", 403), ("null", 403), ("http://localhost.rebound.example", 403),
            ] as [(String?, Int)] {
                let answer = try Self.answer(server, "POST", "/v1/sessions", host: "localhost", origin: origin)
                #expect(answer.status == status, "\(origin ?? "none")")
                if status == 403 { #expect(answer.text.contains("cross-origin")) }
            }
        }
    }

    @Test func `With keys it answers to any name: pages have no key`() async throws {
        try await withServer({ $0.server.keys = [TestServer.startKey] }) { server in
            let connection = try RawConnection(port: server.port)
            connection.send(
                "GET /v1/sessions HTTP/1.1\r\nHost: base.example\r\nAuthorization: Bearer \(TestServer.startKey)\r\n\r\n"
            )
            #expect(connection.receiveHead()?.hasPrefix("HTTP/1.1 200") == true)
            #expect(try Self.answer(server, host: "base.example").status == 401)
        }
    }

    @Test func `Where others than loopback are listened to, an address is no name that could be bent`() async throws {
        try await withServer({
            $0.server.host = "0.0.0.0"
            $0.server.allowedHosts = []
        }) { server in
            for (host, status) in [
                ("192.0.2.1:8080", 200), ("[2001:db8::1]", 200), ("localhost", 200), ("rebound.example", 421),
                ("192.0.2.1.rebound.example", 421),
            ] {
                let answer = try Self.answer(server, host: host)
                #expect(answer.status == status, "\(host)")
            }
        }
    }
}
