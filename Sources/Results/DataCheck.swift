import Foundation
import GRDB

/// Holds a data folder, or a backup, against itself: the database, and every picture that a row points at.
///
/// A server may be writing meanwhile. Only SQLite's own check is one long read; rows are read a page at a time.
package struct DataCheck {
    package struct Report: Sendable, Equatable, Codable {
        /// What SQLite's integrity check says, other than "ok".
        package var integrity: [String] = []
        /// Rows that refer to rows that are not there.
        package var danglingReferences = 0
        package var sessions = 0
        package var frames = 0
        package var pictures = 0
        package var pictureBytes = 0
        /// Pictures whose pack has been removed: no fault, they answer 410.
        package var removedPictures = 0
        /// Pictures that are not where their rows say.
        package var damagedPictures = 0
        /// Sessions that count other frames than they have.
        package var miscountedSessions = 0
        /// Packs that no row points at: no fault, retention removes them.
        package var orphanPacks = 0
        package var orphanBytes = 0
        /// The first of the faults.
        package var examples: [String] = []

        package var isSound: Bool {
            integrity.isEmpty && danglingReferences + damagedPictures + miscountedSessions == 0
        }

        fileprivate mutating func fault(_ text: String) {
            if examples.count < 20 { examples.append(text) }
        }
    }

    package struct Progress: Sendable, Equatable {
        package enum Stage: String, Sendable { case database, pictures, integrity }
        package var stage: Stage
        package var done: Int
        package var total: Int
    }

    /// How SQLite looks at its own file.
    package enum Depth: Sendable {
        /// Each page by itself.
        case quick
        /// Every entry of every index beside its row: minutes for a large database.
        case thorough
    }

    private let visitor: StoreVisitor
    private let folder: URL
    private let progress: (Progress) -> Void
    /// Bytes of packs whose entries are known to be right, by file.
    var known: [String: Int] = [:]

    /// Of a data folder, or of a finished backup.
    package init(folder: URL, progress: @escaping (Progress) -> Void = { _ in }) throws {
        try self.init(database: BackupManifest.database(in: folder), folder: folder, progress: progress)
    }

    init(database: URL, folder: URL, progress: @escaping (Progress) -> Void) throws {
        visitor = try StoreVisitor(database)
        self.folder = folder
        self.progress = progress
    }

    package func run(_ depth: Depth = .thorough) throws -> Report {
        var report = Report()
        try checkDatabase(depth, &report)
        do {
            try checkPictures(&report)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            // Rows that cannot be read: what was found up to them stands.
            report.integrity.append(error.message ?? "the database is malformed")
        }
        return report
    }

    private func checkDatabase(_ depth: Depth, _ report: inout Report) throws {
        progress(Progress(stage: .integrity, done: 0, total: 1))
        // No transaction: on a damaged database its COMMIT fails, and the report with it.
        try visitor.queue.unsafeRead { db in
            let pragma = depth == .quick ? "quick_check" : "integrity_check"
            do {
                report.integrity = try String.fetchAll(db, sql: "PRAGMA \(pragma)(20)").filter { $0 != "ok" }
                report.danglingReferences = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
                // So damaged that SQLite cannot even list the damage.
                report.integrity.append(error.message ?? "the database is malformed")
            }
        }
        progress(Progress(stage: .integrity, done: 1, total: 1))
    }

    private func checkPictures(_ report: inout Report) throws {
        // Packs first: what comes later has its rows by the time they are read.
        let packs = try PackFile.all(in: folder)
        let sessions = try visitor.queue.read { db in
            try Row.fetchAll(db, sql: "SELECT key, id, frames FROM session").map {
                (key: $0[0] as Int64, id: $0[1] as String, frames: $0[2] as Int)
            }
        }
        var ids = Dictionary(uniqueKeysWithValues: sessions.map { ($0.key, $0.id) })
        let total = sessions.reduce(0) { $0 + $1.frames }
        report.sessions = sessions.count
        var counts: [Int64: Int] = [:]
        let reader = EntryReader(folder: folder)
        var used: Set<String> = []
        var place = Int64.min
        while true {
            let rows = try visitor.queue.read { [place] db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT key, session, sequence, received_us, mask_offset, mask_length, similarity_offset,
                            similarity_length, image_offset, image_length
                        FROM frame WHERE key > ? ORDER BY key LIMIT 2000
                        """, arguments: [place])
            }
            for row in rows {
                let session: Int64 = row[1]
                counts[session, default: 0] += 1
                if ids[session] == nil {
                    ids[session] = try visitor.queue.read {
                        try String.fetchOne($0, sql: "SELECT id FROM session WHERE key = ?", arguments: [session])
                    }
                }
                // Without a session it is a dangling reference, or has been removed since.
                guard let id = ids[session] else { continue }
                let file = Pack.file(session: id, receivedAt: Date(microseconds: row[3]))
                for (kind, column) in [(Pack.Kind.mask, 4), (.similarity, 6), (.image, 8)] {
                    guard let offset: Int = row[column], let length: Int = row[column + 1] else { continue }
                    used.insert(file)
                    check(kind, file, offset, length, of: "\(id)/\(row[2] as Int64)", reader, &report)
                }
            }
            report.frames += rows.count
            progress(Progress(stage: .pictures, done: report.frames, total: max(total, report.frames)))
            guard rows.count == 2000, let last = rows.last else { break }
            place = last[0]
        }
        for session in sessions where counts[session.key, default: 0] != session.frames {
            try recount(session.key, &report)
        }
        let young = Date() - 600
        for pack in packs where !used.contains(pack.file) && pack.modified < young {
            report.orphanPacks += 1
            report.orphanBytes += pack.bytes
        }
    }

    private func check(
        _ kind: Pack.Kind, _ file: String, _ offset: Int, _ length: Int, of frame: String, _ reader: EntryReader,
        _ report: inout Report
    ) {
        report.pictures += 1
        if let known = known[file], offset >= 0, offset <= known, length <= known - offset {
            report.pictureBytes += length
            return
        }
        switch reader.entry(kind, in: file, at: offset, length: length) {
        case .right: report.pictureBytes += length
        case .missing: report.removedPictures += 1
        case .wrong:
            report.damagedPictures += 1
            report.fault("\(kind.rawValue) of frame \(frame): not at \(offset) of \(file)")
        }
    }

    /// Counts once more, in one state of the database: frames may have come or gone since.
    private func recount(_ session: Int64, _ report: inout Report) throws {
        let row = try visitor.queue.read { db in
            try Row.fetchOne(
                db,
                sql: "SELECT id, frames, (SELECT count(*) FROM frame WHERE session = ?1) FROM session WHERE key = ?1",
                arguments: [session])
        }
        guard let row, let counted: Int = row[1], let there: Int = row[2], counted != there else { return }
        report.miscountedSessions += 1
        report.fault("session \(row[0] as String): counts \(counted) frames and has \(there)")
    }
}
