import GRDB

/// A statement that walks one index backwards from a place, newest first.
struct Listing {
    var sql: String
    var arguments: StatementArguments
}

extension SessionQuery {
    /// The filter without paging: what a cursor is good for.
    var fingerprint: Fingerprint {
        var print = Fingerprint()
        for text in ["sessions", drone, mission, state?.rawValue] { print.add(text) }
        return print
    }

    /// Selects key and `SessionRecord.columns` of at most `count` sessions below `place`.
    func listing(below place: PageCursor, count: Int) -> Listing {
        var conditions: [String] = []
        var arguments: StatementArguments = []
        for (condition, value) in [("mission = ?", mission), ("drone = ?", drone), ("state = ?", state?.rawValue)] {
            guard let value else { continue }
            conditions.append(condition)
            arguments += [value]
        }
        conditions.append("(created_us, key) < (?, ?)")
        arguments += [place.microseconds, place.key, count]
        let sql = """
            SELECT key, \(SessionRecord.columns.joined(separator: ", ")) FROM session INDEXED BY \(index)
            WHERE \(conditions.joined(separator: " AND "))
            ORDER BY created_us DESC, key DESC LIMIT ?
            """
        return Listing(sql: sql, arguments: arguments)
    }

    private var index: String {
        if mission != nil { return "session_by_mission" }
        if drone != nil { return "session_by_drone" }
        if state != nil { return "session_by_state" }
        return "session_by_time"
    }
}
