import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Sends requests, again where that is safe and the policy allows.
struct Transport: Sendable {
    let baseURL: URL
    let apiKey: String?
    let retry: RetryPolicy
    let timeout: TimeInterval
    let sleep: @Sendable (Duration) async throws -> Void
    /// 0…1.
    let jitter: @Sendable () -> Double

    private let connection: Connection

    /// Closes its connections when the last copy of the client is gone; a `URLSession` does not do so by itself.
    private final class Connection: Sendable {
        let session: URLSession

        init() {
            let configuration = URLSessionConfiguration.ephemeral
            configuration.urlCache = nil
            configuration.httpCookieStorage = nil
            session = URLSession(configuration: configuration)
        }

        deinit {
            session.finishTasksAndInvalidate()
        }
    }

    init(
        baseURL: URL, apiKey: String?, retry: RetryPolicy, timeout: TimeInterval,
        sleep: @escaping @Sendable (Duration) async throws -> Void, jitter: @escaping @Sendable () -> Double
    ) {
        self.baseURL = baseURL
        self.apiKey = apiKey
        self.retry = retry
        self.timeout = timeout
        self.sleep = sleep
        self.jitter = jitter
        connection = Connection()
    }

    func decode<Value: Decodable>(_ type: Value.Type, _ call: HTTPCall) async throws -> Value {
        try Wire.decoder.decode(type, from: try await perform(call).body)
    }

    /// The answer to a request, or the last error.
    func perform(_ call: HTTPCall) async throws -> HTTPAnswer {
        // Built once: each attempt sends the same bytes to the same place.
        let request = call.request(to: baseURL, apiKey: apiKey, timeout: timeout)
        var attempt = 1
        while true {
            let failure: any Error
            do {
                return try await attemptOnce(request, attempt)
            } catch {
                failure = error
            }
            try Task.checkCancellation()
            guard attempt < min(retry.maxAttempts, call.maxAttempts),
                let delay = retry.delay(
                    after: failure, attempt: attempt, isIdempotent: call.isIdempotent, jitter: jitter())
            else { throw failure }
            try await sleep(delay)
            attempt += 1
        }
    }

    /// One attempt as far as this library is concerned: when a kept connection turns out to be dead, libcurl and
    /// CFNetwork send once more on a fresh one by themselves.
    private func attemptOnce(_ request: URLRequest, _ attempt: Int) async throws -> HTTPAnswer {
        let (body, response) = try await connection.session.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        let answer = HTTPAnswer(response, body: body, attempts: attempt)
        guard (200..<300).contains(answer.status) else { throw Problem(answer) }
        return answer
    }
}
