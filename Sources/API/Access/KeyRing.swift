import Foundation
import NIOCore
import Results
import Sessions
import Synchronization

/// The keys that there are, as of a second ago at most, and the connections that live by them.
///
/// Checking a key costs no query. What another process does, such as `windhover keys revoke`, is noticed by counting.
final class KeyRing: Sendable {
    private struct State {
        /// Nil: they have not been read.
        var changes: KeyChanges?
        var keys: [String: KeyRecord] = [:]
        var secret: [UInt8] = []
        /// When keys were used, to the minute, where the store does not know it yet.
        var used: [String: Date] = [:]
        var lines: [String: [Int: any Channel]] = [:]
        var holds = 0
    }

    private let store: any KeyStore
    private let clock: ServiceClock
    private let state = Mutex(State())

    init(store: any KeyStore, clock: ServiceClock) {
        self.store = store
        self.clock = clock
    }

    /// Whether a key has ever been made here.
    ///
    /// One that expires or is revoked, and be it the last, does not open the door again.
    var wasUsed: Bool { state.withLock { $0.changes.map { $0.made > 0 } ?? true } }
    /// What the server signs with.
    var secret: [UInt8] { state.withLock { $0.secret } }

    /// Those of this id, good or not.
    func key(_ id: String) -> KeyRecord? { state.withLock { $0.keys[id] } }

    /// Reads what is needed before the first request.
    func open() async throws {
        let secret = try store.secret()
        state.withLock { $0.secret = secret }
        try await refresh()
    }

    /// Looks for keys that were made or revoked, by whomever, and cuts off whose key is not good any more.
    func refresh() async throws {
        let changes = try await store.keyChanges()
        if changes != state.withLock({ $0.changes }) {
            let keys = Dictionary(uniqueKeysWithValues: try await store.keys().map { ($0.id, $0) })
            state.withLock { state in
                // Two that read side by side: keys are only added and revoked, so the more the newer.
                if let known = state.changes, known.made > changes.made || known.revoked > changes.revoked { return }
                (state.keys, state.changes) = (keys, changes)
            }
        }
        let now = clock.now()
        let ended = state.withLock { state in
            let ids = state.lines.keys.filter { state.keys[$0]?.state(at: now) != .active }
            return ids.flatMap { state.lines.removeValue(forKey: $0)?.values.map { $0 } ?? [] }
        }
        for channel in ended { channel.close(mode: .all, promise: nil) }
    }

    // MARK: Use

    func use(_ id: String) {
        let minute = Date(timeIntervalSince1970: (clock.now().timeIntervalSince1970 / 60).rounded(.down) * 60)
        state.withLock { state in
            guard let key = state.keys[id], key.lastUsedAt.map({ $0 < minute }) ?? true else { return }
            state.used[id] = minute
            state.keys[id]?.lastUsedAt = minute
        }
    }

    /// Tells the store what it does not know yet: not more than once a minute of each key.
    func writeUses() async throws {
        let used = state.withLock { state in
            defer { state.used = [:] }
            return state.used
        }
        do {
            try await store.used(used)
        } catch {
            state.withLock { $0.used.merge(used) { new, _ in new } }
            throw error
        }
    }

    // MARK: Connections

    /// A connection that is to be closed when a key is not good any more, for as long as this object lives.
    final class Hold: Sendable {
        private let ring: KeyRing
        private let id: String
        private let number: Int

        fileprivate init(_ ring: KeyRing, _ id: String, _ number: Int) {
            (self.ring, self.id, self.number) = (ring, id, number)
        }

        deinit { ring.release(id, number) }
    }

    /// Nil: the key is not good any more.
    func hold(_ channel: any Channel, for id: String) -> Hold? {
        let now = clock.now()
        let number: Int? = state.withLock { state in
            guard state.keys[id]?.state(at: now) == .active else { return nil }
            state.holds += 1
            state.lines[id, default: [:]][state.holds] = channel
            return state.holds
        }
        return number.map { Hold(self, id, $0) }
    }

    private func release(_ id: String, _ number: Int) {
        state.withLock { state in
            state.lines[id]?[number] = nil
            if state.lines[id]?.isEmpty == true { state.lines[id] = nil }
        }
    }
}
