import Foundation
import GRDB

extension SQLiteStore: KeyStore {
    package func insert(_ key: KeyRecord, by act: AuditRecord) async throws {
        try await writer.write { db, _ in
            try key.insert(db)
            try act.insert(db)
        }
    }

    @discardableResult
    package func revokeKey(_ id: String, by act: AuditRecord) async throws -> KeyRecord? {
        try await writer.write { db, _ in try KeyRecord.revoke(id, by: act, db) }
    }

    package func keys() async throws -> [KeyRecord] {
        try await read(KeyRecord.fetchAll)
    }

    package func keyChanges() async throws -> KeyChanges {
        try await read(KeyChanges.fetch)
    }

    package func used(_ times: [String: Date]) async throws {
        guard !times.isEmpty else { return }
        try await writer.write { db, _ in
            for (id, time) in times {
                try db.cachedStatement(sql: "UPDATE api_key SET last_used_us = ? WHERE id = ?")
                    .execute(arguments: [time.microseconds, id])
            }
        }
    }

    package func append(_ act: AuditRecord) async throws {
        try await writer.write { db, _ in try act.insert(db) }
    }

    package func audit(limit: Int, cursor: String?) async throws -> Page<AuditRecord> {
        var filter = Fingerprint()
        filter.add("audit")
        let seal = seal
        let place =
            try cursor.map { try PageCursor($0, for: filter, sealedWith: seal) }
            ?? PageCursor(microseconds: 0, key: .max)
        return try await read { [filter] db in
            let rows = try AuditRecord.fetch(below: place.key, count: limit + 1, db)
            let next = rows.count > limit ? PageCursor(microseconds: 0, key: rows[limit - 1].key) : nil
            return Page(items: rows.prefix(limit).map(\.act), nextCursor: next?.text(for: filter, sealedWith: seal))
        }
    }

    package func secret() throws -> [UInt8] { try folder.secret() }
}
