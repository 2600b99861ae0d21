import GRDB

extension SessionQuery: BoundedListing {
    /// The filter without paging: what a cursor is good for.
    var fingerprint: Fingerprint {
        var print = bounds.fingerprint
        for text in ["sessions", drone, mission, state?.rawValue] { print.add(text) }
        return print
    }

    /// Key and `SessionRecord.columns`.
    func walk(below place: PageCursor, count: Int) -> Listing {
        var conditions = Conditions()
        conditions.require("mission", is: mission, among: bounds.missions)
        conditions.require("drone", is: drone, among: bounds.drones)
        conditions.require("state = ?", state?.rawValue)
        conditions.require("(created_us, key) < (?, ?)", [place.microseconds, place.key])
        let sql = """
            SELECT key, \(SessionRecord.columns.joined(separator: ", ")) FROM session INDEXED BY \(index)
            WHERE \(conditions.sql)
            ORDER BY created_us DESC, key DESC LIMIT ?
            """
        return Listing(sql: sql, arguments: conditions.arguments + [count])
    }

    private var index: String {
        if mission != nil { return "session_by_mission" }
        if drone != nil { return "session_by_drone" }
        if state != nil { return "session_by_state" }
        return "session_by_time"
    }
}
