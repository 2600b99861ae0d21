import Foundation
import GRDB

extension SQLiteStore {
    /// Of one session, beyond which the oldest that waits is given up.
    package static let mostWaiting = 1000
    /// Settled ones that are kept.
    static let settledKept: Int64 = 10_000

    package func waitingDeliveries() async throws -> [DeliveryRecord] {
        let sql = """
            SELECT \(DeliveryRecord.selection) FROM delivery AS d JOIN session AS s ON s.key = d.session
            WHERE d.key IN (
                SELECT min(key) FROM delivery INDEXED BY delivery_by_line WHERE state = 'waiting' GROUP BY session, url)
            ORDER BY d.key
            """
        return try await read { db in try DeliveryRecord.fetch(db, sql, []) }
    }

    package func deliveriesFollow(_ key: Int64) async throws -> Int64 {
        await deliverySignal.follow(key)
        try Task.checkCancellation()
        return deliverySignal.newest
    }

    package func update(_ delivery: DeliveryRecord, events: [EventRecord]) async throws -> Bool {
        let limit = eventLimit
        let cursor = try await writer.write { db, _ -> Int64? in
            try db.cachedStatement(
                sql: """
                    UPDATE delivery SET secret = ?, state = ?, attempts = ?, attempted_us = ?, next_us = ?, settled_us = ?,
                        status = ?, reason = ? WHERE id = ? AND state = 'waiting'
                    """
            ).execute(arguments: [
                delivery.secret, delivery.state.rawValue, delivery.attempts, delivery.attemptedAt?.microseconds,
                delivery.nextAt?.microseconds, delivery.settledAt?.microseconds, delivery.status, delivery.reason,
                delivery.id,
            ])
            // It was given up meanwhile, for newer ones.
            guard db.changesCount > 0 else { return nil }
            var cursor: Int64 = 0
            for event in events { cursor = try event.insert(db, keeping: limit) }
            return cursor
        }
        if let cursor { signal.raise(to: cursor) }
        return cursor != nil
    }

    package func deliveries(_ query: DeliveryQuery) async throws -> Page<DeliveryRecord> {
        var filter = Fingerprint()
        for text in ["deliveries", query.session, query.state?.rawValue] { filter.add(text) }
        let print = filter
        let seal = seal
        let place = try query.cursor.map { try PageCursor($0, for: print, sealedWith: seal) } ?? PageCursor(before: nil)
        let limit = max(1, min(query.limit, .max - 1))
        let sql = """
            SELECT \(DeliveryRecord.selection), d.key FROM delivery AS d
                INDEXED BY \(query.state == nil ? "delivery_by_session" : "delivery_by_state")
                JOIN session AS s ON s.key = d.session
            WHERE d.session = (SELECT key FROM session WHERE id = ?) \(query.state == nil ? "" : "AND d.state = ?")
                AND (d.created_us, d.key) < (?, ?)
            ORDER BY d.created_us DESC, d.key DESC LIMIT ?
            """
        var arguments: StatementArguments = [query.session]
        if let state = query.state { arguments += [state.rawValue] }
        arguments += [place.microseconds, place.key, limit + 1]
        return try await read { [arguments] db in
            let rows = try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
            let items = rows.prefix(limit).map { row in
                var reader = RowReader(row)
                return DeliveryRecord(&reader)
            }
            let next =
                rows.count > limit
                ? PageCursor(
                    microseconds: items[limit - 1].createdAt.microseconds,
                    key: rows[limit - 1][DeliveryRecord.columns.count]) : nil
            return Page(items: items, nextCursor: next?.text(for: print, sealedWith: seal))
        }
    }

    package func waitingDeliveryCount() async throws -> Int {
        try await read { db in
            try Int.fetchOne(
                db.cachedStatement(
                    sql: "SELECT count(*) FROM delivery INDEXED BY delivery_by_line WHERE state = 'waiting'"))
                ?? 0
        }
    }
}

extension DeliveryRecord {
    /// The order in which `init(_:)` reads.
    static let columns = [
        "d.id", "s.id", "d.kind", "d.condition", "d.sequence", "d.url", "d.secret", "d.body", "d.created_us", "d.state",
        "d.attempts", "d.attempted_us", "d.next_us", "d.settled_us", "d.status", "d.reason",
    ]
    static let selection = columns.joined(separator: ", ")

    static func newest(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT max(key) FROM delivery") ?? 0
    }

    static func fetch(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws -> [DeliveryRecord] {
        try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).map { row in
            var reader = RowReader(row)
            return DeliveryRecord(&reader)
        }
    }

    /// Writes the row of one that waits, and lets old ones go; gives its key, and what is to be told.
    func insert(_ db: Database, session: Int64) throws -> (key: Int64, events: [EventRecord]) {
        try db.cachedStatement(
            sql: """
                INSERT INTO delivery (id, session, kind, condition, sequence, url, secret, body, created_us, state, attempts,
                    next_us)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            id, session, kind.rawValue, condition, sequence, url, secret, body, createdAt.microseconds,
            state.rawValue, attempts, nextAt?.microseconds,
        ])
        let key = db.lastInsertedRowID
        try db.cachedStatement(sql: "DELETE FROM delivery WHERE key <= ? AND state <> 'waiting'")
            .execute(arguments: [key - SQLiteStore.settledKept])
        return (key, try makeRoom(db, session: session))
    }

    private func makeRoom(_ db: Database, session: Int64) throws -> [EventRecord] {
        let waiting = try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM delivery WHERE session = ? AND state = 'waiting'"),
            arguments: [session])
        guard let waiting, waiting > SQLiteStore.mostWaiting else { return [] }
        try db.cachedStatement(
            sql: """
                UPDATE delivery SET state = 'dropped', reason = 'too-many', secret = NULL, next_us = NULL, settled_us = ?
                WHERE key = (SELECT min(key) FROM delivery WHERE session = ? AND state = 'waiting')
                """
        ).execute(arguments: [createdAt.microseconds, session])
        return [
            EventRecord(kind: .webhookDropped, sessionID: sessionID, at: createdAt, reason: "too-many", count: 0)
        ]
    }
}
