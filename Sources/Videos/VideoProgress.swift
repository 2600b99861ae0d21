import Synchronization

/// How far a running job has come, and how fast it goes.
package final class VideoProgress: Sendable {
    package enum Phase: String, Sendable {
        case frames, overlay
    }

    private struct State {
        var phase = Phase.frames
        var done = 0
        /// What the job's rate is taken of: the last half minute.
        var samples: [(time: ContinuousClock.Instant, done: Int)] = []
        var told: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    init(done: Int) {
        state.withLock { $0.done = done }
    }

    package struct Reading: Sendable, Equatable {
        package var phase: Phase
        /// Frames that were run, or drawn.
        package var done: Int
        /// Frames a second; nil where it has only just begun.
        package var rate: Double?
    }

    package var reading: Reading {
        state.withLock { state in
            var rate: Double?
            if let first = state.samples.first, let last = state.samples.last, last.time > first.time {
                rate = Double(last.done - first.done) / ((last.time - first.time) / .seconds(1))
            }
            return Reading(phase: state.phase, done: state.done, rate: rate)
        }
    }

    func enter(_ phase: Phase, done: Int) {
        state.withLock {
            $0.phase = phase
            $0.done = done
            $0.samples = []
        }
    }

    /// One more; true: it is time to tell of it.
    func step(at now: ContinuousClock.Instant = .now, tellEvery: Duration) -> Bool {
        state.withLock { state in
            state.done += 1
            // A few samples a second are enough.
            if state.samples.last.map({ now - $0.time >= .milliseconds(200) }) ?? true {
                state.samples.append((now, state.done))
                state.samples.removeAll { now - $0.time > .seconds(30) }
            }
            guard state.told.map({ now - $0 >= tellEvery }) ?? true else { return false }
            state.told = now
            return true
        }
    }
}
