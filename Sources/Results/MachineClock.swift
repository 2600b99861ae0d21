import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The wall clock beside the machine's own: tests put theirs in its place.
package struct MachineClock: Sendable {
    package struct Reading: Sendable, Equatable {
        package var wall: Date
        /// Which start of the machine `uptime` counts from; nil where that is not known.
        package var boot: String?
        /// Since the machine started, sleep included: it never goes back.
        package var uptime: Duration

        package init(wall: Date, boot: String?, uptime: Duration) {
            self.wall = wall
            self.boot = boot
            self.uptime = uptime
        }
    }

    package var read: @Sendable () -> Reading

    package init(read: @escaping @Sendable () -> Reading) {
        self.read = read
    }

    package static let system: MachineClock = {
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))
            .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        return MachineClock {
            var time = timespec()
            #if os(Linux)
                clock_gettime(CLOCK_BOOTTIME, &time)
            #else
                clock_gettime(CLOCK_MONOTONIC, &time)
            #endif
            return Reading(
                wall: Date(), boot: boot,
                uptime: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
        }
    }()
}
