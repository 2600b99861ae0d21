import Foundation
import GRDB

extension SQLiteStore {
    package func insert(_ session: SessionRecord, conditions: StoredConditions?) async throws {
        precondition(!session.id.isEmpty && !session.id.contains("/"), "a session's id names a file")
        let limit = eventLimit
        let cursor = try await writer.write { db, _ in
            let columns = SessionRecord.columns.joined(separator: ", ")
            let places = SessionRecord.columns.map { _ in "?" }.joined(separator: ", ")
            do {
                try db.cachedStatement(sql: "INSERT INTO session (\(columns)) VALUES (\(places))")
                    .execute(arguments: session.arguments)
            } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
                throw StoreError.duplicateID(session.id)
            }
            let key = db.lastInsertedRowID
            if let conditions { try Self.write(conditions, session: key, db) }
            return try EventRecord(kind: .begun, sessionID: session.id, at: session.createdAt, name: session.model)
                .insert(db, session: key, keeping: limit)
        }
        signal.raise(to: cursor)
    }

    package func session(_ id: String) async throws -> SessionRecord? {
        try await read { db in try SessionRecord.fetch(id, db) }
    }

    package func sessions(_ query: SessionQuery) async throws -> Page<SessionRecord> {
        let filter = query.fingerprint
        let seal = seal
        let place =
            try query.cursor.map { try PageCursor($0, for: filter, sealedWith: seal) } ?? PageCursor(before: nil)
        let limit = max(1, min(query.limit, .max - 1))
        return try await read { db in
            let listing = query.listing(below: place, count: limit + 1)
            let rows = try Row.fetchAll(db.cachedStatement(sql: listing.sql), arguments: listing.arguments)
            let keys = rows.map { $0[0] as Int64 }
            let items = rows.prefix(limit).map { row in
                var row = RowReader(row, from: 1)
                return SessionRecord(&row)
            }
            let next =
                rows.count > limit
                ? PageCursor(microseconds: items[limit - 1].createdAt.microseconds, key: keys[limit - 1]) : nil
            return Page(items: items, nextCursor: next?.text(for: filter, sealedWith: seal))
        }
    }

    /// All sessions that neither ended nor went idle, newest first: after a crash, those that the server was serving.
    package func activeSessions() async throws -> [SessionRecord] {
        var query = SessionQuery(within: .everything)
        query.state = .active
        query.limit = .max
        return try await sessions(query).items
    }

    /// An ended session stays as it is, whatever the new state.
    ///
    /// `reason` is kept with `idle` and `ended`.
    @discardableResult
    package func setState(
        _ state: SessionRecord.State, reason: String?, at time: Date, session id: String
    ) async throws -> SessionRecord? {
        let limit = eventLimit
        let (record, cursor) = try await writer.write { db, _ -> (SessionRecord?, Int64) in
            let endedAt = state == .ended ? time.microseconds : nil
            try db.cachedStatement(
                sql: """
                    UPDATE session SET state = ?, end_reason = ?, ended_us = ? WHERE id = ? AND state <> 'ended'
                    """
            ).execute(arguments: [state.rawValue, state == .active ? nil : reason, endedAt, id])
            let changed = db.changesCount > 0
            guard let record = try SessionRecord.fetch(id, db), changed else {
                return (try SessionRecord.fetch(id, db), 0)
            }
            let told = EventRecord(
                kind: .init(state), sessionID: id, at: time, reason: reason, sequence: record.lastSequence)
            return (record, try told.insert(db, keeping: limit))
        }
        signal.raise(to: cursor)
        return record
    }
}

extension SessionRecord {
    fileprivate static func fetch(_ id: String, _ db: Database) throws -> SessionRecord? {
        let sql = "SELECT \(columns.joined(separator: ", ")) FROM session WHERE id = ?"
        return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [id]).map { row in
            var row = RowReader(row)
            return SessionRecord(&row)
        }
    }
}
