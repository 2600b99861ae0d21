import Foundation
import GRDB

/// A database that another program may be writing, opened to read it only.
///
/// It takes no lock of the data folder: SQLite's own let any number read while one writes.
struct StoreVisitor {
    let queue: DatabaseQueue

    /// Throws `VisitError`, or `StoreOpenError` where the database is not one of ours.
    init(_ database: URL) throws {
        guard FileManager.default.fileExists(atPath: database.path) else {
            throw VisitError.noDatabase(database.path)
        }
        var configuration = Configuration()
        configuration.label = "windhover.visitor"
        configuration.busyMode = .timeout(5)
        // Not opened read-only: such a connection cannot read a database whose log has to be read first, as after a crash.
        queue = try DatabaseQueue(path: database.path, configuration: configuration)
        try queue.read { db in
            guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else {
                throw StoreOpenError.foreign(path: database.path)
            }
            guard try !Schema.migrator.hasBeenSuperseded(db) else {
                throw StoreOpenError.newerSchema(path: database.path)
            }
        }
    }
}

/// Why a data folder or a backup cannot be read, made or restored.
package enum VisitError: Error, Equatable, CustomStringConvertible {
    case noDatabase(String)
    /// The folder holds something that is no backup.
    case notABackup(String)
    /// A backup was begun there and never finished.
    case unfinishedBackup(String)
    /// The backup is not as its manifest says.
    case damagedBackup(String, reason: String)
    /// There are data already.
    case notEmpty(String)
    case insideData(String)
    case backupInUse(String)

    package var description: String {
        switch self {
        case .noDatabase(let path): "there is no database at \(path)"
        case .notABackup(let path): "\(path) holds other files than a backup: choose another folder"
        case .unfinishedBackup(let path): "\(path) holds no finished backup: run \"windhover backup\" again"
        case .damagedBackup(let path, let reason): "the backup in \(path) is damaged: \(reason)"
        case .notEmpty(let path): "\(path) holds data already: choose another folder, or --replace them"
        case .insideData(let path): "\(path) lies within the data folder: choose another place for the backup"
        case .backupInUse(let path): "another backup into \(path) is under way"
        }
    }
}
