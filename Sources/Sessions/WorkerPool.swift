import Foundation
import Synchronization

/// A few threads for work that computes: decoding, registration, fusing, encoding.
///
/// Swift's cooperative threads stay free for what waits.
package final class WorkerPool: TaskExecutor, @unchecked Sendable {
    package let threads: Int
    private let condition = NSCondition()
    // Guarded by `condition`. Jobs leave from `first` on; the array is compacted when the queue runs empty.
    private var jobs: [UnownedJob] = []
    private var first = 0

    /// Starts the threads, which live as long as the process.
    package init(threads: Int) {
        self.threads = max(1, threads)
        for index in 0..<self.threads {
            let thread = Thread {
                while true { self.next().runSynchronously(on: self.asUnownedTaskExecutor()) }
            }
            thread.name = "windhover-worker-\(index)"
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            jobs.append(job)
            condition.signal()
        }
    }

    private func next() -> UnownedJob {
        condition.withLock {
            while first == jobs.count { condition.wait() }
            let job = jobs[first]
            first += 1
            if first == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                first = 0
            }
            return job
        }
    }
}
