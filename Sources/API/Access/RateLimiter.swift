import HTTPTypes
import Hummingbird
import Results
import Synchronization

/// How many requests each key may make.
///
/// A request is one request, however long it lasts: the frames of a stream that is pushed are the machine's to limit.
final class RateLimiter: Sendable {
    /// Of keys that have none of their own; nil: they are not limited.
    private let standard: KeyRecord.Rate?
    private let buckets = Mutex<[String: TokenBucket]>([:])

    init(_ standard: KeyRecord.Rate?) {
        self.standard = standard
    }

    /// What is left to a key.
    struct Allowance: Sendable {
        let rate: KeyRecord.Rate
        let remaining: Int
        let secondsToFull: Int
        /// Nil: this request may go on.
        let secondsToNext: Int?

        /// draft-ietf-httpapi-ratelimit-headers-10: the quota and its window; what is left, and when it is whole again.
        var headers: HTTPFields {
            let window = (rate.burst + rate.limit - 1) / rate.limit
            return [
                HTTPField.Name("RateLimit-Policy")!: "\"key\";q=\(rate.burst);w=\(window)",
                HTTPField.Name("RateLimit")!: "\"key\";r=\(remaining);t=\(secondsToFull)",
            ]
        }
    }

    /// Nil: the key is not limited.
    func take(_ key: String, _ own: KeyRecord.Rate?, at now: Duration) -> Allowance? {
        guard let rate = own ?? standard else { return nil }
        return buckets.withLock { buckets in
            var bucket =
                buckets[key] ?? TokenBucket(rate: Double(rate.limit), burst: Double(rate.burst), at: now)
            let isGood = bucket.take(at: now)
            buckets[key] = bucket
            return Allowance(
                rate: rate, remaining: bucket.remaining, secondsToFull: bucket.secondsToFull,
                secondsToNext: isGood ? nil : bucket.secondsToNext)
        }
    }

    /// Lets go of what has been whole again for a while, keys that are gone among them.
    func tidy(at now: Duration) {
        buckets.withLock { buckets in
            for (key, bucket) in buckets {
                var bucket = bucket
                bucket.fill(at: now)
                if bucket.isFull { buckets[key] = nil }
            }
        }
    }
}

extension Problem {
    static func rateLimited(_ seconds: Int) -> Problem {
        Problem(
            status: .tooManyRequests, slug: "rate-limited", title: "The key makes too many requests",
            detail: "The RateLimit headers say how many it may make.", retryAfter: seconds)
    }
}
