import Foundation
import GRDB

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Copies a data folder while a server writes to it, or none does: one consistent state, every row's pictures with it.
///
/// The database first, as one read of one state; then of each pack as much as rows of that state point at, which was on
/// the disk before they were. Packs are only ever appended to, so a backup into the same folder again copies what is new.
package struct Backup {
    package struct Progress: Sendable, Equatable {
        package enum Stage: String, Sendable { case database, pictures, checking }
        package var stage: Stage
        /// Pages of the database, bytes of pictures, rows.
        package var done: Int
        package var total: Int
    }

    package struct Summary: Sendable {
        package var manifest: BackupManifest
        package var copiedBytes = 0
        /// What the copy was found to be; its faults are the original's.
        package var check: DataCheck.Report
    }

    private let data: URL
    private let destination: URL
    private let progress: (Progress) -> Void

    package init(of data: URL, to destination: URL, progress: @escaping (Progress) -> Void = { _ in }) {
        self.data = data
        self.destination = destination
        self.progress = progress
    }

    /// Blocks, for as long as it takes.
    ///
    /// Throws `VisitError`, `StoreOpenError`, `FileError` or `DatabaseError`; a backup that was there before is as it was.
    package func run() throws -> Summary {
        let original = data.appending(path: "windhover.sqlite")
        guard !FileManager.default.fileExists(atPath: DataFolder.restoreMark(data).path) else {
            throw StoreOpenError.unfinishedRestore(directory: data.path)
        }
        let visitor = try StoreVisitor(original)
        let lock = try claim()
        defer {
            flock(lock, LOCK_UN)
            close(lock)
        }
        let before = try BackupManifest.read(in: destination)
        try removeDatabases(but: before?.database)

        let name = "windhover-\(UUIDv7.make()).sqlite"
        let database = destination.appending(path: name)
        try copyDatabase(visitor, to: database)
        var manifest = BackupManifest(
            createdAt: Date(), database: name, databaseBytes: FileCopy.size(of: database) ?? 0, sessions: 0, frames: 0,
            packs: [])
        var copied = manifest.databaseBytes
        var known: [String: Int] = [:]
        manifest.packs = try copyPacks(try extents(database), before, &known, &copied)
        manifest.files = try copyVideos(database, &copied)

        var check = try DataCheck(database: database, folder: destination) { [progress] step in
            guard step.stage == .pictures else { return }
            progress(Progress(stage: .checking, done: step.done, total: step.total))
        }
        check.known = known
        let report = try check.run(.quick)
        guard report.integrity.isEmpty else {
            throw VisitError.damagedBackup(destination.path, reason: report.integrity[0])
        }
        (manifest.sessions, manifest.frames) = (report.sessions, report.frames)
        try manifest.write(in: destination)
        try removeDatabases(but: name)
        try removeFiles(but: manifest)
        return Summary(manifest: manifest, copiedBytes: copied, check: report)
    }

    /// Makes the folder, and keeps others from backing up into it meanwhile.
    private func claim() throws -> Int32 {
        let files = FileManager.default
        let inner = destination.standardizedFileURL.resolvingSymlinksInPath().path + "/"
        guard !inner.hasPrefix(data.standardizedFileURL.resolvingSymlinksInPath().path + "/") else {
            throw VisitError.insideData(destination.path)
        }
        try files.createDirectory(at: destination, withIntermediateDirectories: true)
        let path = destination.appending(path: "windhover-backup.lock").path
        if !files.fileExists(atPath: path), try !files.contentsOfDirectory(atPath: destination.path).isEmpty {
            throw VisitError.notABackup(destination.path)
        }
        let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard lock >= 0 else { throw FileError(operation: "open", path: path) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw VisitError.backupInUse(destination.path)
        }
        return lock
    }

    private func copyDatabase(_ visitor: StoreVisitor, to file: URL) throws {
        let copy = try DatabaseQueue(path: file.path)
        try visitor.queue.read { source in
            // Begins the read before the first step: all steps then see one state, and none has to begin anew.
            _ = try Int.fetchOne(source, sql: "SELECT count(*) FROM sqlite_schema")
            try copy.writeWithoutTransaction { target in
                try source.backup(to: target, pagesPerStep: 2000) { [progress] step in
                    progress(
                        Progress(
                            stage: .database, done: step.totalPageCount - step.remainingPageCount,
                            total: step.totalPageCount))
                }
                // One file, without a log beside it.
                try target.execute(sql: "PRAGMA journal_mode = DELETE")
            }
        }
        try copy.close()
        try FileCopy.sync(file)
    }

    /// How far rows point into each pack.
    private func extents(_ database: URL) throws -> [(file: String, end: Int)] {
        try StoreVisitor(database).queue.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT s.id, f.received_us / 86400000000 AS day, max(max(
                        coalesce(f.mask_offset + f.mask_length, 0),
                        coalesce(f.similarity_offset + f.similarity_length, 0),
                        coalesce(f.image_offset + f.image_length, 0)))
                    FROM frame AS f JOIN session AS s ON s.key = f.session GROUP BY f.session, day ORDER BY day, s.id
                    """
            ).map { row in
                (Pack.file(session: row[0], receivedAt: Date(microseconds: row[1] as Int64 * 86_400_000_000)), row[2])
            }
        }.filter { $0.end > 0 }
    }

    private func copyPacks(
        _ extents: [(file: String, end: Int)], _ before: BackupManifest?, _ known: inout [String: Int],
        _ copied: inout Int
    ) throws -> [BackupManifest.Pack] {
        let there = Dictionary((before?.packs ?? []).map { ($0.file, $0.bytes) }) { first, _ in first }
        let total = extents.reduce(0) { $0 + $1.end }
        var done = 0
        var packs: [BackupManifest.Pack] = []
        for (file, end) in extents {
            let (source, target) = (data.appending(path: file), destination.appending(path: file))
            // Retention, or somebody, has removed it: the backup's rows say the same as the original's.
            guard FileCopy.size(of: source) != nil else { continue }
            var start = min(there[file] ?? 0, end)
            if start > 0, !FileCopy.share(start, source, target) { start = 0 }
            known[file] = start
            let bytes = start == end ? end : try FileCopy.copy(source, to: target, from: start, upTo: end)
            packs.append(.init(file: file, bytes: bytes))
            copied += bytes - start
            done += end
            progress(Progress(stage: .pictures, done: done, total: total))
        }
        for folder in Set(packs.map { target in (target.file as NSString).deletingLastPathComponent }) {
            try syncFolder(destination.appending(path: folder).path)
        }
        let masks = destination.appending(path: Pack.folder)
        if FileManager.default.fileExists(atPath: masks.path) { try syncFolder(masks.path) }
        try syncFolder(destination.path)
        return packs
    }

    /// Video files that jobs still need, or were told to keep, and overlays.
    ///
    /// Unlike packs they go when a job is over: what has gone meanwhile is not in the backup.
    private func copyVideos(_ database: URL, _ copied: inout Int) throws -> [BackupManifest.Pack] {
        let ids = try StoreVisitor(database).queue.read { db in
            try db.tableExists("video") ? String.fetchAll(db, sql: "SELECT id FROM video ORDER BY key") : []
        }
        var files: [BackupManifest.Pack] = []
        for id in ids {
            let names =
                (try? FileManager.default.contentsOfDirectory(atPath: data.appending(path: "videos/\(id)").path))
            for name in names ?? [] {
                let file = "videos/\(id)/\(name)"
                let (source, target) = (data.appending(path: file), destination.appending(path: file))
                guard var bytes = FileCopy.size(of: source) else { continue }
                if FileCopy.size(of: target) != bytes || !FileCopy.share(bytes, source, target) {
                    bytes = try FileCopy.copy(source, to: target)
                    copied += bytes
                }
                files.append(.init(file: file, bytes: bytes))
            }
            if names != nil { try syncFolder(destination.appending(path: "videos/\(id)").path) }
        }
        if !files.isEmpty {
            try syncFolder(destination.appending(path: "videos").path)
            try syncFolder(destination.path)
        }
        return files
    }

    /// Removes an older state, or one that was never finished.
    private func removeDatabases(but name: String?) throws {
        let files = FileManager.default
        for other in try files.contentsOfDirectory(atPath: destination.path)
        where other.hasPrefix("windhover-") && other.contains(".sqlite") && other != name {
            try files.removeItem(at: destination.appending(path: other))
        }
    }

    private func removeFiles(but manifest: BackupManifest) throws {
        let named = Set((manifest.packs + manifest.files).map(\.file))
        let videos = FileManager.default.subpaths(atPath: destination.appending(path: "videos").path) ?? []
        let others = videos.map { "videos/\($0)" }.filter { $0.split(separator: "/").count == 3 }
        for name in try PackFile.all(in: destination).map(\.file) + others where !named.contains(name) {
            let file = destination.appending(path: name)
            unlink(file.path)
            // The last one takes its folder with it.
            rmdir(file.deletingLastPathComponent().path)
        }
    }
}
