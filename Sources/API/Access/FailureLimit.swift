import Foundation
import Synchronization

/// How often an address may show a wrong key.
///
/// It slows down guessing, and keeps the log readable. Whoever shows a key of 256 random bits is never turned away for
/// it: nobody guesses those, and an address may be a proxy's, with everybody behind it.
final class FailureLimit: Sendable {
    private let buckets = Mutex<[String: TokenBucket]>([:])
    private static let (rate, burst) = (1.0 / 6, 10.0)
    private static let capacity = 10_000

    enum Verdict: Equatable {
        case counted
        /// The address has used up what it had; seconds until it may try again.
        case exhausted(seconds: Int)
    }

    /// Whether an address may try at all.
    func look(_ address: String, at now: Duration) -> Verdict {
        buckets.withLock { buckets in
            guard var bucket = buckets[Self.block(address)] else { return .counted }
            bucket.fill(at: now)
            return bucket.remaining > 0 ? .counted : .exhausted(seconds: bucket.secondsToNext)
        }
    }

    func fail(_ address: String, at now: Duration) -> Verdict {
        buckets.withLock { buckets in
            if buckets.count >= Self.capacity { Self.forget(&buckets, at: now) }
            let block = Self.block(address)
            var bucket = buckets[block] ?? TokenBucket(rate: Self.rate, burst: Self.burst, at: now)
            defer { buckets[block] = bucket }
            return bucket.take(at: now) ? .counted : .exhausted(seconds: bucket.secondsToNext)
        }
    }

    /// Those that have been quiet; if there are none, any: memory counts for more than who guessed before.
    private static func forget(_ buckets: inout [String: TokenBucket], at now: Duration) {
        for (address, bucket) in buckets {
            var bucket = bucket
            bucket.fill(at: now)
            if bucket.isFull { buckets[address] = nil }
        }
        if buckets.count >= capacity { buckets.removeAll() }
    }

    /// Who has one address of IPv6 has 2⁶⁴: they count as one.
    static func block(_ address: String) -> String {
        guard address.contains(":") else { return address }
        var bytes = in6_addr()
        guard inet_pton(AF_INET6, address.prefix { $0 != "%" }.description, &bytes) == 1 else { return address }
        let all = withUnsafeBytes(of: &bytes) { Array($0) }
        // RFC 4291, 2.5.5.2: an IPv4 address that a socket of both kinds sees.
        if all.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] {
            return all.suffix(4).map(String.init).joined(separator: ".")
        }
        return all.prefix(8).map { String($0, radix: 16) }.joined(separator: ":")
    }
}
