import Dispatch

/// A picture's rows, divided among threads.
///
/// The calling thread works, too: where no other is free, it does everything and waits for nobody.
enum Bands {
    /// `body`'s results of all rows, from the top; on one thread in one piece.
    static func map<Result>(_ rows: Int, threads: Int, _ body: (Range<Int>) -> Result) -> [Result] {
        // Twice as many as threads: one that comes late takes less.
        let count = threads > 1 ? min(rows, 2 * threads) : 1
        return [Result](unsafeUninitializedCapacity: count) { results, initialized in
            // Bands write to different places, and all of them are done before this returns.
            withoutActuallyEscaping(body) { body in
                nonisolated(unsafe) let (out, work) = (results.baseAddress!, body)
                DispatchQueue.concurrentPerform(iterations: count) { band in
                    (out + band).initialize(to: work(rows * band / count..<rows * (band + 1) / count))
                }
            }
            initialized = count
        }
    }
}
