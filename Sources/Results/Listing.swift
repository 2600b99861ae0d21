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

/// A query for things of drones and missions, by the time when they were made.
protocol BoundedListing {
    var bounds: Bounds { get }
    var drone: String? { get set }
    var mission: String? { get set }

    /// Selects at most `count` below `place` along one index, by falling `created_us` and `key`.
    func walk(below place: PageCursor, count: Int) -> Listing
}

extension BoundedListing {
    /// Bounds to several drones, or missions, make as many walks, of which the newest rows are taken: one walk over
    /// everybody's in search of a few drones' would have no end.
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

    private func walk(of name: String, _ member: WritableKeyPath<Self, String?>) -> Self {
        var query = self
        query[keyPath: member] = name
        return query
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
