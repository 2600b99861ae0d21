import Foundation
import GRDB

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Makes a data folder of a backup.
///
/// While it is under way, and if it is cut short, a mark in the folder keeps servers from opening what is not whole.
package struct Restore {
    private let backup: URL
    private let data: URL
    private let progress: (Backup.Progress) -> Void

    package init(of backup: URL, to data: URL, progress: @escaping (Backup.Progress) -> Void = { _ in }) {
        self.backup = backup
        self.data = data
        self.progress = progress
    }

    /// Blocks, for as long as it takes.
    ///
    /// `replacing` what is in the folder has to be said. The backup is looked at before anything is changed. Throws as `Backup.run` does; after the first change only a
    /// restore that comes to its end opens the folder again.
    package func run(replacing: Bool = false) throws -> BackupManifest {
        let manifest = try checkedManifest()
        let folder = try DataFolder(data, forRestore: true)
        defer { withExtendedLifetime(folder) {} }
        let mark = DataFolder.restoreMark(data)
        let isUnfinished = FileManager.default.fileExists(atPath: mark.path)
        let isEmpty =
            try !FileManager.default.fileExists(atPath: folder.database.path) && PackFile.all(in: data).isEmpty
        guard isEmpty || isUnfinished || replacing else { throw VisitError.notEmpty(data.path) }

        try Data("restoring \(backup.path)\n".utf8).write(to: mark)
        try FileCopy.sync(mark)
        try syncFolder(data.path)
        try clear(folder)
        try copy(manifest, folder)
        var check = try DataCheck(database: folder.database, folder: data) { _ in }
        // Read from the backup a moment ago, whose rows were checked when it was made.
        check.known = Dictionary(manifest.packs.map { ($0.file, $0.bytes) }) { first, _ in first }
        let report = try check.run(.quick)
        guard report.integrity.isEmpty, report.frames == manifest.frames else {
            throw VisitError.damagedBackup(backup.path, reason: report.integrity.first ?? "frames are missing")
        }
        guard unlink(mark.path) == 0 else { throw FileError(operation: "remove", path: mark.path) }
        try syncFolder(data.path)
        return manifest
    }

    private func checkedManifest() throws -> BackupManifest {
        guard let manifest = try BackupManifest.read(in: backup) else {
            throw VisitError.unfinishedBackup(backup.path)
        }
        func require(_ isRight: Bool, _ reason: String) throws {
            guard isRight else { throw VisitError.damagedBackup(backup.path, reason: reason) }
        }
        let database = backup.appending(path: manifest.database)
        try require(FileCopy.size(of: database) == manifest.databaseBytes, "\(manifest.database) is not all there")
        for pack in manifest.packs + manifest.files {
            let bytes = FileCopy.size(of: backup.appending(path: pack.file)) ?? -1
            try require(bytes >= pack.bytes, "\(pack.file) is not all there")
        }
        let check = try DataCheck(database: database, folder: backup) { [progress] step in
            guard step.stage == .pictures else { return }
            progress(.init(stage: .checking, done: step.done, total: step.total))
        }
        let report = try check.run(.quick)
        try require(report.integrity.isEmpty, report.integrity.first ?? "")
        return manifest
    }

    private func clear(_ folder: DataFolder) throws {
        for suffix in ["", "-wal", "-shm"] {
            let path = folder.database.path + suffix
            guard unlink(path) == 0 || errno == ENOENT else { throw FileError(operation: "remove", path: path) }
        }
        for name in [Pack.folder, "videos"]
        where FileManager.default.fileExists(atPath: data.appending(path: name).path) {
            try FileManager.default.removeItem(at: data.appending(path: name))
        }
        try FileManager.default.createDirectory(
            at: data.appending(path: Pack.folder), withIntermediateDirectories: true)
    }

    private func copy(_ manifest: BackupManifest, _ folder: DataFolder) throws {
        let files = manifest.packs + manifest.files
        let total = files.reduce(0) { $0 + $1.bytes }
        var done = 0
        for pack in files {
            try FileCopy.copy(
                backup.appending(path: pack.file), to: data.appending(path: pack.file), upTo: pack.bytes)
            done += pack.bytes
            progress(.init(stage: .pictures, done: done, total: total))
        }
        try FileCopy.copy(backup.appending(path: manifest.database), to: folder.database)
        progress(.init(stage: .database, done: 1, total: 1))
        for name in Set(files.map { ($0.file as NSString).deletingLastPathComponent }) {
            try syncFolder(data.appending(path: name).path)
        }
        for name in Set(files.map { String($0.file.prefix { $0 != "/" }) }) {
            try syncFolder(data.appending(path: name).path)
        }
        try syncFolder(data.path)
    }
}
