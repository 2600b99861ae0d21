import Foundation
import GRDB

extension AuditRecord {
    func insert(_ db: Database) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try db.execute(
            sql: "INSERT INTO audit (at_us, actor, action, target, detail, address) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                at.microseconds, actor, action, target,
                String(decoding: try encoder.encode(detail), as: UTF8.self), address,
            ])
    }

    /// In the order of writing, which a clock that is set back does not change.
    static func fetch(below place: Int64, count: Int, _ db: Database) throws -> [(key: Int64, act: AuditRecord)] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT key, at_us, actor, action, target, detail, address FROM audit WHERE key < ?
                ORDER BY key DESC LIMIT ?
                """, arguments: [place, count]
        ).map { row in
            let detail = try? JSONDecoder().decode([String: String].self, from: Data((row[5] as String).utf8))
            return (
                row[0],
                AuditRecord(
                    at: Date(microseconds: row[1]), actor: row[2], action: row[3], target: row[4],
                    detail: detail ?? [:], address: row[6])
            )
        }
    }
}
