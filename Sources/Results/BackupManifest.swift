import Foundation

/// What a finished backup consists of: the file that makes it one.
///
/// It is renamed into place when everything it names is on the disk, and names its database by a name of its own. So a
/// folder holds the backup before or the one after, and never half of one.
package struct BackupManifest: Sendable, Equatable, Codable {
    package struct Pack: Sendable, Equatable, Codable {
        /// Relative to the folder, as in a data folder.
        package var file: String
        /// Of the file from its beginning, as much as rows point at: it may have more.
        package var bytes: Int
    }

    package var format = 1
    package var createdAt: Date
    /// The database, a file in the folder.
    package var database: String
    package var databaseBytes: Int
    package var sessions: Int
    package var frames: Int
    package var packs: [Pack]
    /// What else is in the folder: video files and their overlays.
    package var files: [Pack] = []

    static let name = "windhover-backup.json"

    static func url(in folder: URL) -> URL { folder.appending(path: name) }

    /// Nil where the folder holds no finished backup.
    static func read(in folder: URL) throws -> BackupManifest? {
        guard let data = try? Data(contentsOf: url(in: folder)) else { return nil }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do {
            let manifest = try decoder.decode(BackupManifest.self, from: data)
            guard manifest.format == 1, !manifest.database.contains("/") else {
                throw VisitError.damagedBackup(folder.path, reason: "\(name) is of a newer version of Windhover")
            }
            return manifest
        } catch is DecodingError {
            throw VisitError.damagedBackup(folder.path, reason: "\(name) cannot be read")
        }
    }

    /// Puts it into place, durably.
    func write(in folder: URL) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let partial = folder.appending(path: Self.name + ".partial")
        try encoder.encode(self).write(to: partial)
        try FileCopy.sync(partial)
        guard rename(partial.path, Self.url(in: folder).path) == 0 else {
            throw FileError(operation: "rename", path: partial.path)
        }
        try syncFolder(folder.path)
    }

    /// The database of a finished backup, or else of a data folder.
    static func database(in folder: URL) throws -> URL {
        folder.appending(path: try read(in: folder)?.database ?? "windhover.sqlite")
    }
}
