import Foundation
import Synchronization

/// Wakes those who wait for events, or for calls to make: it carries none itself, so that whoever is slow costs no memory.
final class EventSignal: Sendable {
    private struct State {
        var newest: Int64
        var waiting: [UUID: (cursor: Int64, continuation: CheckedContinuation<Void, Never>)] = [:]
    }

    private let state: Mutex<State>

    init(newest: Int64) {
        state = Mutex(State(newest: newest))
    }

    var newest: Int64 { state.withLock { $0.newest } }

    /// There are events up to here.
    func raise(to cursor: Int64) {
        let woken = state.withLock { state in
            state.newest = max(state.newest, cursor)
            let woken = state.waiting.filter { $0.value.cursor < state.newest }
            for id in woken.keys { state.waiting[id] = nil }
            return woken.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Comes back when there are events after the cursor, or the task is cancelled.
    func follow(_ cursor: Int64) async {
        let id = UUID()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    // Cancelled before: the handler has found nobody waiting.
                    if state.newest > cursor || Task.isCancelled { return true }
                    state.waiting[id] = (cursor, continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.continuation.resume()
        }
    }
}
