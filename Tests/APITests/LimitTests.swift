import API
import Foundation
import Sessions
import Testing

/// Bodies too large, too slow and without end; connections too many; requests that make no sense.
@Suite(.serialized) struct LimitTests {
    @Test func `A body that says it is too large is 413 before it is read`() async throws {
        try await withServer({ $0.server.maxBodyBytes = 1000 }) { server in
            let id = try await server.session()
            let connection = try RawConnection(port: server.port)
            connection.send(
                "PUT /v1/sessions/\(id)/frames/0 HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n\r\n"
            )
            // Not a byte of the body has been sent.
            let head = try #require(connection.receiveHead())
            #expect(head.hasPrefix("HTTP/1.1 413"))
            #expect(head.contains("body-too-large"))
        }
    }

    @Test func `A chunked body without end is 413 and then cut off`() async throws {
        try await withServer({ $0.server.maxBodyBytes = 100_000 }) { server in
            let id = try await server.session()
            let connection = try RawConnection(port: server.port)
            connection.send(
                "PUT /v1/sessions/\(id)/frames/0 HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
            // Bounded in bytes and in time: the server must hang up long before.
            var sent = 0
            let start = ContinuousClock.now
            while sent < 20 << 30, ContinuousClock.now - start < .seconds(60), connection.send(chunk) {
                sent += chunk.count
            }
            #expect(ContinuousClock.now - start < .seconds(60))
            #expect(try await server.send("GET", "/healthz").status == 200)
        }
    }

    @Test func `A body that does not come in time is 408, and the connection is closed`() async throws {
        try await withServer({ $0.server.bodyTimeout = .milliseconds(300) }) { server in
            let id = try await server.session()
            let connection = try RawConnection(port: server.port)
            connection.send(
                "PUT /v1/sessions/\(id)/frames/0 HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n\r\nabc"
            )
            let answer = try #require(connection.receiveAll())
            #expect(answer.hasPrefix("HTTP/1.1 408"))
            #expect(answer.contains("request-timeout"))
        }
    }

    @Test func `A head that does not come in time closes the connection`() async throws {
        try await withServer({ $0.server.idleTimeout = .milliseconds(300) }) { server in
            let connection = try RawConnection(port: server.port)
            connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            #expect(connection.receiveAll() == "")
        }
    }

    @Test func `More connections than allowed wait to be accepted`() async throws {
        try await withServer({ $0.server.maxConnections = 2 }) { server in
            let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            var open: [RawConnection] = []
            for _ in 0..<2 {
                let connection = try RawConnection(port: server.port)
                connection.send(request)
                #expect(try #require(connection.receiveHead()).hasPrefix("HTTP/1.1 200"))
                open.append(connection)
            }
            let third = try RawConnection(port: server.port)
            third.send(request)
            open.removeAll()
            #expect(try #require(third.receiveHead()).hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func `A client that waits for 100 Continue gets it, or its answer`() async throws {
        try await withServer({ $0.server.maxBodyBytes = 100_000 }) { server in
            let id = try await server.session()
            let image = try TestServer.frame(0)
            func head(_ length: Int) -> String {
                "PUT /v1/sessions/\(id)/frames/0 HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: \(length)\r\nExpect: 100-continue\r\n\r\n"
            }
            let patient = try RawConnection(port: server.port)
            patient.send(head(image.count))
            #expect(try #require(patient.receiveHead()).hasPrefix("HTTP/1.1 100"))
            patient.send(image)
            #expect(try #require(patient.receiveHead()).hasPrefix("HTTP/1.1 200"))

            let refused = try RawConnection(port: server.port)
            refused.send(head(1_000_000))
            #expect(try #require(refused.receiveHead()).hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func `Bytes that are no HTTP are 400`() async throws {
        try await withServer { server in
            for garbage in ["\u{16}\u{3}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "PUT / HTTP/9.9\r\n\r\n"] {
                let connection = try RawConnection(port: server.port)
                connection.send(garbage)
                connection.shutdownWriting()
                let answer = try #require(connection.receiveAll())
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400"))
            }
            #expect(try await server.send("GET", "/healthz").status == 200)
        }
    }

    @Test func `An upload that breaks off changes nothing`() async throws {
        try await withServer { server in
            let id = try await server.session()
            let image = try TestServer.frame(0)
            for cut in [0, 1, image.count / 2, image.count - 1] {
                let connection = try RawConnection(port: server.port)
                connection.send(
                    "PUT /v1/sessions/\(id)/frames/0 HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: \(image.count)\r\n\r\n"
                )
                connection.send(Array(image.prefix(cut)))
            }
            let answer = try await server.put(image, 0, to: id)
            #expect(answer.json["mode"] as? String == "cold" && answer.headers["idempotent-replayed"] == nil)
        }
    }

    @Test func `An image of too many pixels is refused by its header`() async throws {
        try await withServer({ $0.limits.maxPixels = 10_000 }) { server in
            let id = try await server.session()
            let answer = try await server.put(TestServer.frame(0), 0, to: id)
            #expect(answer.status == 422 && answer.problem == "image-undecodable")
            #expect(answer.json["code"] as? String == "too-large")
        }
    }

    @Test func `Keys are needed where there are any, but not by probes`() async throws {
        try await withServer({ $0.server.keys = ["a-key-of-sixteen-bytes", "another-long-key"] }) { server in
            #expect(try await server.send("GET", "/healthz").status == 200)
            #expect(try await server.send("GET", "/readyz").status == 200)
            let path = "/v1/sessions"
            let nobody = try await server.send("GET", path)
            #expect(nobody.status == 401 && nobody.problem == "unauthenticated")
            #expect(nobody.headers["www-authenticate"] == "Bearer")
            for wrong in ["a-key-of-sixteen-byteS", "a-key-of-sixteen-byte", "a-key-of-sixteen-bytes1", ""] {
                #expect(try await server.send("GET", path, headers: ["Authorization": "Bearer \(wrong)"]).status == 401)
            }
            for right in ["a-key-of-sixteen-bytes", "another-long-key"] {
                #expect(try await server.send("GET", path, headers: ["Authorization": "Bearer \(right)"]).status == 200)
            }
        }
    }

    @Test func `Thousands of malformed requests get an answer below 500, and the server stays up`() async throws {
        try await withServer { server in
            let id = try await server.session()
            let image = try TestServer.frame(0)
            var random = Random(state: 20)
            let connection = Connection(port: server.port)
            for round in 0..<3000 {
                var body = image
                for _ in 0..<(1 + random.next(8)) { body[random.next(body.count)] = UInt8(random.next(256)) }
                if round % 3 == 0 { body = Array(body.prefix(random.next(body.count))) }
                let path: String
                let type: String
                switch round % 4 {
                case 0, 1: (path, type) = ("/v1/sessions/\(id)/frames/\(round)", "image/png")
                case 2:
                    (path, type) = ("/v1/sessions/\(id)/frames/\(round)", "multipart/form-data; boundary=b")
                    body =
                        Array("--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\n".utf8) + body
                        + Array("\r\n--b--".utf8)
                    for _ in 0..<random.next(3) { body[random.next(80)] = UInt8(random.next(256)) }
                default:
                    let names = ["captured_at", "lat", "homography", "x", "%", "lat"]
                    path =
                        "/v1/sessions/\(id)/frames/\(round)?\(names[random.next(6)])=\(random.next(400))%2C\(names[random.next(4)])"
                    type = "image/jpeg"
                }
                let status = try connection.put(path, type: type, body: body)
                #expect((200..<500).contains(status), "round \(round): \(status)")
            }
            #expect(try await server.send("GET", "/readyz").status == 200)
        }
    }

    private struct Random {
        var state: UInt64

        mutating func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
    }

    /// One connection that is opened again when the server closes it.
    private final class Connection {
        private let port: Int
        private var raw: RawConnection?

        init(port: Int) { self.port = port }

        func put(_ path: String, type: String, body: [UInt8]) throws -> Int {
            for _ in 0..<2 {
                let connection = try raw ?? RawConnection(port: port)
                raw = connection
                connection.send(
                    "PUT \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n")
                connection.send(body)
                if let head = connection.receiveHead(), let status = Int(head.dropFirst(9).prefix(3)) {
                    // What follows the head is read with it or left: the connection is not used again if so.
                    let length = head.firstMatch(of: /[Cc]ontent-[Ll]ength: (\d+)/).flatMap { Int($0.1) } ?? 0
                    var rest =
                        length - (head.utf8.count - (head.range(of: "\r\n\r\n")!.upperBound.utf16Offset(in: head)))
                    while rest > 0, let more = connection.receive(), !more.isEmpty { rest -= more.count }
                    return status
                }
                raw = nil
            }
            throw TestFailure("no answer to \(path)")
        }
    }
}
