import Subprocess
import Synchronization

/// Knows how long a program has given no sign of life while somebody waited for one.
final class Watch: Sendable {
    private struct State {
        var last = ContinuousClock.now
        var waits = false
    }

    private let patience: Duration
    private let state = Mutex(State())

    init(patience: Duration) {
        self.patience = patience
    }

    /// Runs `work`, and reads what the program says meanwhile, until both are over.
    ///
    /// Throws `VideoFailure` where the program is silent for too long; whoever runs it then ends it.
    func attend(
        _ errors: SubprocessOutputSequence, line: @escaping @Sendable (String) -> Void,
        _ work: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for try await text in errors.strings() {
                    self.saw()
                    line(text)
                }
                return true
            }
            group.addTask {
                try await work()
                // Its end is waited for, too.
                self.set(waits: true)
                return true
            }
            group.addTask {
                try await self.keep()
                return false
            }
            var over = 0
            while over < 2, let isWork = try await group.next() { over += isWork ? 1 : 0 }
            group.cancelAll()
        }
    }

    /// Waits for something of the program's.
    func waiting<Value>(_ read: () async throws -> Value) async rethrows -> Value {
        set(waits: true)
        defer { set(waits: false) }
        return try await read()
    }

    private func saw() { state.withLock { $0.last = .now } }

    private func set(waits: Bool) { state.withLock { $0 = State(last: .now, waits: waits) } }

    /// Throws when it has been silent for too long; comes back only when cancelled.
    private func keep() async throws {
        while true {
            let (last, waits) = state.withLock { ($0.last, $0.waits) }
            let silent = ContinuousClock.now - last
            if waits, silent >= patience {
                throw VideoFailure("ffmpeg gave no sign of life for \(patience.components.seconds) s and was ended.")
            }
            try await Task.sleep(for: waits ? patience - silent : patience)
        }
    }
}
