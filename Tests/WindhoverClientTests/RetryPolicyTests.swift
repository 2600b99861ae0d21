import Foundation
import Testing
import WindhoverClient

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy(
        baseDelay: .milliseconds(100), maxDelay: .seconds(2), maxRetryAfter: .seconds(30))

    private func problem(_ status: Int, retryAfter: Duration? = nil) -> Problem {
        Problem(type: "about:blank", title: "", status: status, retryAfter: retryAfter)
    }

    private func delay(_ failure: any Error, attempt: Int = 1, idempotent: Bool = true, jitter: Double = 0) -> Duration?
    {
        policy.delay(after: failure, attempt: attempt, isIdempotent: idempotent, jitter: jitter)
    }

    @Test("Waits double up to the longest, and chance takes away at most half")
    func backoff() {
        let waits = (1...7).map { delay(problem(503), attempt: $0) }
        #expect(waits == [100, 200, 400, 800, 1600, 2000, 2000].map { .milliseconds($0) })
        #expect(delay(problem(503), attempt: 2, jitter: 1) == .milliseconds(100))
        #expect(delay(problem(503), attempt: 500) == .seconds(2))
    }

    @Test("A server's wish is followed within reason")
    func retryAfter() {
        #expect(delay(problem(429, retryAfter: .seconds(20))) == .seconds(20))
        #expect(delay(problem(429, retryAfter: .seconds(31))) == nil)
    }

    @Test("A lost connection is only safe to repeat where repeating does no harm")
    func connections() {
        for code in [URLError.Code.networkConnectionLost, .timedOut, .unknown, .badServerResponse] {
            #expect(delay(URLError(code)) != nil)
            #expect(delay(URLError(code), idempotent: false) == nil)
        }
        #expect(delay(URLError(.cannotConnectToHost), idempotent: false) != nil)
        #expect(delay(URLError(.serverCertificateUntrusted)) == nil)
        #expect(delay(URLError(.cancelled)) == nil)
        #expect(delay(CancellationError()) == nil)
    }

    @Test("A gateway's answer says nothing about what the server did")
    func gateways() {
        for status in [502, 504] {
            #expect(delay(problem(status)) != nil)
            #expect(delay(problem(status), idempotent: false) == nil)
        }
        #expect(delay(problem(429), idempotent: false) != nil)
    }
}
