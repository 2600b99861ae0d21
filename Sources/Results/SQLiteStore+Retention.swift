import Foundation
import GRDB

/// What retention does in a turn of the writer.
///
/// Everything that was true when it was planned is asked again here, where no frame can come between.
extension SQLiteStore {
    /// Removes the frames among the next of a session that were received before `end`, unless something holds it.
    ///
    /// `next` is where to go on; nil where it is done.
    func removeSlice(
        of session: Int64, after place: Int64, before end: Date, limit: Int
    ) async throws -> (removed: Int, next: Int64?) {
        try await turn { db, _ in
            guard try !Hold.isHeld(session: session, db) else { return (0, nil) }
            let page = try SlicePage(session: session, after: place, before: end, limit: limit, db)
            try Removal.frames(page.past, of: session, db)
            return (page.past.count, page.next)
        }
    }

    enum SessionStep: Sendable {
        case gone, stays
        /// Some of its events have gone, there may be more.
        case again
    }

    /// Removes a session that has no frames left and ended before, a part of its events at a time.
    func removeSession(_ session: Int64, before end: Date, limit: Int) async throws -> SessionStep {
        do {
            return try await turn { db, _ in
                let sql = """
                    SELECT 1 FROM session WHERE key = ? AND state = 'ended' AND ended_us < ?
                        AND NOT EXISTS (SELECT 1 FROM frame WHERE session = session.key)
                        -- The newest event of all stays until there is a newer one: cursors must not come twice.
                        AND coalesce((SELECT session FROM event ORDER BY key DESC LIMIT 1), 0) <> session.key
                    """
                guard
                    try Int.fetchOne(db.cachedStatement(sql: sql), arguments: [session, end.microseconds]) != nil,
                    try !Hold.isHeld(session: session, db)
                else { return .stays }
                if try Removal.events(of: session, limit: limit, db) { return .again }
                try Removal.session(session, db)
                return .gone
            }
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY {
            // Something else still refers to it.
            return .stays
        }
    }

    /// Takes a pack's name away, where what it goes for still holds.
    ///
    /// Gives the descriptor that holds its bytes; nil where the pack stays.
    func remove(_ pack: PackFile, _ reason: PackReason, recent: Date) async throws -> Int32? {
        try await turn { db, removePack in
            let row = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT key, last_frame_us, ended_us FROM session WHERE id = ?"),
                arguments: [pack.session])
            if let key: Int64 = row?[0], try Hold.isHeld(session: key, db) { return nil }
            let lastFrame = (row?[1] as Int64?).map(Date.init(microseconds:))
            let ended = (row?[2] as Int64?) != nil
            let goes =
                switch reason {
                case .orphan: try pack.isOrphan(db)
                case .expired(let end): pack.isPast(before: end, lastFrame: lastFrame, ended: ended)
                case .oversize: pack.isPast(before: recent, lastFrame: lastFrame, ended: ended)
                }
            return goes ? try removePack(pack.file) : nil
        }
    }

    /// Hands some pages back to the file system, where more than a quarter of the database is free; whether there may be
    /// more to do.
    ///
    /// What is free is used again by what comes, so a database that is as large as it ever needs to be stays so.
    func giveBackPages() async throws -> Bool {
        try await writer.between { db, _ in
            let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
            let all = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            guard free > 1024, free > all / 4 else { return false }
            // Gives a row for each page, and does its work as they are asked for.
            _ = try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum(256)")
            return try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0 < free
        }
    }

    /// Work in a transaction of its own, between two groups.
    private func turn<Value: Sendable>(
        _ work: @escaping @Sendable (Database, GroupWriter.RemovePack) throws -> Value
    ) async throws -> Value {
        try await writer.between { db, removePack in
            var value: Value?
            try db.inTransaction(.immediate) {
                value = try work(db, removePack)
                return .commit
            }
            return value!
        }
    }
}
