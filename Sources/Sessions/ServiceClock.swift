import Foundation

/// The time, as sessions see it: tests put their own in its place.
package struct ServiceClock: Sendable {
    /// Wall-clock time, for records.
    package var now: @Sendable () -> Date
    /// Time since some fixed moment that never goes back, for time-outs.
    package var uptime: @Sendable () -> Duration

    package init(now: @escaping @Sendable () -> Date, uptime: @escaping @Sendable () -> Duration) {
        self.now = now
        self.uptime = uptime
    }

    package static let system: ServiceClock = {
        let start = ContinuousClock.now
        return ServiceClock(now: { Date() }, uptime: { ContinuousClock.now - start })
    }()
}
