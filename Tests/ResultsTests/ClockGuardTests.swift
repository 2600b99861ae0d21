import Foundation
import Results
import Testing

@Suite struct ClockGuardTests {
    private static let hour = 3600.0
    private static let day = 86_400.0

    private func reading(_ wall: Date, _ uptime: Double, boot: String? = "a") -> MachineClock.Reading {
        .init(wall: wall, boot: boot, uptime: .seconds(uptime))
    }

    @Test func `a clock that goes as the machine's own is believed, over any time`() {
        let last = reading(.noon, 100)
        let now = reading(.noon + 400 * Self.day, 100 + 400 * Self.day)
        #expect(ClockGuard.judge(now, after: last) == .plausible(now))
    }

    @Test func `a step within an hour is the clock's being put right`() {
        let last = reading(.noon, 100)
        let now = reading(.noon + 10 + Self.hour, 110)
        #expect(ClockGuard.judge(now, after: last) == .plausible(now))
        #expect(ClockGuard.judge(reading(.noon + 11 + Self.hour, 110), after: last) == .ahead(by: 1))
    }

    @Test func `a jump to 2038 is not believed, nor after any number of looks`() {
        let last = reading(.noon, 100)
        let future = Date(timeIntervalSince1970: 2_147_483_647)
        for passed in [0.0, Self.hour, 30 * Self.day] {
            guard case .ahead = ClockGuard.judge(reading(future + passed, 100 + passed), after: last) else {
                Issue.record("believed after \(passed) s")
                continue
            }
        }
    }

    @Test func `a machine that was started anew can have been off for a week, and no longer`() {
        let last = reading(.noon, 1_000_000)
        let week = reading(.noon + 7 * Self.day + 60, 60, boot: "b")
        #expect(ClockGuard.judge(week, after: last) == .plausible(week))
        #expect(ClockGuard.judge(reading(.noon + 7 * Self.day + 61, 60, boot: "b"), after: last) == .ahead(by: 1))
        // Without a name for the start, any may be another.
        #expect(
            ClockGuard.judge(reading(.noon + 8 * Self.day, 60, boot: nil), after: reading(.noon, 50, boot: nil))
                == .ahead(by: Self.day - 60))
    }

    @Test func `a clock that goes back is harmless, and its coming forth again no jump`() {
        let last = reading(.noon, 100)
        let back = reading(.noon - 5 * Self.day, 160)
        let believed = reading(.noon + 60, 160)
        #expect(ClockGuard.judge(back, after: last) == .plausible(believed))
        let forth = reading(.noon + 120, 220)
        #expect(ClockGuard.judge(forth, after: believed) == .plausible(forth))
        // Over a start of the machine, too.
        let dead = reading(Date(timeIntervalSince1970: 0), 5, boot: "b")
        #expect(ClockGuard.judge(dead, after: last) == .plausible(reading(.noon, 5, boot: "b")))
    }

    @Test func `the first reading is believed`() {
        #expect(ClockGuard.judge(reading(.noon, 5), after: nil) == .plausible(reading(.noon, 5)))
    }
}
