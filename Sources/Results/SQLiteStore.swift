import Foundation
import GRDB

/// Results in a folder: rows in an SQLite database, pictures in pack files beside it.
///
/// One process at a time; any number of callers. What a call reports as done survives a kill and a power cut: pictures
/// are synced before their row is written, rows before the call returns (`synchronous = FULL`). Nothing here blocks
/// Swift's cooperative threads: rows are written and read on the database's own queues, pictures read on another.
package final class SQLiteStore: ResultStore {
    package struct Options: Sendable {
        /// Changes that may wait for the writer before further ones are refused as `StoreError.busy`.
        package var queueCapacity = 1024
        /// Changes in one transaction at most: bounds how long the first of a group waits for the last.
        package var groupLimit = 64
        /// Pack files kept open for writing between groups.
        package var openPacks = 32
        /// Seconds to wait for a lock that another program, such as `sqlite3` or a backup, holds.
        package var busyTimeout = 5.0
        /// Bytes the write-ahead log may grow to while readers keep it from being started anew.
        package var walLimit = 64 << 20
        /// Bytes of pages that each of the five connections that read keeps at most.
        package var pageCache = 16 << 20
        /// Bytes the database may grow to (not counting pictures) before it counts as a full disk; nil for no limit.
        package var databaseLimit: Int?
        /// How long a query may take before it is given up as `StoreError.queryTimeout`.
        package var queryTime = Duration.seconds(5)
        /// Hears how far a large database of an older version is.
        package var onMigration: @Sendable (MigrationProgress) -> Void = { _ in }
        /// Events kept for those who listen: an hour of two streams at 25 frames a second.
        package var eventLimit = 200_000
        /// From how little room on pictures are no longer stored, and frames refused.
        package var disk = DiskThresholds()
        /// How much room there is on the data folder's disk; nil asks the operating system.
        package var space: (@Sendable () -> DiskSpace?)?

        package init() {}
    }

    let database: DatabasePool
    let writer: GroupWriter
    let signal: EventSignal
    let deliverySignal: EventSignal
    let eventLimit: Int
    let queryTime: Duration
    let seal: CursorSeal
    let folder: DataFolder
    let disk: DiskGuard
    private let searches = SearchLine(places: max(1, ProcessInfo.processInfo.activeProcessorCount))
    private let pictures = DispatchQueue(label: "windhover.store.pictures", attributes: .concurrent)

    /// Opens the store in a folder, and creates both where they are missing.
    ///
    /// Blocks while it migrates.
    ///
    /// Throws `StoreOpenError`, a `DatabaseError` for a file that is no database, or a `FileError`. The database is not
    /// checked through and through, which takes minutes for a large one: `windhover db check`.
    package static func open(directory: URL, options: Options = Options()) throws -> SQLiteStore {
        try SQLiteStore(folder: DataFolder(directory), options: options)
    }

    private init(folder: DataFolder, options: Options) throws {
        self.folder = folder
        database = try DatabasePool(path: folder.database.path, configuration: Self.configuration(options))
        try Self.prepare(database, folder: folder, options: options)
        writer = GroupWriter(database: database, folder: folder, options: options)
        eventLimit = options.eventLimit
        let directory = folder.directory
        disk = DiskGuard(thresholds: options.disk, probe: options.space ?? { DiskSpace.of(directory) })
        queryTime = options.queryTime
        seal = CursorSeal(secret: try folder.secret())
        signal = EventSignal(newest: try database.writeWithoutTransaction(EventRecord.newest))
        deliverySignal = EventSignal(newest: try database.writeWithoutTransaction(DeliveryRecord.newest))
    }

    package func statistics() -> StoreStatistics {
        var statistics = writer.statistics
        statistics.walBytes = folder.size(of: folder.writeAheadLog)
        statistics.databaseBytes = folder.size(of: folder.database)
        (statistics.room, statistics.disk) = (room, diskSpace)
        return statistics
    }

    var directory: URL { folder.directory }

    package func read(_ blob: FrameRecord.StoredBlob) async throws -> [UInt8] {
        guard !writer.isClosed else { throw StoreError.closed }
        let directory = folder.directory
        return try await withCheckedThrowingContinuation { continuation in
            pictures.async { continuation.resume(with: Result { try Pack.read(blob, in: directory) }) }
        }
    }

    package func close() async throws {
        guard await writer.close() else { return }
        let (database, folder) = (database, folder)
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            // Waits for readers, so not on a cooperative thread.
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        // Fails only where somebody outside reads a stretch of the log: it is then left for the next
                        // start, which reads it.
                        try? database.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
                        try database.close()
                        folder.unlock()
                    })
            }
        }
    }

    /// A read of one consistent state of the database.
    ///
    /// Throws `StoreError.closed` after `close`.
    func read<Value: Sendable>(_ value: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        guard !writer.isClosed else { throw StoreError.closed }
        do {
            return try await database.read(value)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_MISUSE && writer.isClosed {
            throw StoreError.closed
        }
    }

    /// A read that may look at much, when it is its turn, and for no longer than `time` from then on.
    ///
    /// Throws `StoreError.queryTimeout`, and what `read` throws.
    func search<Value: Sendable>(
        within time: Duration, _ body: @escaping @Sendable (Database, TimeLimit) throws -> Value
    ) async throws -> Value {
        try await searches.pass {
            try await read { db in
                let limit = TimeLimit(time)
                return try limit.whileReading(db) { try body(db, limit) }
            }
        }
    }
}

// MARK: - Opening

extension SQLiteStore {
    private static func configuration(_ options: Options) -> Configuration {
        var configuration = Configuration()
        configuration.label = "windhover.store"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(options.busyTimeout)
        configuration.prepareDatabase { db in
            try SearchFunctions.register(db)
            guard !db.configuration.readonly else {
                // SQLite's 2 MB do not hold the upper levels of the trees of ten million frames: each look-up would
                // read them again.
                return try db.execute(sql: "PRAGMA cache_size = -\(options.pageCache >> 10)")
            }
            // Takes effect only before the first table. Retention can then hand space back in small steps, where VACUUM
            // would rewrite the whole file under a lock.
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            // Debian's SQLite overwrites deleted rows with zeros; nothing here is worth the writes.
            try db.execute(sql: "PRAGMA secure_delete = OFF")
            try db.execute(sql: "PRAGMA journal_size_limit = \(options.walLimit)")
        }
        return configuration
    }

    private static func prepare(_ database: DatabasePool, folder: DataFolder, options: Options) throws {
        let path = folder.database.path
        try database.writeWithoutTransaction { db in
            // GRDB's pool sets NORMAL after it has run `prepareDatabase`; with NORMAL a power cut may lose frames that
            // were acknowledged. So FULL is set here, on the only connection that writes.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            if let limit = options.databaseLimit {
                let pageSize = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 4096
                _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(max(1, limit / pageSize))")
            }
            let isOurs = try Int32.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID
            let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
            guard isOurs || isEmpty else { throw StoreOpenError.foreign(path: path) }
            guard try !Schema.migrator.hasBeenSuperseded(db) else { throw StoreOpenError.newerSchema(path: path) }
        }
        try Schema.migrator(report: options.onMigration).migrate(database)
        // SQLite syncs what is in its files; that there are such files is for us to sync.
        try syncFolder(folder.directory.path)
    }
}
