import GRDB

/// What tests, and whoever adds a filter or asks why a query is slow, need to know.
extension SQLiteStore {
    /// How SQLite answers a page of a list: the lines of `EXPLAIN QUERY PLAN`.
    package func plan(of query: FrameQuery) async throws -> [String] {
        try await plan(query.listing(below: PageCursor(before: query.to), count: query.limit))
    }

    package func plan(of query: SessionQuery) async throws -> [String] {
        try await plan(query.listing(below: PageCursor(before: nil), count: query.limit))
    }

    /// A setting of the connection that writes.
    package func pragma(_ name: String) async throws -> String? {
        try await writer.write { db, _ in try String.fetchOne(db, sql: "PRAGMA \(name)") }
    }

    private func plan(_ listing: Listing) async throws -> [String] {
        try await read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + listing.sql, arguments: listing.arguments)
                .map { $0["detail"] }
        }
    }
}
