import Foundation
import GRDB

extension KeyRecord {
    private static let columns = [
        "id", "name", "digest", "scopes", "drones", "missions", "rate_limit", "rate_burst", "created_us", "created_by",
        "expires_us", "last_used_us", "revoked_us",
    ]

    func insert(_ db: Database) throws {
        do {
            try db.execute(
                sql: """
                    INSERT INTO api_key (\(Self.columns.joined(separator: ", ")))
                    VALUES (\(Self.columns.map { _ in "?" }.joined(separator: ", ")))
                    """,
                arguments: [
                    id, name, Data(digest), Self.json(scopes.map(\.rawValue)), Self.json(bounds.drones),
                    Self.json(bounds.missions), rate?.limit, rate?.burst, createdAt.microseconds, createdBy,
                    expiresAt?.microseconds, lastUsedAt?.microseconds, revokedAt?.microseconds,
                ])
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            throw StoreError.duplicateID(id)
        }
    }

    static func fetchAll(_ db: Database) throws -> [KeyRecord] {
        try Row.fetchAll(db, sql: "SELECT \(columns.joined(separator: ", ")) FROM api_key ORDER BY key DESC")
            .map(Self.init)
    }

    static func fetch(_ id: String, _ db: Database) throws -> KeyRecord? {
        try Row.fetchOne(
            db, sql: "SELECT \(columns.joined(separator: ", ")) FROM api_key WHERE id = ?", arguments: [id]
        ).map(Self.init)
    }

    /// Nil: there is none.
    ///
    /// `act` is written down if this was what revoked it.
    static func revoke(_ id: String, by act: AuditRecord, _ db: Database) throws -> KeyRecord? {
        try db.execute(
            sql: "UPDATE api_key SET revoked_us = ? WHERE id = ? AND revoked_us IS NULL",
            arguments: [act.at.microseconds, id])
        if db.changesCount > 0 { try act.insert(db) }
        return try fetch(id, db)
    }

    private init(_ row: Row) throws {
        var reader = RowReader(row)
        let (id, name): (String, String) = (reader.next(), reader.next())
        let digest: Data = reader.next()
        // A scope of a newer version is one that this one cannot honour.
        let scopes = Self.list(reader.next())?.compactMap(Scope.init(rawValue:)) ?? []
        let bounds = Bounds(drones: Self.list(reader.next()), missions: Self.list(reader.next()))
        let (limit, burst): (Int?, Int?) = (reader.next(), reader.next())
        self.init(
            id: id, name: name, digest: [UInt8](digest), scopes: Set(scopes), bounds: bounds,
            rate: limit.map { Rate(limit: $0, burst: burst ?? $0) }, createdAt: reader.date(),
            createdBy: reader.next(), expiresAt: reader.optionalDate(), lastUsedAt: reader.optionalDate(),
            revokedAt: reader.optionalDate())
    }

    private static func json(_ values: (any Collection<String>)?) -> String? {
        values.map { String(decoding: (try? JSONEncoder().encode($0.sorted())) ?? Data("[]".utf8), as: UTF8.self) }
    }

    /// What is not a list of texts binds to nothing at all.
    private static func list(_ text: String?) -> Set<String>? {
        text.map { Set((try? JSONDecoder().decode([String].self, from: Data($0.utf8))) ?? []) }
    }
}

extension KeyChanges {
    static func fetch(_ db: Database) throws -> KeyChanges {
        let row = try Row.fetchOne(db, sql: "SELECT count(*), count(revoked_us) FROM api_key")!
        return KeyChanges(made: row[0], revoked: row[1])
    }
}
