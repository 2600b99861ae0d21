import Foundation
import GRDB

/// The keys of a data folder for a command, beside a server that may be using it.
///
/// SQLite lets a second process write: its transactions of one row and the server's groups wait for each other. The
/// folder's lock is for those who write pictures and migrate, so it is not taken; the server notices within a second.
package struct KeyCabinet: Sendable {
    private let database: DatabaseQueue

    /// `creating`: makes the folder and its database where there are none.
    ///
    /// Throws `StoreOpenError`, among others `.inUse` where a server of an older version uses the folder.
    package static func open(directory: URL, creating: Bool) async throws -> KeyCabinet {
        let path = directory.appending(path: "windhover.sqlite").path
        guard creating || FileManager.default.fileExists(atPath: path) else {
            throw StoreOpenError.missing(directory: directory.path)
        }
        if try await !isReady(path) {
            // Nobody else may use the folder while its tables are made or changed: the store sees to that.
            try await SQLiteStore.open(directory: directory).close()
        }
        return KeyCabinet(database: try queue(path))
    }

    package func insert(_ key: KeyRecord, by act: AuditRecord) async throws {
        try await database.write { db in
            try key.insert(db)
            try act.insert(db)
        }
    }

    package func revokeKey(_ id: String, by act: AuditRecord) async throws -> KeyRecord? {
        try await database.write { db in try KeyRecord.revoke(id, by: act, db) }
    }

    package func keys() async throws -> [KeyRecord] {
        try await database.read(KeyRecord.fetchAll)
    }

    private static func queue(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "windhover.keys"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func isReady(_ path: String) async throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        return try await queue(path).read { db in
            guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else { return false }
            return try Schema.migrator.hasCompletedMigrations(db)
        }
    }
}
