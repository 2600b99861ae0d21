import Synchronization

/// Lets so many searches through at a time, in the order they came.
///
/// A search keeps a processor busy from its beginning to its end. More than there are processors would end no sooner,
/// and frames that are stored beside them would wait for their turn among all of them.
package final class SearchLine: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    package init(places: Int) {
        state = Mutex(State(free: places))
    }

    /// Does a search when it is its turn.
    package func pass<Value: Sendable>(_ search: () async throws -> Value) async throws -> Value {
        await withCheckedContinuation { continuation in
            let enters = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if enters { continuation.resume() }
        }
        defer {
            state.withLock { state in
                guard !state.waiting.isEmpty else {
                    state.free += 1
                    return nil as CheckedContinuation<Void, Never>?
                }
                return state.waiting.removeFirst()
            }?.resume()
        }
        return try await search()
    }
}
