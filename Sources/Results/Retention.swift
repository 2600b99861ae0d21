import Foundation
import GRDB

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Removes what the policy no longer keeps: rows in small slices, pictures by whole packs.
///
/// Each slice is a turn of the store's writer between two groups of frames, and a pause several times as long follows
/// it, so that frames wait for one slice at most and retention takes a small part of the writer's time. A run that is
/// cut short, by a stop or a crash, leaves nothing to repair: the next one goes on.
package actor Retention {
    package struct Options: Sendable {
        /// Rows a slice looks at: about ten milliseconds.
        package var sliceRows = 128
        /// Pause after a slice, in times of what it took.
        package var pause = 4.0
        /// Packs of sessions that had a frame more recently do not go for their size alone.
        package var recent: TimeInterval = 3600
        /// Packs without rows that are younger may be about to get them.
        package var orphanAge: TimeInterval = 600

        package init() {}
    }

    package nonisolated let policy: RetentionPolicy
    nonisolated let store: SQLiteStore
    nonisolated let options: Options
    private let clock: MachineClock
    private var current: RetentionReport?
    /// The last real run that has ended.
    package private(set) var lastRun: RetentionReport?
    private var isStopped = false
    private let files = DispatchQueue(label: "windhover.retention", qos: .utility)

    package init(
        store: SQLiteStore, policy: RetentionPolicy, clock: MachineClock = .system, options: Options = Options()
    ) {
        self.store = store
        self.policy = policy
        self.clock = clock
        self.options = options
    }

    /// The real run that is under way, as far as it has come.
    package var running: RetentionReport? { current }

    /// Ends a run after its slice; there are no more.
    package func stop() { isStopped = true }

    /// Makes ready for a run, to be followed by `proceed`; false where another is under way.
    package func begin() -> Bool {
        guard current == nil, !isStopped else { return false }
        current = RetentionReport(isDryRun: false, startedAt: clock.read().wall)
        return true
    }

    /// Removes what is past.
    ///
    /// With `confirmingClock` the wall clock is believed whatever it says.
    package func proceed(confirmingClock: Bool = false) async throws -> RetentionReport {
        defer { current = nil }
        let now = clock.read()
        if let ahead = try await clockAhead(now, confirming: confirmingClock) {
            current?.clockAhead = ahead
        } else {
            try await removeAll(now: now.wall)
        }
        current?.finishedAt = clock.read().wall
        lastRun = current
        return current!
    }

    /// Seconds by which the clock is too far ahead to be believed; nil where it can be.
    package func clockAhead() async throws -> TimeInterval? {
        guard case .ahead(let seconds) = ClockGuard.judge(clock.read(), after: try await store.believedClock()) else {
            return nil
        }
        return seconds
    }

    /// What a run would remove now, as far as can be said without doing it.
    package func dryRun() async throws -> RetentionReport {
        let now = clock.read()
        var report = RetentionReport(isDryRun: true, startedAt: now.wall)
        report.clockAhead = try await clockAhead()
        let sessions = try await store.retainedSessions()
        for session in sessions where session.created < (rule(session).rowsEnd(now.wall) ?? .distantPast) {
            let end = rule(session).rowsEnd(now.wall)!
            let past = try await store.countPast(session, before: end, page: options.sliceRows)
            guard !session.isHeld else {
                report.heldSessions += past > 0 ? 1 : 0
                continue
            }
            report.rows += past
            if past == session.frames, session.isOver(end) { report.sessions += 1 }
        }
        try await plan(sessions, now: now.wall, report: &report) { _, _ in true }
        report.isComplete = true
        report.finishedAt = clock.read().wall
        return report
    }

    // MARK: The clock

    /// Seconds by which the clock is too far ahead; nil where it can be believed, which is then written down.
    private func clockAhead(_ now: MachineClock.Reading, confirming: Bool) async throws -> TimeInterval? {
        let last = confirming ? nil : try await store.believedClock()
        switch ClockGuard.judge(now, after: last) {
        case .ahead(let seconds): return seconds
        case .plausible(let believed):
            try await store.believe(believed)
            return nil
        }
    }

    // MARK: Removing

    private func removeAll(now: Date) async throws {
        let sessions = try await store.retainedSessions()
        for session in sessions where session.created < (rule(session).rowsEnd(now) ?? .distantPast) {
            guard !isStopped else { return }
            try await removeRows(of: session, before: rule(session).rowsEnd(now)!)
        }
        // Anew: sessions have gone, and holds may have been placed.
        var report = current!
        try await plan(try await store.retainedSessions(), now: now, report: &report) { pack, reason in
            try await self.remove(pack, reason, now: now)
        }
        let counted = current!
        report.rows = counted.rows
        report.sessions = counted.sessions
        report.heldSessions = counted.heldSessions
        report.isComplete = !isStopped
        current = report
        try await giveBackPages()
    }

    private func removeRows(of session: RetainedSession, before end: Date) async throws {
        guard !session.isHeld else {
            let past = try await store.countPast(session, before: end, page: 1)
            current?.heldSessions += past > 0 ? 1 : 0
            return
        }
        let limit = options.sliceRows
        var place: Int64 = -1
        while !isStopped {
            let slice = try await paced { [store, place] in
                try await store.removeSlice(of: session.key, after: place, before: end, limit: limit)
            }
            current?.rows += slice.removed
            guard let next = slice.next else { break }
            place = next
        }
        guard session.isOver(end) else { return }
        while !isStopped {
            let step = try await paced { [store] in
                try await store.removeSession(session.key, before: end, limit: 4 * limit)
            }
            switch step {
            case .again: continue
            case .gone: current?.sessions += 1
            case .stays: break
            }
            break
        }
    }

    private func remove(_ pack: PackFile, _ reason: PackReason, now: Date) async throws -> Bool {
        guard !isStopped else { return false }
        let recent = now - options.recent
        return try await paced { [store, files] in
            guard let descriptor = try await store.remove(pack, reason, recent: recent) else { return false }
            // The bytes of a large file are freed when the last that holds it lets go, which takes its time.
            files.async { close(descriptor) }
            return true
        }
    }

    /// Hands pages back to the file system where much more is free than what is to come will need.
    private func giveBackPages() async throws {
        while !isStopped, try await paced({ [store] in try await store.giveBackPages() }) {}
    }

    /// A turn of the writer, and the pause after it.
    private func paced<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        let start = ContinuousClock.now
        let value = try await work()
        if options.pause > 0 { try? await Task.sleep(for: (ContinuousClock.now - start) * options.pause) }
        if Task.isCancelled { isStopped = true }
        return value
    }

    // MARK: What is past

    private func rule(_ session: RetainedSession?) -> RetentionPolicy.Rule { policy.rule(of: session?.mission) }

    private func packs() async throws -> [PackFile] {
        let directory = store.directory
        return try await withCheckedThrowingContinuation { continuation in
            files.async { continuation.resume(with: Result { try PackFile.all(in: directory) }) }
        }
    }

    /// Goes through all packs, the oldest first, and removes through `remove`, which says whether it was done.
    private func plan(
        _ sessions: [RetainedSession], now: Date, report: inout RetentionReport,
        remove: (PackFile, PackReason) async throws -> Bool
    ) async throws {
        let known = Dictionary(sessions.map { ($0.id, $0) }) { first, _ in first }
        var kept: [(pack: PackFile, session: RetainedSession?)] = []
        for pack in try await packs() {
            report.stored.add(pack)
            let session = known[pack.session]
            if pack.modified < now - options.orphanAge, try await store.isOrphan(pack) {
                if try await remove(pack, .orphan) { report.orphans.add(pack) }
                continue
            }
            guard let session, let end = rule(session).picturesEnd(now),
                pack.isPast(before: end, lastFrame: session.lastFrame, ended: session.ended != nil)
            else {
                kept.append((pack, session))
                continue
            }
            if session.isHeld {
                report.heldPacks.add(pack)
                kept.append((pack, session))
            } else if try await remove(pack, .expired(before: end)) {
                report.expired.add(pack)
            }
        }

        // Those of a mission with a limit of its own, and all others.
        let buckets = Dictionary(grouping: kept) { item -> String? in
            item.session?.mission.flatMap { policy.missions[$0]?.maxPictures == nil ? nil : $0 }
        }
        for (mission, items) in buckets {
            guard let limit = policy.rule(of: mission).maxPictures else { continue }
            var excess = items.reduce(-limit) { $0 + $1.pack.bytes }
            for (pack, session) in items where excess > 0 {
                guard let session,
                    pack.isPast(before: now - options.recent, lastFrame: session.lastFrame, ended: session.ended != nil)
                else {
                    continue
                }
                if session.isHeld {
                    report.heldPacks.add(pack)
                } else if try await remove(pack, .oversize) {
                    report.oversize.add(pack)
                    excess -= pack.bytes
                }
            }
        }
    }
}

/// Why a pack goes.
enum PackReason: Sendable, Equatable {
    case orphan
    case expired(before: Date)
    case oversize
}
