import Synchronization

/// What became of a stream's frames, and how many are on their way.
final class Tally: Sendable {
    struct Sum {
        var stored = 0
        var failed = 0
        var dropped = 0
        /// Dropped, and not yet told.
        var untold = 0
        /// In the session or waiting for it.
        var pending = 0
    }

    private struct State {
        var sum = Sum()
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var sum: Sum { state.withLock { $0.sum } }

    func add(_ change: (inout Sum) -> Void) {
        state.withLock { state in
            change(&state.sum)
            guard state.sum.pending < 2 else { return nil as CheckedContinuation<Void, Never>? }
            defer { state.waiting = nil }
            return state.waiting
        }?.resume()
    }

    func takeUntold() -> Int {
        state.withLock { state in
            defer { state.sum.untold = 0 }
            return state.sum.untold
        }
    }

    /// Comes back when fewer than two are on their way; one may wait.
    func room() async {
        await withCheckedContinuation { continuation in
            let isRoom = state.withLock { state in
                if state.sum.pending < 2 { return true }
                state.waiting = continuation
                return false
            }
            if isRoom { continuation.resume() }
        }
    }
}
