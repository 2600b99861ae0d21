import GRDB
import GRDBSQLite

/// How long one query may take: whoever asks for what takes a minute would make everybody wait.
final class TimeLimit {
    private let end: ContinuousClock.Instant

    init(_ time: Duration) {
        end = .now + time
    }

    /// Throws `StoreError.queryTimeout` once it is over.
    func check() throws {
        if ContinuousClock.now >= end { throw StoreError.queryTimeout }
    }

    /// Runs queries on a connection, and interrupts them when the time is over.
    func whileReading<Value>(_ db: Database, _ body: () throws -> Value) throws -> Value {
        try check()
        let connection = db.sqliteConnection
        sqlite3_progress_handler(
            connection, 5000,
            { limit in
                ContinuousClock.now < Unmanaged<TimeLimit>.fromOpaque(limit!).takeUnretainedValue().end ? 0 : 1
            }, Unmanaged.passUnretained(self).toOpaque())
        defer { sqlite3_progress_handler(connection, 0, nil, nil) }
        do {
            return try body()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
            try check()
            throw error
        }
    }
}
