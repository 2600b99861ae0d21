import Foundation
import Testing
import WindhoverClient

@Suite struct ProblemTests {
    private func problem(_ status: Int, headers: [String: String] = [:], body: String) async throws -> Problem {
        let server = try ScriptedServer([.answer(status, headers: headers, body: body)])
        defer { server.stop() }
        let client = makeClient(server, retry: .never)
        return try #require(await #expect(throws: Problem.self) { try await client.session("s1") })
    }

    @Test(
        "The kind of a problem is the last part of its type",
        arguments: [
            "urn:windhover:problem:frame-out-of-order", "https://windhover.example/problems/frame-out-of-order",
            "https://windhover.example/problems#frame-out-of-order",
        ])
    func kind(type: String) async throws {
        let body = #"{"type": "\#(type)", "title": "Out of order", "status": 409, "expected_sequence": 8, "x": []}"#
        let problem = try await problem(409, body: body)
        #expect(problem.kind == .frameOutOfOrder)
        #expect(problem.type == type)
        #expect(problem.expectedSequence == 8)
    }

    @Test("A problem tells people what happened and what to quote")
    func description() async throws {
        let problem = try await problem(500, body: Fixture.problem("inference-failed", 500))
        #expect(problem.description == "A problem (500): More about it [request r1]")
    }

    @Test("An answer that is no problem document is one nevertheless")
    func proxy() async throws {
        let problem = try await problem(404, headers: ["X-Request-Id": "r9"], body: "no such page\nreally")
        #expect(problem.type == "about:blank")
        #expect(problem.title == "HTTP 404")
        #expect(problem.detail == "no such page")
        #expect(problem.requestID == "r9")
    }

    @Test("Retry-After may be seconds or a date")
    func retryAfter() async throws {
        let seconds = try await problem(503, headers: ["Retry-After": "7"], body: "{}")
        #expect(seconds.retryAfter == .seconds(7))
        let past = try await problem(503, headers: ["Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"], body: "{}")
        #expect(past.retryAfter == .zero)
        let nonsense = try await problem(503, headers: ["Retry-After": "soon"], body: "{}")
        #expect(nonsense.retryAfter == nil)
    }
}
