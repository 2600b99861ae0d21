import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A Windhover server, seen from Swift.
///
/// ```swift
/// let windhover = WindhoverClient(baseURL: URL(string: "http://127.0.0.1:8080")!)
/// let session = try await windhover.createSession(SessionRequest(droneID: "kestrel-1"))
/// let receipt = try await windhover.upload(FrameUpload(image: jpeg, capturedAt: now), to: session.id, sequence: 0)
/// print(receipt.record.mode, receipt.record.classes)
/// let mask = try await windhover.mask(of: receipt.record.id)
/// ```
///
/// A client is cheap to copy and may be used from any task. Every method throws:
/// - `Problem` when the server refuses, after the retries that `RetryPolicy` allows,
/// - `URLError` when it cannot be reached, likewise,
/// - `DecodingError` when it answers with something that is not what its API promises,
/// - `CancellationError` when the task is cancelled, at once.
public struct WindhoverClient: Sendable {
    /// Where the server is; a path, as behind a proxy, is kept.
    public var baseURL: URL { transport.baseURL }
    /// Whether `upload` resets a session that has been idle too long and sends the frame again.
    public let resumesIdleSessions: Bool

    let transport: Transport

    /// A client for the server at `baseURL`.
    ///
    /// - Parameters:
    ///   - baseURL: `http` or `https`.
    ///   - apiKey: Sent as bearer token when given.
    ///   - retry: When to try again.
    ///   - resumesIdleSessions: See the property.
    ///   - timeout: Seconds without a sign of life after which a request has failed. A cold start of a large model takes
    ///     a while on a small machine.
    public init(
        baseURL: URL, apiKey: String? = nil, retry: RetryPolicy = RetryPolicy(), resumesIdleSessions: Bool = true,
        timeout: TimeInterval = 60
    ) {
        self.init(
            baseURL: baseURL, apiKey: apiKey, retry: retry, resumesIdleSessions: resumesIdleSessions, timeout: timeout,
            sleep: { try await Task.sleep(for: $0) }, jitter: { Double.random(in: 0...1) })
    }

    /// A client whose waiting and whose luck are in the caller's hands.
    package init(
        baseURL: URL, apiKey: String? = nil, retry: RetryPolicy = RetryPolicy(), resumesIdleSessions: Bool = true,
        timeout: TimeInterval = 60, sleep: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.resumesIdleSessions = resumesIdleSessions
        transport = Transport(
            baseURL: baseURL, apiKey: apiKey, retry: retry, timeout: timeout, sleep: sleep, jitter: jitter)
    }

    /// Whether the server takes frames.
    ///
    /// False while it starts, drains, or cannot be reached; never throws but for
    /// cancellation.
    public func isReady() async throws -> Bool {
        var call = HTTPCall(.get, "readyz")
        call.maxAttempts = 1
        do {
            _ = try await transport.perform(call)
            return true
        } catch is Problem, is URLError {
            return false
        }
    }
}
