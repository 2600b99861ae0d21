import Foundation
import GRDB
import Synchronization

/// The one writer: takes everything that waits, makes its pictures durable, then its rows, in one transaction.
///
/// Syncing is what a commit costs, and a group shares it: while one group is synced the next gathers, so groups grow
/// with the load and a lone frame waits for nobody. All of it runs on the serial queue of the database's write
/// connection; callers wait suspended.
final class GroupWriter: Sendable {
    /// One change to the database.
    ///
    /// Exactly one of `rows`' result and `fail` is called, once, when its fate is settled.
    struct Change: Sendable {
        var pictures = FramePictures()
        /// The pack for the pictures; unused without any.
        var pack = ""
        var isFrame = false
        /// Writes the rows, within a savepoint.
        ///
        /// What it returns is called when they are durable.
        var rows: @Sendable (Database, PlacedPictures) throws -> @Sendable () -> Void
        var fail: @Sendable (any Error) -> Void
    }

    /// `PackWriter.remove`.
    typealias RemovePack = (_ file: String) throws -> Int32?

    /// Work that has the writer for itself; settles its caller.
    private struct Job {
        var run: @Sendable (Database, RemovePack) -> @Sendable () -> Void
        var fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var waiting: [Change] = []
        var jobs: [Job] = []
        var inFlight = 0
        var isDraining = false
        var isClosed = false
        var statistics = StoreStatistics()
    }

    /// Milliseconds that frames wait for readers, so that the log can be emptied.
    private static let checkpointPatience = 200

    private let database: DatabasePool
    private let folder: DataFolder
    private let options: SQLiteStore.Options
    private let state = Mutex(State())
    /// Used on the writer's queue only: never contended.
    private let files: Mutex<Files>

    private struct Files {
        var packs: PackWriter
        /// The size of the write-ahead log from which on it is worth making readers wait to get it emptied.
        var walAlarm: Int
    }

    init(database: DatabasePool, folder: DataFolder, options: SQLiteStore.Options) {
        self.database = database
        self.folder = folder
        self.options = options
        files = Mutex(
            Files(
                packs: PackWriter(directory: folder.directory, capacity: options.openPacks),
                walAlarm: options.walLimit))
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    var statistics: StoreStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.queueLength = state.waiting.count + state.inFlight
            return statistics
        }
    }

    /// Applies a change, and returns when it is durable.
    ///
    /// The caller's being cancelled does not call it back.
    func write<Value: Sendable>(
        pictures: FramePictures = FramePictures(), pack: String = "", isFrame: Bool = false,
        _ rows: @escaping @Sendable (Database, PlacedPictures) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            enqueue(
                Change(
                    pictures: pictures, pack: pack, isFrame: isFrame,
                    rows: { db, placed in
                        let value = try rows(db, placed)
                        return { continuation.resume(returning: value) }
                    },
                    fail: { continuation.resume(throwing: $0) }))
        }
    }

    /// Does a piece of work between two groups, when nothing is appended or written: what retention takes away.
    ///
    /// One at a time, so that frames which wait meanwhile go before the next. The work opens its own transaction.
    func between<Value: Sendable>(
        _ work: @escaping @Sendable (Database, RemovePack) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let job = Job(
                run: { db, removePack in
                    let result = Result { try work(db, removePack) }.mapError { (StoreError($0) as (any Error)?) ?? $0 }
                    return { continuation.resume(with: result) }
                },
                fail: { continuation.resume(throwing: $0) })
            let isClosed = state.withLock { state in
                guard !state.isClosed else { return true }
                state.jobs.append(job)
                startDraining(&state)
                return false
            }
            if isClosed { job.fail(StoreError.closed) }
        }
    }

    /// Refuses further changes and returns when those that wait are settled.
    ///
    /// False where that was done before.
    func close() async -> Bool {
        let wasOpen = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        // The queue is serial: what comes after the draining finds nothing waiting.
        await withCheckedContinuation { continuation in
            database.asyncWriteWithoutTransaction { _ in continuation.resume() }
        }
        return wasOpen
    }

    private func enqueue(_ change: Change) {
        let refusal: StoreError? = state.withLock { state in
            if state.isClosed { return .closed }
            if state.waiting.count >= options.queueCapacity {
                state.statistics.failures += 1
                return .busy
            }
            state.waiting.append(change)
            startDraining(&state)
            return nil
        }
        if let refusal { change.fail(refusal) }
    }

    /// Called within the lock, so that `close`, which looks for nothing after the last change, comes after it.
    private func startDraining(_ state: inout State) {
        guard !state.isDraining else { return }
        state.isDraining = true
        database.asyncWriteWithoutTransaction { self.drain($0) }
    }

    private func drain(_ db: Database) {
        while let (group, job) = nextTurn() {
            if !group.isEmpty { write(group, db) }
            if let job {
                let settle = job.run(db) { file in try files.withLock { try $0.packs.remove(file) } }
                settle()
            }
            checkpointIfLarge(db)
        }
    }

    private func write(_ group: [Change], _ db: Database) {
        let start = ContinuousClock.now
        let outcome = commit(group, db)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        // Counted before the callers go on, so that a caller finds its own frame counted.
        state.withLock { state in
            state.inFlight = 0
            state.statistics.groups += 1
            state.statistics.changes += group.count
            state.statistics.largestGroup = max(state.statistics.largestGroup, group.count)
            state.statistics.commitSeconds += seconds
            state.statistics.failures += outcome.failures
            state.statistics.framesCommitted += outcome.frames
            state.statistics.pictureBytes += outcome.pictureBytes
        }
        outcome.resume()
    }

    /// What comes next: all that waits, up to a limit, and one job after it; nil where there is neither.
    private func nextTurn() -> (group: [Change], job: Job?)? {
        state.withLock { state in
            let group = Array(state.waiting.prefix(options.groupLimit))
            state.waiting.removeFirst(group.count)
            let job = state.jobs.isEmpty ? nil : state.jobs.removeFirst()
            state.inFlight = group.count
            state.isDraining = !group.isEmpty || job != nil
            return state.isDraining ? (group, job) : nil
        }
    }

    /// What became of each change of a group.
    private struct Outcome {
        var settled: [@Sendable () -> Void] = []
        var failures = 0
        var frames = 0
        var pictureBytes = 0

        mutating func succeed(_ change: Change, _ settle: @escaping @Sendable () -> Void) {
            settled.append(settle)
            frames += change.isFrame ? 1 : 0
            pictureBytes += change.pictures.byteCount
        }

        mutating func fail(_ change: Change, _ error: any Error) {
            let error = StoreError(error) ?? error
            failures += 1
            settled.append { change.fail(error) }
        }

        func resume() {
            for settle in settled { settle() }
        }
    }

    private func commit(_ group: [Change], _ db: Database) -> Outcome {
        files.withLock { files in
            var refused = Outcome()
            var placed: [(change: Change, pictures: PlacedPictures)] = []
            for change in group {
                do {
                    placed.append((change, try files.packs.append(change.pictures, to: change.pack)))
                } catch {
                    refused.fail(change, error)
                }
            }
            let unsynced = files.packs.sync()
            placed.removeAll { item in
                guard let error = unsynced[item.change.pack] else { return false }
                refused.fail(item.change, error)
                return true
            }

            var outcome = refused
            do {
                try db.inTransaction(.immediate) {
                    for item in placed {
                        do {
                            var settle: (@Sendable () -> Void)?
                            try db.inSavepoint {
                                settle = try item.change.rows(db, item.pictures)
                                return .commit
                            }
                            outcome.succeed(item.change, settle!)
                        } catch {
                            // Some errors (disk full, I/O) make SQLite undo the transaction, the other rows with it.
                            guard db.isInsideTransaction else { throw error }
                            outcome.fail(item.change, error)
                        }
                    }
                    return .commit
                }
                files.packs.keep()
            } catch {
                files.packs.undo()
                outcome = refused
                for item in placed { outcome.fail(item.change, error) }
            }
            return outcome
        }
    }

    /// SQLite copies the log into the database every 1000 pages (4 MB) by itself and starts it anew when no reader
    /// needs it; readers that overlap without end never let it.
    ///
    /// When the log has outgrown its limit they are made to finish first. A reader that does not, within a moment in
    /// which nothing can be written, is left alone until the log has grown by as much again: a backup reads for minutes.
    private func checkpointIfLarge(_ db: Database) {
        files.withLock { files in
            let size = folder.size(of: folder.writeAheadLog)
            guard size > files.walAlarm else { return }
            let patience = Int(1000 * options.busyTimeout)
            do {
                try db.execute(sql: "PRAGMA busy_timeout = \(min(patience, Self.checkpointPatience))")
                defer { try? db.execute(sql: "PRAGMA busy_timeout = \(patience)") }
                try db.checkpoint(.truncate)
                files.walAlarm = options.walLimit
            } catch {
                files.walAlarm = size + options.walLimit
            }
        }
    }
}

extension FramePictures {
    fileprivate var byteCount: Int { (mask?.count ?? 0) + (similarity?.count ?? 0) + (image?.count ?? 0) }
}

extension StoreError {
    /// What an error of the database or of a pack means to a caller; nil where it means nothing in particular.
    init?(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as FileError where error.isOutOfSpace: self = .diskFull
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL: self = .diskFull
        case let error as DatabaseError where error.resultCode == .SQLITE_BUSY: self = .busy
        default: return nil
        }
    }
}
