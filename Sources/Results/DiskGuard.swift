import Synchronization

/// Watches the room on the disk, so that it never fills up unnoticed.
///
/// It only looks, when it is told to; what follows is up to those who ask for `level`.
final class DiskGuard: Sendable {
    private struct State {
        var level = DiskLevel.ample
        var space: DiskSpace?
    }

    private let thresholds: DiskThresholds
    private let probe: @Sendable () -> DiskSpace?
    private let state = Mutex(State())

    init(thresholds: DiskThresholds, probe: @escaping @Sendable () -> DiskSpace?) {
        self.thresholds = thresholds
        self.probe = probe
        look()
    }

    var level: DiskLevel { state.withLock { $0.level } }
    var space: DiskSpace? { state.withLock { $0.space } }

    /// A disk that does not say how full it is counts as it did before.
    @discardableResult
    func look() -> (before: DiskLevel, now: DiskLevel) {
        let space = probe()
        return state.withLock { state in
            let before = state.level
            state.space = space
            if let space { state.level = thresholds.level(space, after: before) }
            return (before, state.level)
        }
    }
}
