import Synchronization

/// How many frames are in the image model at a time, and whether that is a crowd.
///
/// Two are none: while one is in the image model the other is often elsewhere, and a thread that has only its own
/// frame to compute stands idle. Where there were three, others come soon.
package final class Traffic: Sendable {
    private struct State {
        var running = 0
        /// The last time at which there were as many as make a crowd.
        var crowded: ContinuousClock.Instant?

        func remembersCrowd(at now: ContinuousClock.Instant) -> Bool {
            crowded.map { now - $0 < Traffic.memory } ?? false
        }
    }

    /// Frames at once that are a crowd.
    package static let crowd = 3
    /// For how long one is remembered.
    package static let memory = Duration.seconds(1)

    private let state = Mutex(State())

    package init() {}

    /// A frame comes; answers whether it is among others of a crowd.
    package func enter(at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            state.running += 1
            if state.running >= Self.crowd { state.crowded = now }
            return state.running > 1 && state.remembersCrowd(at: now)
        }
    }

    package func leave() { state.withLock { $0.running -= 1 } }

    /// Whether a frame that has left the image model is among others of a crowd.
    package func isCrowded(at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { $0.running > 0 && $0.remembersCrowd(at: now) }
    }
}
