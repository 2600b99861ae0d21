import API
import Foundation
import Results
import Testing

@Suite(.serialized) struct RateLimitTests {
    @Test func `A key may make so many requests, is told how many, and may go on later`() async throws {
        let clock = TestClock()
        try await withServer({
            $0.server.keys = [TestServer.startKey, "another-key-of-the-start"]
            $0.server.rate = .init(limit: 2, burst: 3)
            $0.server.clock = clock.clock
        }) { server in
            let headers = ["Authorization": "Bearer another-key-of-the-start"]
            for left in [2, 1, 0] {
                let answer = try await server.send("GET", "/v1/sessions", headers: headers)
                #expect(answer.status == 200 && answer.headers["ratelimit-policy"] == "\"key\";q=3;w=2")
                #expect(answer.headers["ratelimit"] == "\"key\";r=\(left);t=\((3 - left + 1) / 2)")
            }
            let limited = try await server.send("GET", "/v1/sessions", headers: headers)
            #expect(limited.status == 429 && limited.problem == "rate-limited")
            #expect(limited.headers["retry-after"] == "1" && limited.headers["ratelimit"] == "\"key\";r=0;t=2")
            // What goes wrong counts as well, and says so.
            clock.advance(by: .milliseconds(500))
            let wrong = try await server.send("GET", "/v1/sessions?x=1", headers: headers)
            #expect(wrong.status == 400 && wrong.headers["ratelimit"]?.contains("r=0") == true)
            #expect(try await server.send("GET", "/v1/sessions", headers: headers).status == 429)
            // Another key has its own, and a probe none.
            #expect(try await server.send("GET", "/v1/sessions", headers: TestServer.root).status == 200)
            let probe = try await server.send("GET", "/healthz", headers: headers)
            #expect(probe.status == 200 && probe.headers["ratelimit"] == nil)
        }
    }

    @Test func `A key's own limit counts before the server's`() async throws {
        let clock = TestClock()
        try await withServer({
            $0.server.keys = [TestServer.startKey]
            $0.server.clock = clock.clock
        }) { server in
            let key = try await server.key(
                #"{"name": "x", "scopes": ["read"], "rate_limit": 1, "rate_burst": 1}"#)
            let first = try await server.send("GET", "/v1/sessions", headers: key.headers)
            #expect(first.status == 200 && first.headers["ratelimit-policy"] == "\"key\";q=1;w=1")
            #expect(try await server.send("GET", "/v1/sessions", headers: key.headers).status == 429)
            let root = try await server.send("GET", "/v1/sessions", headers: TestServer.root)
            #expect(root.status == 200 && root.headers["ratelimit"] == nil)
        }
    }

    @Test func `An address that shows wrong keys has to wait, but keys that cannot be guessed are taken`() async throws
    {
        let clock = TestClock()
        try await withServer({
            $0.server.keys = [TestServer.startKey]
            $0.server.clock = clock.clock
        }) { server in
            let key = try await server.key(scopes: ["read"])
            func get(_ key: String) async throws -> TestServer.Answer {
                try await server.send("GET", "/v1/sessions", headers: ["Authorization": "Bearer \(key)"])
            }
            // Asking without any guesses nothing.
            for _ in 0..<20 { #expect(try await server.send("GET", "/v1/sessions").status == 401) }
            for number in 0..<10 { #expect(try await get("guess-number-\(number)-of-many").status == 401) }
            let eleventh = try await get("guess-number-11-of-many")
            #expect(eleventh.status == 429 && eleventh.problem == "too-many-failures")
            #expect(eleventh.headers["retry-after"] == "6")
            // The right one is not even compared: else the eleventh guess would be worth its while.
            #expect(try await get(TestServer.startKey).status == 429)
            #expect(try await get(KeyToken().text).status == 429)
            #expect(try await get(key.token).status == 200)
            #expect(try await server.send("GET", "/healthz").status == 200)
            clock.advance(by: .seconds(6))
            #expect(try await get(TestServer.startKey).status == 200)
        }
    }
}
