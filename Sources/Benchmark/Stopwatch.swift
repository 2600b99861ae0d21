#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

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

    private static func milliseconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }
}
