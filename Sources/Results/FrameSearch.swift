import Foundation
import GRDB

/// Finds the frames of a query, in the order of its list: hour by hour, in these minute by minute, and only in minutes
/// whose bounds allow for a fitting frame.
///
/// Hours, and minutes, do not overlap. So once a minute is done its frames stand before all later ones, and the search
/// ends as soon as the page is full.
struct FrameSearch {
    /// `(captured_us, key)`, the order of every list.
    typealias Place = (microseconds: Int64, key: Int64)

    private let isAscending: Bool
    private let from: Int64
    /// Included.
    private let to: Int64
    /// Found frames come after it.
    private let place: PageCursor
    let hours: BoundStatement
    let minutes: BoundStatement
    let frames: BoundStatement

    /// Nil where the database knows no session, no class, or no kind of frame, of those that are asked for, or none of
    /// their drones or missions is within the bounds: nothing fits.
    init?(_ query: FrameQuery, after place: PageCursor, _ db: Database) throws {
        guard let query = query.narrowed else { return nil }
        var sessions: [Int64] = []
        for id in query.sessions {
            let sql = "SELECT key FROM session WHERE id = ?"
            if let key = try Int64.fetchOne(db.cachedStatement(sql: sql), arguments: [id]) { sessions.append(key) }
        }
        if sessions.isEmpty, !query.sessions.isEmpty { return nil }
        var classKeys: [String: UInt32] = [:]
        for item in query.classes { classKeys[item.name] = try ClassNames.key(of: item.name, db) }
        let seen = query.classes.count { classKeys[$0.name] != nil }
        if query.classMatch == .all ? seen < query.classes.count : seen == 0 && !query.classes.isEmpty { return nil }

        let known = try FrameKind.all(db)
        let fitting = known.filter { query.allows($0.kind) }
        if fitting.isEmpty { return nil }
        var kinds: KindSet?
        if fitting.count < known.count { kinds = fitting.reduce(into: KindSet()) { $0.insert($1.key) } }

        isAscending = query.order == .oldestFirst
        self.place = place
        let bounds = (query.from?.microseconds ?? .min, query.to.map { $0.microseconds - 1 } ?? .max)
        from = isAscending ? max(bounds.0, place.microseconds) : bounds.0
        to = isAscending ? bounds.1 : min(bounds.1, place.microseconds)

        let direction = isAscending ? "ASC" : "DESC"
        var hourly = NumberedConditions(from: Parameter.first)
        if !sessions.isEmpty {
            let keys = sessions.map { hourly.place(.int($0)) }
            hourly.require(keys.count == 1 ? "session = \(keys[0])" : "session IN (\(keys.joined(separator: ", ")))")
        }
        hourly.require("drone", in: query.drones)
        hourly.require("mission", in: query.missions)
        hourly.require("model", in: query.models)
        query.requireBounds(&hourly, kinds: kinds, classKeys: classKeys)
        hours = BoundStatement(
            sql: """
                SELECT hour, session FROM rollup \(Self.index(query))
                WHERE hour >= ?1 AND hour <= ?2 AND stored > 0\(hourly.conjunction) ORDER BY hour \(direction)
                """, values: hourly.values)

        var minutely = NumberedConditions(from: Parameter.first)
        query.requireBounds(&minutely, kinds: kinds, classKeys: classKeys)
        minutes = BoundStatement(
            sql: """
                SELECT minute FROM zone
                WHERE session = ?3 AND minute >= ?1 AND minute <= ?2\(minutely.conjunction)
                """, values: minutely.values)

        var own = NumberedConditions(from: Parameter.first)
        query.requireOfFrame(&own)
        frames = BoundStatement(
            sql: """
                SELECT f.captured_us, f.key FROM frame AS f INDEXED BY frame_by_session
                WHERE f.session = ?3 AND f.captured_us >= ?1 AND f.captured_us <= ?2
                    AND (f.captured_us <> ?4 OR f.key \(isAscending ? ">" : "<") ?5)\(own.conjunction)
                ORDER BY f.captured_us \(direction), f.key \(direction) LIMIT ?6
                """, values: own.values)
    }

    /// The parameters up to `first` change from run to run: from, to, session, place (2), count.
    private enum Parameter {
        static let first: Int32 = 7
    }

    /// One name leads through its index; several are looked for in all hours, which are few.
    ///
    /// `INDEXED BY` because SQLite, without statistics, is free to take another; with it a plan that cannot use the
    /// index is an error, not a slow answer.
    private static func index(_ query: FrameQuery) -> String {
        if query.sessions.count == 1 { return "INDEXED BY rollup_by_session" }
        if query.missions.count == 1 { return "INDEXED BY rollup_by_mission" }
        if query.drones.count == 1 { return "INDEXED BY rollup_by_drone" }
        return "INDEXED BY sqlite_autoindex_rollup_1"
    }

    /// At most so many.
    func places(_ count: Int, _ db: Database, within limit: TimeLimit) throws -> [Place] {
        guard from <= to else { return [] }
        let hourly = try hours.statement(db)
        let minutely = try minutes.statement(db)
        let framely = try frames.statement(db)
        defer { for statement in [hourly, minutely, framely] { statement.reset() } }
        hourly.bind(from.floorDivided(by: Rollups.hour), at: 1)
        hourly.bind(to.floorDivided(by: Rollups.hour), at: 2)
        framely.bind(place.microseconds, at: 4)
        framely.bind(place.key, at: 5)

        var found: [Place] = []
        var hour: Int64?
        var sessions: [Int64] = []
        while try hourly.step() {
            if let hour, hourly.int(0) != hour {
                try search(hour, sessions, minutely, framely, &found, count, limit)
                if found.count == count { return found }
                sessions.removeAll(keepingCapacity: true)
            }
            hour = hourly.int(0)
            sessions.append(hourly.int(1))
        }
        if let hour { try search(hour, sessions, minutely, framely, &found, count, limit) }
        return found
    }

    private func search(
        _ hour: Int64, _ sessions: [Int64], _ minutely: RawStatement, _ framely: RawStatement, _ found: inout [Place],
        _ count: Int, _ limit: TimeLimit
    ) throws {
        try limit.check()
        var minutes: [(minute: Int64, session: Int64)] = []
        minutely.bind(max(hour * 60, from.floorDivided(by: Rollups.minute)), at: 1)
        minutely.bind(min(hour * 60 + 59, to.floorDivided(by: Rollups.minute)), at: 2)
        for session in sessions {
            minutely.bind(session, at: 3)
            while try minutely.step() { minutes.append((minutely.int(0), session)) }
            minutely.reset()
        }
        minutes.sort { isAscending ? $0.minute < $1.minute : $0.minute > $1.minute }

        var next = minutes.startIndex
        while next < minutes.endIndex, found.count < count {
            try limit.check()
            let minute = minutes[next].minute
            framely.bind(max(minute * Rollups.minute, from), at: 1)
            framely.bind(min(minute * Rollups.minute + Rollups.minute - 1, to), at: 2)
            framely.bind(Int64(count - found.count), at: 6)
            var together: [Place] = []
            while next < minutes.endIndex, minutes[next].minute == minute {
                framely.bind(minutes[next].session, at: 3)
                while try framely.step() { together.append((framely.int(0), framely.int(1))) }
                framely.reset()
                next += 1
            }
            together.sort { isAscending ? $0 < $1 : $0 > $1 }
            found += together.prefix(count - found.count)
        }
    }
}

/// A statement, and what stands for its parameters from number 7 on.
struct BoundStatement {
    var sql: String
    var values: [Bound]

    func statement(_ db: Database) throws -> RawStatement {
        let statement = try RawStatement(sql, db)
        statement.bind(values, from: 7)
        return statement
    }
}

/// Names of classes, and the keys that stand for them in sums and bounds.
enum ClassNames {
    static func key(of name: String, _ db: Database) throws -> UInt32? {
        try UInt32.fetchOne(db.cachedStatement(sql: "SELECT key FROM class WHERE name = ?"), arguments: [name])
    }

    /// Gives a name that is new a key.
    static func makeKey(of name: String, _ db: Database) throws -> UInt32 {
        if let key = try key(of: name, db) { return key }
        try db.cachedStatement(sql: "INSERT INTO class (name) VALUES (?)").execute(arguments: [name])
        return UInt32(clamping: db.lastInsertedRowID)
    }

    static func all(_ db: Database) throws -> [UInt32: String] {
        var names: [UInt32: String] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT key, name FROM class")
        while let row = try rows.next() { names[row[0]] = row[1] }
        return names
    }
}
