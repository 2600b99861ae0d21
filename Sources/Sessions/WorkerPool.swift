import Foundation
import Synchronization

/// A few threads for work that computes: decoding, registration, fusing, encoding.
///
/// Swift's cooperative threads stay free for what waits.
package final class WorkerPool: TaskExecutor, @unchecked Sendable {
    private let condition = NSCondition()
    // Guarded by `condition`. Jobs leave from `first` on; the array is compacted when the queue runs empty.
    private var jobs: [UnownedJob] = []
    private var first = 0
    private var closed = false

    package init(threads: Int) {
        for index in 0..<max(1, threads) {
            let thread = Thread { [weak self] in
                // The pool itself is only held while a job runs, so that it can go away.
                while let pool = self, let job = pool.next() { job.runSynchronously(on: pool.asUnownedTaskExecutor()) }
            }
            thread.name = "windhover-worker-\(index)"
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    /// Threads leave once the queue is empty.
    ///
    /// Nothing may be enqueued afterwards.
    package func close() {
        condition.withLock {
            closed = true
            condition.broadcast()
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            jobs.append(job)
            condition.signal()
        }
    }

    private func next() -> UnownedJob? {
        condition.withLock {
            while first == jobs.count {
                if closed { return nil }
                condition.wait()
            }
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
