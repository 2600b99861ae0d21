import GRDB

extension SessionQuery {
    /// The filter without paging: what a cursor is good for.
    var fingerprint: Fingerprint {
        var print = bounds.fingerprint
        for text in ["sessions", drone, mission, state?.rawValue] { print.add(text) }
        return print
    }

    /// Selects key and `SessionRecord.columns` of at most `count` sessions below `place`.
    ///
    /// Bounds to several drones, or missions, make as many walks, as those of frames do.
    func listing(below place: PageCursor, count: Int) -> Listing {
        var walks = [self]
        if drone == nil, mission == nil {
            if let drones = bounds.drones, !drones.isEmpty {
                walks = drones.sorted().map { walk(of: $0, \.drone) }
            } else if let missions = bounds.missions, !missions.isEmpty {
                walks = missions.sorted().map { walk(of: $0, \.mission) }
            }
        }
        return .merging(
            walks.map { $0.walk(below: place, count: count) }, by: "created_us DESC, key DESC", count: count)
    }

    private func walk(of name: String, _ member: WritableKeyPath<SessionQuery, String?>) -> SessionQuery {
        var query = self
        query[keyPath: member] = name
        return query
    }

    private func walk(below place: PageCursor, count: Int) -> Listing {
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
