import Foundation
import GRDB

extension SQLiteStore {
    package func append(_ event: EventRecord) async throws {
        let limit = eventLimit
        signal.raise(to: try await writer.write { db, _ in try event.insert(db, keeping: limit) })
    }

    package func newestEvent() async throws -> Int64 {
        try await read(EventRecord.newest)
    }

    package func eventsFollow(_ cursor: Int64) async {
        await signal.follow(cursor)
    }

    package func events(_ query: EventQuery, after cursor: Int64, limit: Int) async throws -> EventPage {
        try await read { db in
            let newest = try EventRecord.newest(db)
            // Keys have no gaps: the oldest go together, and a row that fails takes no key.
            let oldest = try Int64.fetchOne(db, sql: "SELECT min(key) FROM event") ?? newest + 1
            guard cursor <= newest else { return EventPage(events: [], through: newest, oldestAfterHole: oldest) }
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: query.listing), arguments: query.arguments(after: cursor, limit: limit))
            let events = try rows.compactMap { try EventRecord($0, db) }
            return EventPage(
                events: events, through: rows.count < limit ? newest : rows[limit - 1][0],
                oldestAfterHole: cursor + 1 < oldest ? oldest : nil)
        }
    }
}

extension EventQuery {
    /// Along the keys: of a session by its index, else of all, which a reader passes over once.
    fileprivate var listing: String {
        var conditions = ["e.key > ?"]
        if session != nil { conditions.append("e.session = (SELECT key FROM session WHERE id = ?)") }
        if drone != nil { conditions.append("s.drone = ?") }
        if mission != nil { conditions.append("s.mission = ?") }
        conditions += limits.map(\.sql)
        if !kinds.isEmpty { conditions.append("e.kind IN (\(kinds.map { _ in "?" }.joined(separator: ", ")))") }
        let source = session == nil ? "event AS e NOT INDEXED" : "event AS e INDEXED BY event_by_session"
        return """
            SELECT e.key, e.kind, e.at_us, e.frame, e.reason, e.sequence, e.count, e.name, s.id, s.drone, s.mission
            FROM \(source) CROSS JOIN session AS s ON s.key = e.session
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY e.key LIMIT ?
            """
    }

    private var limits: [(sql: String, values: [String])] {
        [Bounds.condition("s.drone", bounds.drones), Bounds.condition("s.mission", bounds.missions)].compactMap(\.self)
    }

    fileprivate func arguments(after cursor: Int64, limit: Int) -> StatementArguments {
        var arguments: StatementArguments = [cursor]
        for value in [session, drone, mission] where value != nil { arguments += [value] }
        for limit in limits { arguments += StatementArguments(limit.values) }
        arguments += StatementArguments(kinds.map(\.rawValue))
        arguments += [limit]
        return arguments
    }
}

extension EventRecord {
    static func newest(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT max(key) FROM event") ?? 0
    }

    /// Nil where its frame has been removed since, or a newer version wrote it.
    fileprivate init?(_ row: Row, _ db: Database) throws {
        guard let kind = Kind(rawValue: row[1]) else { return nil }
        self.init(
            kind: kind, sessionID: row[8], at: Date(microseconds: row[2]), reason: row[4], sequence: row[5],
            count: row[6], name: row[7])
        cursor = row[0]
        droneID = row[9]
        missionID = row[10]
        if let key: Int64 = row[3] {
            let sql = "SELECT \(FrameRecord.selection) FROM frame AS f WHERE f.key = ?"
            let found = try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [key])
            guard found != nil || kind != .frame else { return nil }
            frame = try found.map { try FrameRecord($0, db) }
        }
    }

    /// Writes the row, and lets the oldest go; gives its key.
    func insert(_ db: Database, session: Int64? = nil, frame: Int64? = nil, keeping limit: Int) throws -> Int64 {
        let known =
            try session
            ?? Int64.fetchOne(
                db.cachedStatement(sql: "SELECT key FROM session WHERE id = ?"), arguments: [sessionID])
        guard let known else { throw StoreError.unknownSession(sessionID) }
        try db.cachedStatement(
            sql: """
                INSERT INTO event (kind, at_us, session, frame, reason, sequence, count, name)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [kind.rawValue, at.microseconds, known, frame, reason, sequence, count, name])
        let key = db.lastInsertedRowID
        try db.cachedStatement(sql: "DELETE FROM event WHERE key <= ?").execute(arguments: [key - Int64(limit)])
        return key
    }
}
