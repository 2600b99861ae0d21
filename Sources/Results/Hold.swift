import Foundation
import GRDB

/// Something that nobody may remove, and who said so.
package struct Hold: Sendable, Equatable {
    package enum Scope: String, Sendable, CaseIterable {
        case session, mission, drone
    }

    package var scope: Scope
    /// The session's id, or what the mission or drone is called.
    package var name: String
    package var reason: String
    package var heldBy: String
    package var heldAt: Date

    package init(scope: Scope, name: String, reason: String, heldBy: String, heldAt: Date) {
        self.scope = scope
        self.name = name
        self.reason = reason
        self.heldBy = heldBy
        self.heldAt = heldAt
    }

    /// Of a row of `session AS s`, whether anything holds it.
    static let holds = """
        EXISTS (SELECT 1 FROM hold WHERE scope = 'session' AND name = s.id)
        OR EXISTS (SELECT 1 FROM hold WHERE scope = 'mission' AND name = s.mission)
        OR EXISTS (SELECT 1 FROM hold WHERE scope = 'drone' AND name = s.drone)
        """

    /// Whether anything holds a session: its own hold, its mission's or its drone's.
    static func isHeld(session: Int64, _ db: Database) throws -> Bool {
        let sql = "SELECT \(holds) FROM session AS s WHERE s.key = ?"
        return try Bool.fetchOne(db.cachedStatement(sql: sql), arguments: [session]) ?? false
    }

    /// Whether anything holds what a job that is over has left: its file and its overlay.
    static func isHeld(video: String, _ db: Database) throws -> Bool {
        let sql = """
            SELECT EXISTS (SELECT 1 FROM hold WHERE scope = 'mission' AND name = v.mission)
                OR EXISTS (SELECT 1 FROM hold WHERE scope = 'drone' AND name = v.drone)
                OR EXISTS (SELECT 1 FROM hold JOIN session AS s ON s.key = v.session
                    WHERE scope = 'session' AND name = s.id)
            FROM video AS v WHERE v.id = ? AND v.state IN ('done', 'failed', 'cancelled')
            """
        return try Bool.fetchOne(db.cachedStatement(sql: sql), arguments: [video]) ?? false
    }

    fileprivate init(_ row: Row) {
        self.init(
            scope: Scope(rawValue: row[0])!, name: row[1], reason: row[2], heldBy: row[3],
            heldAt: Date(microseconds: row[4]))
    }
}

extension SQLiteStore {
    /// All of them, those that were placed last first.
    package func holds() async throws -> [Hold] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT scope, name, reason, held_by, held_us FROM hold ORDER BY held_us DESC, scope, name"
            ).map(Hold.init)
        }
    }

    /// Replaces a hold on the same; when this returns nothing of it is removed any more.
    package func place(_ hold: Hold) async throws {
        try await writer.write { db, _ in
            try db.execute(
                sql: "INSERT OR REPLACE INTO hold (scope, name, reason, held_by, held_us) VALUES (?, ?, ?, ?, ?)",
                arguments: [hold.scope.rawValue, hold.name, hold.reason, hold.heldBy, hold.heldAt.microseconds])
        }
    }

    /// False where there was none.
    package func release(_ scope: Hold.Scope, _ name: String) async throws -> Bool {
        try await writer.write { db, _ in
            try db.execute(sql: "DELETE FROM hold WHERE scope = ? AND name = ?", arguments: [scope.rawValue, name])
            return db.changesCount > 0
        }
    }
}
