import Foundation
import GRDB

/// A statement that walks one index backwards from a place, newest first.
struct Listing {
    var sql: String
    var arguments: StatementArguments

    /// The first `count` of several listings with the same columns, each of which is in this order.
    static func merging(_ parts: [Listing], by order: String, count: Int) -> Listing {
        guard parts.count > 1 else { return parts[0] }
        let union = parts.map { "SELECT * FROM (\($0.sql))" }.joined(separator: " UNION ALL ")
        return Listing(
            sql: "SELECT * FROM (\(union)) ORDER BY \(order) LIMIT ?",
            arguments: parts.reduce([]) { $0 + $1.arguments } + [count])
    }
}

/// What a `WHERE` asks for.
struct Conditions {
    private(set) var arguments: StatementArguments = []
    private var parts: [String] = []

    var sql: String { parts.joined(separator: " AND ") }

    mutating func require(_ condition: String, _ values: StatementArguments) {
        parts.append(condition)
        arguments += values
    }

    mutating func require(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
        if let value { require(condition, [value]) }
    }

    /// That a column has the value asked for, where there is one, and one of those that are allowed at all.
    ///
    /// Where that can be none, it is known before a row is looked at.
    mutating func require(_ column: String, is value: String?, among allowed: Set<String>?) {
        guard let allowed else { return require("\(column) = ?", value) }
        guard let value else {
            return allowed.isEmpty ? require("?", [false]) : require(among: allowed, column)
        }
        // A parameter, because SQLite makes `x AND 0` of a text into `0`, and then misses the x that its index needs.
        require("\(column) = ? AND ?", [value, allowed.contains(value)])
    }

    private mutating func require(among allowed: Set<String>, _ column: String) {
        guard let condition = Bounds.condition(column, allowed) else { return }
        require(condition.sql, StatementArguments(condition.values))
    }
}

extension FrameQuery {
    /// The filter without paging: what a cursor is good for.
    var fingerprint: Fingerprint {
        var print = bounds.fingerprint
        for text in ["frames", session, drone, mission, model, mode, className] { print.add(text) }
        print.add(className == nil ? 0 : minFraction.bitPattern)
        print.add(from)
        print.add(to)
        return print
    }

    /// Selects `FrameRecord.selection` of at most `count` frames below `place`.
    ///
    /// `INDEXED BY` because SQLite, without statistics, is free to walk "every propagated frame of the fleet" in search
    /// of one session's; with it a plan that cannot use the index is an error, not a slow answer. The narrower filter
    /// leads; those after it are looked up in the rows found.
    ///
    /// Bounds to several drones, or missions, make as many walks, of which the newest rows are taken: one walk over
    /// everybody's frames in search of a few drones' would have no end.
    func listing(below place: PageCursor, count: Int) -> Listing {
        var walks = [self]
        if session == nil, drone == nil, mission == nil {
            if let drones = bounds.drones, !drones.isEmpty {
                walks = drones.sorted().map { walk(of: $0, \.drone) }
            } else if let missions = bounds.missions, !missions.isEmpty {
                walks = missions.sorted().map { walk(of: $0, \.mission) }
            }
        }
        return .merging(
            walks.map { $0.walk(below: place, count: count) }, by: "captured_us DESC, key DESC", count: count)
    }

    private func walk(of name: String, _ member: WritableKeyPath<FrameQuery, String?>) -> FrameQuery {
        var query = self
        query[keyPath: member] = name
        return query
    }

    private func walk(below place: PageCursor, count: Int) -> Listing {
        var conditions = Conditions()

        // A class alone leads through its own index. Beside a session, a drone or a mission, which are a small part of
        // all frames where a class like "building" is in most of them, it is looked up per frame.
        let byClass = className != nil && session == nil && drone == nil && mission == nil
        let time = byClass ? "c.captured_us" : "f.captured_us"
        let key = byClass ? "c.frame" : "f.key"

        if let session {
            // A session is of one drone and one mission: if it is not within the bounds, there is none.
            var its = Conditions()
            its.require("id = ?", session)
            its.require("drone", is: nil, among: bounds.drones)
            its.require("mission", is: nil, among: bounds.missions)
            conditions.require("f.session = (SELECT key FROM session WHERE \(its.sql))", its.arguments)
        }
        conditions.require("f.mission", is: mission, among: session == nil ? bounds.missions : nil)
        conditions.require("f.drone", is: drone, among: session == nil ? bounds.drones : nil)
        conditions.require("f.mode = ?", mode)
        conditions.require("f.model = ?", model)
        if let className {
            // At least one pixel is any fraction above zero.
            let least = max(minFraction, .leastNonzeroMagnitude)
            conditions.require(
                byClass
                    ? "c.name = ? AND c.fraction >= ?"
                    : "EXISTS (SELECT 1 FROM frame_class WHERE frame = f.key AND name = ? AND fraction >= ?)",
                [className, least])
        }
        conditions.require("\(time) >= ?", from?.microseconds)
        conditions.require("(\(time), \(key)) < (?, ?)", [place.microseconds, place.key])

        let source =
            byClass
            ? "frame_class AS c INDEXED BY frame_class_by_name CROSS JOIN frame AS f ON f.key = c.frame"
            : "frame AS f INDEXED BY \(index)"
        let sql = """
            SELECT \(FrameRecord.selection) FROM \(source)
            WHERE \(conditions.sql)
            ORDER BY \(time) DESC, \(key) DESC LIMIT ?
            """
        return Listing(sql: sql, arguments: conditions.arguments + [count])
    }

    private var index: String {
        if session != nil { return "frame_by_session" }
        if mission != nil { return "frame_by_mission" }
        if drone != nil { return "frame_by_drone" }
        if mode != nil { return "frame_by_mode" }
        if model != nil { return "frame_by_model" }
        return "frame_by_time"
    }
}
