import Foundation
import GRDB

/// What a frame is by its words, and which numbers it has: a reset has no similarity, a first frame no registration.
///
/// A fleet has a few dozen kinds among millions of frames. So each kind has a key in the database, and bounds hold the
/// kinds that there are as a set: a search for what no frame is at once, a reset with a similarity, looks nowhere.
struct FrameKind: Hashable {
    var mode: String
    var reason: String?
    /// Of registration; nil where there was none.
    var method: String?
    var isRegistered: Bool
    var hasSimilarity: Bool
    var hasChanged: Bool

    /// Its key in the database, which it gets where it is new.
    func makeKey(_ db: Database) throws -> Int64 {
        let find = try db.cachedStatement(
            sql: """
                SELECT key FROM kind WHERE mode = ? AND reason = ? AND method = ? AND registered = ? AND similarity = ?
                    AND changed = ?
                """)
        if let key = try Int64.fetchOne(find, arguments: arguments) { return key }
        try db.cachedStatement(
            sql: """
                INSERT INTO kind (mode, reason, method, registered, similarity, changed) VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: arguments)
        return db.lastInsertedRowID
    }

    static func all(_ db: Database) throws -> [(key: Int64, kind: FrameKind)] {
        let sql = "SELECT key, mode, reason, method, registered, similarity, changed FROM kind"
        return try Row.fetchAll(db.cachedStatement(sql: sql)).map { row in
            let (reason, method): (String, String) = (row[2], row[3])
            return (
                row[0],
                FrameKind(
                    mode: row[1], reason: reason.isEmpty ? nil : reason, method: method.isEmpty ? nil : method,
                    isRegistered: row[4], hasSimilarity: row[5], hasChanged: row[6])
            )
        }
    }

    /// SQLite holds no two rows for equal that have a NULL.
    private var arguments: StatementArguments {
        [mode, reason ?? "", method ?? "", isRegistered, hasSimilarity, hasChanged]
    }
}

/// A set of kinds in 64 bits: of more kinds some share a place, and may be looked for where they are not.
struct KindSet {
    /// As SQLite keeps it.
    private(set) var bits: Int64 = 0

    mutating func insert(_ key: Int64) { bits |= 1 << (key & 63) }
}

/// Keys of kinds that were looked up before.
struct KindKeys {
    private var keys: [FrameKind: Int64] = [:]

    mutating func key(of kind: FrameKind, _ db: Database) throws -> Int64 {
        if let key = keys[kind] { return key }
        let key = try kind.makeKey(db)
        keys[kind] = key
        return key
    }
}

extension FrameQuery {
    /// Whether a frame of the kind may fit.
    func allows(_ kind: FrameKind) -> Bool {
        func contains(_ words: [String], _ word: String?) -> Bool {
            words.isEmpty || words.contains(word ?? Self.none)
        }
        return contains(modes, kind.mode) && contains(reasons, kind.reason) && contains(registrations, kind.method)
            && (registrationOK == nil || kind.method != nil && registrationOK == kind.isRegistered)
            && (inliers.isOpen || kind.method != nil) && (similarity.isOpen || kind.hasSimilarity)
            && (changed.isOpen || kind.hasChanged)
    }
}
