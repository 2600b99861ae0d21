import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// When a request that failed is sent again, and how long the client waits before.
///
/// The wait doubles from attempt to attempt, up to `maxDelay`, and chance takes away up to half of it, so that a fleet
/// that lost its server does not come back in step. A server's `Retry-After` is waited for in full.
public struct RetryPolicy: Sendable, Equatable {
    /// How often a request is sent at most; 1 means never again.
    public var maxAttempts: Int
    /// The wait after the first failure.
    public var baseDelay: Duration
    /// The longest wait between two attempts, unless the server asks for a longer one.
    public var maxDelay: Duration
    /// A server that asks for a longer wait than this is not waited for: the `Problem` is thrown at once.
    public var maxRetryAfter: Duration

    public init(
        maxAttempts: Int = 6, baseDelay: Duration = .milliseconds(250), maxDelay: Duration = .seconds(10),
        maxRetryAfter: Duration = .seconds(60)
    ) {
        self.maxAttempts = maxAttempts
        self.baseDelay = baseDelay
        self.maxDelay = maxDelay
        self.maxRetryAfter = maxRetryAfter
    }

    /// Each request is sent once.
    public static let never = RetryPolicy(maxAttempts: 1)

    /// The wait before the next attempt; nil when another one would be useless or unsafe.
    package func delay(after failure: any Error, attempt: Int, isIdempotent: Bool, jitter: Double) -> Duration? {
        switch failure {
        case let problem as Problem:
            guard Self.isTransient(problem, isIdempotent: isIdempotent) else { return nil }
            if let wait = problem.retryAfter {
                return wait <= maxRetryAfter ? wait : nil
            }
        case let error as URLError:
            guard Self.isTransient(error, isIdempotent: isIdempotent) else { return nil }
        default:
            return nil
        }
        return backoff(attempt: attempt, jitter: jitter)
    }

    private func backoff(attempt: Int, jitter: Double) -> Duration {
        // 2³⁰ times the shortest wait is beyond every limit; more would overflow.
        let full = min(maxDelay, baseDelay * (1 << min(attempt - 1, 30)))
        return full * (1 - jitter / 2)
    }

    /// Whether a server that answered so may answer otherwise later.
    private static func isTransient(_ problem: Problem, isIdempotent: Bool) -> Bool {
        switch problem.status {
        // Nothing has been done yet (RFC 6585 §4, RFC 9110 §15.6.4). A frame dropped for newer ones stays dropped.
        case 429, 503: problem.kind != .frameDropped
        // A gateway lost the server; who knows what the server did.
        case 502, 504: isIdempotent
        default: false
        }
    }

    /// Whether a connection that failed so may work later.
    private static func isTransient(_ error: URLError, isIdempotent: Bool) -> Bool {
        switch error.code {
        // The request never left.
        case .cannotConnectToHost, .cannotFindHost, .dnsLookupFailed, .notConnectedToInternet: true
        // Asking again cannot help.
        case .cancelled, .badURL, .unsupportedURL, .userAuthenticationRequired, .userCancelledAuthentication,
            .secureConnectionFailed, .serverCertificateHasBadDate, .serverCertificateUntrusted,
            .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid, .clientCertificateRejected,
            .clientCertificateRequired, .httpTooManyRedirects, .redirectToNonExistentLocation:
            false
        // Lost on the way or timed out. On Linux much of what libcurl reports is `.unknown`.
        default: isIdempotent
        }
    }
}
