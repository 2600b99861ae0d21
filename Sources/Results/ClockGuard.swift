import Foundation

/// Whether the wall clock can be what it says: removing what is old must not believe a clock that has jumped ahead.
///
/// The last time that was believed is kept, with the machine's own clock beside it. As long as the machine runs, the
/// two must go at one pace; over a restart of it, it can have been off for a while. What is further ahead waits for
/// somebody to confirm it, or for the clock to be put right. A clock that goes back removes less, which harms nobody;
/// what was believed stays, so that its coming forth again is no jump.
package enum ClockGuard {
    /// Apart, while the machine runs: clocks that are set right by steps, leap seconds, a summer time gone wrong.
    static let tolerance: TimeInterval = 3600
    /// The longest that a machine can have been off without anybody's being asked.
    static let longestAbsence: TimeInterval = 7 * 86_400

    package enum Verdict: Sendable, Equatable {
        /// To be kept as what was last believed.
        case plausible(MachineClock.Reading)
        /// Seconds by which the clock is ahead of the latest time that could be.
        case ahead(by: TimeInterval)
    }

    /// - Parameter last: The reading that was last believed; nil where there is none yet.
    package static func judge(_ now: MachineClock.Reading, after last: MachineClock.Reading?) -> Verdict {
        guard let last else { return .plausible(now) }
        let sameStart = last.boot != nil && last.boot == now.boot && now.uptime >= last.uptime
        let passed = (sameStart ? now.uptime - last.uptime : now.uptime) / .seconds(1)
        let expected = last.wall + passed
        let slack = sameStart ? tolerance : longestAbsence
        let excess = now.wall.timeIntervalSince(expected) - slack
        if excess > 0 { return .ahead(by: excess) }
        var believed = now
        if now.wall < (sameStart ? expected - tolerance : last.wall) {
            believed.wall = sameStart ? expected : last.wall
        }
        return .plausible(believed)
    }
}
