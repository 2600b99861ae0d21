import API
import Foundation
import Testing

/// The page's files, and how a browser gets in.
@Suite(.serialized) struct WebTests {
    private static let key = "a-key-of-sixteen-bytes"

    private func withPages(_ body: (TestServer) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let web = folder.appendingPathComponent("web")
        try FileManager.default.createDirectory(
            at: web.appendingPathComponent("parts"), withIntermediateDirectories: true)
        for (name, text) in [
            "web/index.html": "<!doctype html>", "web/app.js": "start()", "web/parts/look.css": "body {}",
            "web/.hidden.html": "hidden", "web/notes.doc": "of no known type", "secret.html": "outside",
        ] {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        try FileManager.default.createSymbolicLink(
            at: web.appendingPathComponent("link.html"),
            withDestinationURL: folder.appendingPathComponent("secret.html"))
        let pages = try WebPages(folder: web)
        try await withServer(
            {
                $0.server.pages = pages
                $0.server.keys = [Self.key]
            }, body)
    }

    @Test func `The page's files are served with their types, without a key, and allow nothing from elsewhere`()
        async throws
    {
        try await withPages { server in
            for (path, type, text) in [
                ("/", "text/html; charset=utf-8", "<!doctype html>"),
                ("/index.html", "text/html; charset=utf-8", "<!doctype html>"),
                ("/app.js", "text/javascript; charset=utf-8", "start()"),
                ("/parts/look.css", "text/css; charset=utf-8", "body {}"),
            ] {
                let answer = try await server.send("GET", path)
                #expect(answer.status == 200 && answer.headers["content-type"] == type, "\(path)")
                #expect(String(decoding: answer.body, as: UTF8.self) == text)
                let policy = try #require(answer.headers["content-security-policy"])
                #expect(policy.contains("default-src 'self'") && !policy.contains("unsafe"))
                #expect(answer.headers["x-content-type-options"] == "nosniff")
                let tag = try #require(answer.headers["etag"])
                let again = try await server.send("GET", path, headers: ["If-None-Match": tag])
                #expect(again.status == 304 && again.body.isEmpty && again.headers["etag"] == tag)
                let other = try await server.send("GET", path, headers: ["If-None-Match": "\"other\""])
                #expect(other.status == 200)
            }
            #expect(try await server.send("HEAD", "/app.js").status == 200)
            let post = try await server.send("POST", "/app.js", headers: ["Authorization": "Bearer \(Self.key)"])
            #expect(post.status == 404)
        }
    }

    @Test func `Nothing but the page's files can be had, by no path`() async throws {
        try await withPages { server in
            for path in [
                "/secret.html", "/../secret.html", "/parts/../../secret.html", "/%2e%2e/secret.html",
                "/..%2fsecret.html", "//secret.html", "/.hidden.html", "/notes.doc", "/link.html", "/parts", "/parts/",
                "/app.js/", "/app.js%00.html", "/APP.JS",
            ] {
                let connection = try RawConnection(port: server.port)
                connection.send(
                    "GET \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(Self.key)\r\nConnection: close\r\n\r\n")
                let answer = try #require(connection.receiveAll())
                #expect(answer.hasPrefix("HTTP/1.1 4"), "\(path): \(answer.prefix(40))")
                #expect(!answer.contains("outside") && !answer.contains("start()"), "\(path)")
            }
        }
    }

    @Test func `A cookie opens what can be read, and nothing that can be changed`() async throws {
        try await withPages { server in
            let nobody = try await server.send("POST", "/v1/login")
            #expect(nobody.status == 401 && nobody.headers["set-cookie"] == nil)
            let wrong = try await server.send(
                "POST", "/v1/login", headers: ["Authorization": "Bearer not-a-key-of-this-server"])
            #expect(wrong.status == 401)
            let login = try await server.send("POST", "/v1/login", headers: ["Authorization": "Bearer \(Self.key)"])
            #expect(login.status == 204)
            let cookie = try #require(login.headers["set-cookie"])
            for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] { #expect(cookie.contains(part)) }
            #expect(!cookie.contains("Secure") && !cookie.contains(Self.key))
            let token = String(cookie.prefix { $0 != ";" })
            let cookies = ["Cookie": "theme=dark; \(token)"]
            #expect(try await Self.status(server, "GET", "/v1/sessions", cookies) == 200)
            #expect(try await Self.status(server, "GET", "/metrics", cookies) == 200)
            #expect(try await Self.status(server, "GET", "/v1/events?after=0", cookies) == 200)
            #expect(try await Self.status(server, "POST", "/v1/sessions", cookies) == 401)
            #expect(try await Self.status(server, "POST", "/v1/login", cookies) == 401)
            #expect(try await Self.status(server, "DELETE", "/v1/sessions/x", cookies) == 401)
            // Neither a cookie of our own making nor one made to last.
            for forged in [
                "windhover=", "windhover=9999999999", "windhover=9999999999." + token.suffix(64), token + "0",
            ] {
                #expect(try await Self.status(server, "GET", "/v1/sessions", ["Cookie": forged]) == 401, "\(forged)")
            }
            let secure = try await server.send(
                "POST", "/v1/login", headers: ["Authorization": "Bearer \(Self.key)", "X-Forwarded-Proto": "https"])
            #expect(secure.headers["set-cookie"]?.hasSuffix("; Secure") == true)
            let logout = try await server.send("DELETE", "/v1/login")
            #expect(logout.status == 204 && logout.headers["set-cookie"]?.contains("Max-Age=0") == true)
        }
    }

    @Test func `Without keys there is nothing to log in to`() async throws {
        try await withServer { server in
            let login = try await server.send("POST", "/v1/login")
            #expect(login.status == 204 && login.headers["set-cookie"] == nil)
            // And without pages, no page.
            #expect(try await server.send("GET", "/").status == 404)
        }
    }

    @Test func `A token is good for its key and until its time`() {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let token = LoginToken.make(key: Array(Self.key.utf8), expires: now + 60)
        #expect(LoginToken.isGood(token, key: Array(Self.key.utf8), at: now))
        #expect(LoginToken.isGood(token, key: Array(Self.key.utf8), at: now + 59))
        #expect(!LoginToken.isGood(token, key: Array(Self.key.utf8), at: now + 60))
        #expect(!LoginToken.isGood(token, key: Array("another-long-key".utf8), at: now))
        let later = "1900000000" + token.dropFirst(10)
        #expect(!LoginToken.isGood(later, key: Array(Self.key.utf8), at: now))
        for text in ["", ".", "1900000000.", "1900000000.zz", "+1800000060" + token.dropFirst(10)] {
            #expect(!LoginToken.isGood(text, key: Array(Self.key.utf8), at: now))
        }
    }

    /// By hand, because `URLSession` keeps cookies of its own.
    private static func status(
        _ server: TestServer, _ method: String, _ path: String, _ headers: [String: String]
    ) async throws -> Int {
        let connection = try RawConnection(port: server.port)
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        connection.send("\(method) \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\(lines)\r\n")
        let head = try #require(connection.receiveHead())
        return Int(head.dropFirst(9).prefix(3)) ?? 0
    }
}
