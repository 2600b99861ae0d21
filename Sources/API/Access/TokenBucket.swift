/// So many at once, and so many a second over time.
struct TokenBucket: Sendable {
    let rate: Double
    let burst: Double
    private var tokens: Double
    private var filled: Duration

    /// A full one; times are those of a clock that never goes back.
    init(rate: Double, burst: Double, at now: Duration) {
        self.rate = rate
        self.burst = burst
        tokens = burst
        filled = now
    }

    /// False: there is none left.
    mutating func take(at now: Duration) -> Bool {
        fill(at: now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    mutating func fill(at now: Duration) {
        tokens = min(burst, tokens + max(0, (now - filled) / .seconds(1)) * rate)
        filled = max(filled, now)
    }

    /// As last filled.
    var remaining: Int { Int(tokens) }
    var isFull: Bool { tokens >= burst }
    /// Whole seconds until there is one again, at least 1.
    var secondsToNext: Int { max(1, Int(((1 - tokens) / rate).rounded(.up))) }
    /// Whole seconds until it is full.
    var secondsToFull: Int { Int(((burst - tokens) / rate).rounded(.up)) }
}
