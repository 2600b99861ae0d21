import Foundation
import GRDB

extension SQLiteStore {
    package func conditions(session: String) async throws -> StoredConditions? {
        let sql = "SELECT rules, state FROM session_conditions WHERE session = (SELECT key FROM session WHERE id = ?)"
        return try await read { db in
            try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [session])
                .map { StoredConditions(rules: $0[0], state: $0[1]) }
        }
    }

    package func setConditions(_ conditions: StoredConditions?, session id: String) async throws {
        try await writer.write { db, _ in
            guard
                let session = try Int64.fetchOne(
                    db.cachedStatement(sql: "SELECT key FROM session WHERE id = ?"), arguments: [id])
            else { throw StoreError.unknownSession(id) }
            try Self.write(conditions, session: session, db)
        }
    }

    static func write(_ conditions: StoredConditions?, session: Int64, _ db: Database) throws {
        guard let conditions else {
            try db.cachedStatement(sql: "DELETE FROM session_conditions WHERE session = ?")
                .execute(arguments: [session])
            return
        }
        try db.cachedStatement(
            sql: """
                INSERT INTO session_conditions (session, rules, state) VALUES (?, ?, ?)
                ON CONFLICT (session) DO UPDATE SET rules = excluded.rules, state = excluded.state
                """
        ).execute(arguments: [session, conditions.rules, conditions.state])
    }
}
