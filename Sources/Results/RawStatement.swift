import Foundation
import GRDB
import GRDBSQLite

/// A statement that is run thousands of times for one answer: bound and read without anything in between.
struct RawStatement {
    private let statement: Statement
    private let pointer: OpaquePointer

    init(_ sql: String, _ db: Database) throws {
        statement = try db.cachedStatement(sql: sql)
        pointer = statement.sqliteStatement
        sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
    }

    func bind(_ value: Int64, at place: Int32) { sqlite3_bind_int64(pointer, place, value) }

    /// Numbered from `first`; nil is NULL.
    func bind(_ values: [Bound?], from first: Int32) {
        for (offset, value) in values.enumerated() {
            let place = first + Int32(offset)
            switch value {
            case nil: sqlite3_bind_null(pointer, place)
            case .int(let value): sqlite3_bind_int64(pointer, place, value)
            case .double(let value): sqlite3_bind_double(pointer, place, value)
            case .text(let value): sqlite3_bind_text(pointer, place, value, -1, sqliteTransient)
            case .blob(let data) where data.isEmpty: sqlite3_bind_zeroblob(pointer, place, 0)
            case .blob(let data):
                _ = data.withUnsafeBytes {
                    sqlite3_bind_blob64(pointer, place, $0.baseAddress, UInt64($0.count), sqliteTransient)
                }
            }
        }
    }

    /// Whether there is a row.
    @inline(__always)
    func step() throws -> Bool {
        let code = sqlite3_step(pointer)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        let message = sqlite3_db_handle(pointer).flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
        reset()
        throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }

    /// Ends a run: until then the database keeps what the statement reads.
    func reset() { sqlite3_reset(pointer) }

    @inline(__always)
    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }
    @inline(__always)
    func double(_ column: Int32) -> Double { sqlite3_column_double(pointer, column) }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(pointer, column) == SQLITE_NULL }
    func text(_ column: Int32) -> String? { sqlite3_column_text(pointer, column).map { String(cString: $0) } }
    /// Good until the next step.
    @inline(__always)
    func blob(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(pointer, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, column)))
    }
}

/// A value that stands for a `?` in a statement.
enum Bound: Equatable {
    case int(Int64), double(Double), text(String), blob(Data)
}
