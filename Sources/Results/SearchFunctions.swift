import Foundation
import GRDB
import GRDBSQLite

/// What SQLite is taught, so that sums and bounds are merged and compared where the rows are.
///
/// Through SQLite's own interface: a search calls these a hundred thousand times, and GRDB's would copy each blob.
enum SearchFunctions {
    static func register(_ db: Database) throws {
        let connection = db.sqliteConnection
        let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC
        let codes = [
            sqlite3_create_function_v2(
                connection, "may_hold", 2, flags, nil,
                { context, _, values in
                    let met = ClassDemands.mayBeMet(by: bytes(values![0]), bytes(values![1]))
                    sqlite3_result_int(context, met ? 1 : 0)
                }, nil, nil, nil),
            sqlite3_create_function_v2(
                connection, "add_areas", 2, flags, nil,
                { context, _, values in
                    var sum = ClassAreas(bytes(values![0]))
                    sum.add(ClassAreas(bytes(values![1])))
                    give(sum.blob, context)
                }, nil, nil, nil),
            sqlite3_create_function_v2(
                connection, "widen_peaks", 2, flags, nil,
                { context, _, values in
                    var peaks = ClassPeaks(bytes(values![0]))
                    peaks.widen(ClassPeaks(bytes(values![1])))
                    give(peaks.blob, context)
                }, nil, nil, nil),
        ]
        for code in codes where code != SQLITE_OK { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }
}

private func bytes(_ value: OpaquePointer?) -> UnsafeRawBufferPointer {
    let start = sqlite3_value_blob(value)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value)))
}

private func give(_ data: Data, _ context: OpaquePointer?) {
    // SQLite takes no address for NULL.
    guard !data.isEmpty else { return sqlite3_result_zeroblob(context, 0) }
    data.withUnsafeBytes { sqlite3_result_blob64(context, $0.baseAddress, UInt64($0.count), sqliteTransient) }
}

/// SQLite copies what it is given: the constant of that name is a macro, which Swift does not see.
let sqliteTransient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
