import Foundation

/// Processor time, which others on the machine do not lengthen as they do a clock's.
package enum Stopwatch {
    /// Milliseconds of processor time that `body` takes on this thread.
    package static func thread<Result>(_ body: () throws -> Result) rethrows -> (result: Result, milliseconds: Double) {
        let start = milliseconds(CLOCK_THREAD_CPUTIME_ID)
        let result = try body()
        return (result, milliseconds(CLOCK_THREAD_CPUTIME_ID) - start)
    }

    /// Milliseconds of processor time that this process has used.
    package static var process: Double { milliseconds(CLOCK_PROCESS_CPUTIME_ID) }

    /// Milliseconds that the machine's processors had nothing to do, all together, since it was started; 0 where the
    /// system does not say.
    package static var idle: Double {
        let line = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8))?.prefix { $0 != "\n" }
        let fields = line?.split(separator: " ").compactMap { Double($0) } ?? []
        // user, nice, system, idle, waiting for a disk, … in hundredths of a second
        return fields.count > 4 ? (fields[3] + fields[4]) * 1000 / Double(sysconf(Int32(_SC_CLK_TCK))) : 0
    }

    private static func milliseconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }
}
