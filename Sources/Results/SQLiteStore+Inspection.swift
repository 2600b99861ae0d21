import GRDB

/// What tests, and whoever adds a filter or asks why a query is slow, need to know.
extension SQLiteStore {
    /// How SQLite answers a page of frames: the lines of `EXPLAIN QUERY PLAN` for hours, minutes and frames.
    ///
    /// Nil where the query names what the database has never seen, and none is asked.
    package func plan(of query: FrameQuery) async throws -> [[String]]? {
        try await read { db in
            guard let search = try FrameSearch(query, after: PageCursor(startOf: query), db) else { return nil }
            return try [search.hours, search.minutes, search.frames].map { try Self.plan($0.sql, db) }
        }
    }

    /// Of each statement that a summary reads with.
    package func plan(of query: SummaryQuery) async throws -> [[String]]? {
        try await read { db in
            try SummaryReader(query, db)?.listings.map { try Self.plan($0.sql, db) }
        }
    }

    package func plan(of query: SessionQuery) async throws -> [String] {
        try await read { db in try Self.plan(query.listing(below: PageCursor(before: nil), count: query.limit).sql, db)
        }
    }

    /// A setting of the connection that writes.
    package func pragma(_ name: String) async throws -> String? {
        try await writer.write { db, _ in try String.fetchOne(db, sql: "PRAGMA \(name)") }
    }

    /// Parameters without a value do not change a plan: the database keeps no statistics.
    private static func plan(_ sql: String, _ db: Database) throws -> [String] {
        let statement = try RawStatement("EXPLAIN QUERY PLAN " + sql, db)
        defer { statement.reset() }
        var lines: [String] = []
        while try statement.step() { lines.append(statement.text(3) ?? "") }
        return lines
    }
}
