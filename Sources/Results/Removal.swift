import GRDB

/// The one place where rows of frames and sessions are removed, within a transaction of the writer.
///
/// What is derived of frames and has to follow them is changed here. Who removes asks `Hold` before, in the same
/// transaction.
enum Removal {
    /// Removes frames of one session, their class rows with them.
    ///
    /// The session keeps its last number, so that numbering goes on where it was. Events that tell of the frames stay
    /// until they are the oldest; readers pass over them.
    static func frames(_ keys: [Int64], of session: Int64, _ db: Database) throws {
        guard !keys.isEmpty else { return }
        let delete = try db.cachedStatement(sql: "DELETE FROM frame WHERE key = ?")
        for key in keys { try delete.execute(arguments: [key]) }
        try db.cachedStatement(sql: "UPDATE session SET frames = frames - ? WHERE key = ?")
            .execute(arguments: [keys.count, session])
    }

    /// Removes a session that has neither frames nor events.
    static func session(_ key: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM session WHERE key = ?").execute(arguments: [key])
    }

    /// Removes some of a session's events; whether there were any.
    static func events(of session: Int64, limit: Int, _ db: Database) throws -> Bool {
        try db.cachedStatement(
            sql: """
                DELETE FROM event WHERE key IN (
                    SELECT key FROM event INDEXED BY event_by_session WHERE session = ? ORDER BY key LIMIT ?)
                """
        ).execute(arguments: [session, limit])
        return db.changesCount > 0
    }
}
