import Inference
import Synchronization

/// Lets so many frames through at a time, in the order they came.
///
/// Frames of video files, whose tasks have a low priority, let the others go first; `UrgencyLine` keeps them from
/// starving.
///
/// More than keep the processors busy would only hold memory: a frame's pixels, tensors and logits are as large as a
/// session's state.
package final class Gate: Sendable {
    private struct State {
        var free: Int
        var waiting = UrgencyLine<CheckedContinuation<Void, Never>>()
        /// When each session came last; what is long ago is forgotten now and then.
        var visits: [String: Duration] = [:]
    }

    private let places: Int
    private let state: Mutex<State>

    package init(places: Int) {
        self.places = places
        state = Mutex(State(free: places))
    }

    /// Whether the sessions of the last second, beside `session`, leave processors idle: fewer than one for every four
    /// places.
    package func isQuiet(for session: String, at now: Duration) -> Bool {
        state.withLock { state in
            let others = state.visits.count { $0.key != session && now - $0.value < .seconds(1) }
            return 4 * others < places
        }
    }

    /// Comes back when a frame of `session`, which came at `now`, may compute.
    package func enter(_ session: String, at now: Duration) async {
        let isUrgent = Task.currentPriority > .low
        await withCheckedContinuation { continuation in
            let enters = state.withLock { state in
                if state.visits.count > 4 * places {
                    state.visits = state.visits.filter { now - $0.value < .seconds(1) }
                }
                // Who can wait is no reason for others to hold back.
                if isUrgent { state.visits[session] = now }
                guard state.free > 0 else {
                    state.waiting.append(continuation, isUrgent: isUrgent)
                    return false
                }
                state.free -= 1
                return true
            }
            if enters { continuation.resume() }
        }
    }

    /// How many wait to enter.
    package var waiting: Int { state.withLock { $0.waiting.count } }

    package func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if let next = state.waiting.popFirst() { return next }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
