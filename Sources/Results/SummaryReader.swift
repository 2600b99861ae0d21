import Foundation
import GRDB

/// Adds up the sums of hours, or of cells, into groups.
struct SummaryReader {
    /// What a group has in common; what was not asked for is zero.
    private struct Key: Hashable {
        var session: Int64 = 0
        /// Places in the sorted names of the sessions' drones, missions and models.
        var drone: Int32 = 0
        var mission: Int32 = 0
        var model: Int32 = 0
        /// Hours or days.
        var time: Int64 = 0
        var y: Int64 = 0
        var x: Int64 = 0
    }

    private struct Sums {
        var frames: Int64 = 0
        var resets: Int64 = 0
        var registered: Int64 = 0
        var lost: Int64 = 0
        var compared: Int64 = 0
        var similarity = 0.0
        var fused: Int64 = 0
        var changed = 0.0
        /// By the key of the class.
        var areas: [ClassAreas.Entry?] = []

        mutating func add(_ row: RawStatement, from first: Int32) {
            frames += row.int(first)
            resets += row.int(first + 1)
            registered += row.int(first + 2)
            lost += row.int(first + 3)
            compared += row.int(first + 4)
            similarity += row.double(first + 5)
            fused += row.int(first + 6)
            changed += row.double(first + 7)
            ClassAreas.read(row.blob(first + 8)) { entry in
                let place = Int(entry.key)
                if place >= areas.count {
                    areas += Array(repeating: nil, count: place + 1 - areas.count)
                }
                guard var sum = areas[place] else { return areas[place] = entry }
                sum.frames &+= entry.frames
                sum.pixels = sum.pixels.saturatingAdd(entry.pixels)
                sum.fraction += entry.fraction
                areas[place] = sum
            }
        }
    }

    static let columns =
        "frames, resets, registered, lost, compared, similarity_sum, fused, changed_sum, areas"

    /// Narrowed to its bounds.
    private let query: SummaryQuery
    /// As it was asked: what cursors are good for.
    private let filter: Fingerprint
    private let directory: SessionDirectory?
    private let from: Int64?
    /// Not included.
    private let to: Int64?
    private let rectangles: [GridRectangle]
    /// One of hours; or of cells: the next row of cells, and a stretch of it.
    let listings: [BoundStatement]
    private var byCells: Bool { !rectangles.isEmpty }

    /// Nil where nothing can fit.
    init?(_ query: SummaryQuery, _ db: Database) throws {
        filter = query.fingerprint
        guard let query = query.narrowed else { return nil }
        self.query = query
        from = query.from?.microseconds.floorDivided(by: Rollups.hour)
        to = query.to.map { ($0.microseconds - 1).floorDivided(by: Rollups.hour) + 1 }
        let isNarrowed = ![query.sessions, query.drones, query.missions, query.models].allSatisfy(\.isEmpty)
        let needsCells = query.box != nil || query.groupBy.contains(.cell)
        let named: [SummaryQuery.Dimension] = [.session, .drone, .mission, .model]
        if (needsCells && isNarrowed) || query.groupBy.contains(where: named.contains) {
            directory = try SessionDirectory(query, db)
        } else {
            directory = nil
        }

        let earth = GeoBox(west: -180, south: -90, east: 180, north: 90)
        guard !needsCells else {
            let size: GridCell.Size? =
                query.groupBy.contains(.cell) ? (query.cellSize == .fine ? .fine : .coarse) : nil
            rectangles = GridRectangle.covering(query.box ?? earth, size: size)
            listings = [
                BoundStatement(sql: "SELECT min(y) FROM cell WHERE size = ?1 AND y >= ?2 AND y <= ?3", values: []),
                BoundStatement(
                    sql: """
                        SELECT session, hour, y, x, \(Self.columns) FROM cell
                        WHERE size = ?1 AND y = ?2 AND x >= ?3 AND x <= ?4 AND hour >= ?5 AND hour <= ?6
                        """, values: []),
            ]
            return
        }
        rectangles = []
        var conditions = NumberedConditions(from: 7)
        var sessions: [Int64] = []
        for id in query.sessions {
            let sql = "SELECT key FROM session WHERE id = ?"
            if let key = try Int64.fetchOne(db.cachedStatement(sql: sql), arguments: [id]) { sessions.append(key) }
        }
        if sessions.isEmpty, !query.sessions.isEmpty { return nil }
        if !sessions.isEmpty {
            let keys = sessions.map { conditions.place(.int($0)) }
            conditions.require(
                keys.count == 1 ? "session = \(keys[0])" : "session IN (\(keys.joined(separator: ", ")))")
        }
        conditions.require("drone", in: query.drones)
        conditions.require("mission", in: query.missions)
        conditions.require("model", in: query.models)
        let index =
            sessions.count == 1
            ? "rollup_by_session"
            : query.missions.count == 1
                ? "rollup_by_mission" : query.drones.count == 1 ? "rollup_by_drone" : "sqlite_autoindex_rollup_1"
        listings = [
            BoundStatement(
                sql: """
                    SELECT session, hour, 0, 0, \(Self.columns) FROM rollup INDEXED BY \(index)
                    WHERE hour >= ?1 AND hour <= ?2\(conditions.conjunction)
                    """, values: conditions.values)
        ]
    }

    func read(_ db: Database, within limit: TimeLimit, seal: CursorSeal) throws -> Summary {
        var groups: [Key: Sums] = [:]
        let (first, last) = (from ?? .min, (to ?? .max) - 1)
        if byCells {
            let nextRow = try listings[0].statement(db)
            let stretch = try listings[1].statement(db)
            defer {
                nextRow.reset()
                stretch.reset()
            }
            stretch.bind(first, at: 5)
            stretch.bind(last, at: 6)
            for rectangle in rectangles {
                nextRow.bind(rectangle.size.rawValue, at: 1)
                nextRow.bind(rectangle.y.upperBound, at: 3)
                stretch.bind(rectangle.size.rawValue, at: 1)
                stretch.bind(rectangle.x.lowerBound, at: 3)
                stretch.bind(rectangle.x.upperBound, at: 4)
                var y = rectangle.y.lowerBound
                while true {
                    try limit.check()
                    nextRow.bind(y, at: 2)
                    // An aggregate always has a row.
                    guard try nextRow.step(), !nextRow.isNull(0) else { break }
                    y = nextRow.int(0)
                    nextRow.reset()
                    stretch.bind(y, at: 2)
                    while try stretch.step() { add(stretch, &groups) }
                    stretch.reset()
                    y += 1
                }
                nextRow.reset()
            }
        } else {
            let hours = try listings[0].statement(db)
            defer { hours.reset() }
            hours.bind(first, at: 1)
            hours.bind(last, at: 2)
            while try hours.step() { add(hours, &groups) }
        }
        return try page(of: groups, seal: seal, db)
    }

    @inline(__always)
    private func add(_ row: RawStatement, _ groups: inout [Key: Sums]) {
        let session = row.int(0)
        var key = Key()
        if let directory {
            guard let entry = directory.sessions[session] else { return }
            for dimension in query.groupBy {
                switch dimension {
                case .session: key.session = session
                case .drone: key.drone = entry.drone
                case .mission: key.mission = entry.mission
                case .model: key.model = entry.model
                default: break
                }
            }
        }
        for dimension in query.groupBy {
            switch dimension {
            case .hour: key.time = row.int(1)
            case .day: key.time = row.int(1).floorDivided(by: 24)
            case .cell:
                key.y = row.int(2)
                key.x = row.int(3)
            default: break
            }
        }
        groups[key, default: Sums()].add(row, from: 4)
    }

    // MARK: Sorting and paging

    private func page(of groups: [Key: Sums], seal: CursorSeal, _ db: Database) throws -> Summary {
        let names = try ClassNames.all(db)
        let dimensions = query.groupBy.filter { $0 != .class }
        var sorted = groups.map { (key: $0.key, sums: $0.value) }
        sorted.sort { Self.precedes($0.key, $1.key, dimensions) }

        let filter = filter
        let after = try query.cursor.map { try SummaryCursor($0, for: filter, sealedWith: seal) }
        var items: [(group: Summary.Group, place: SummaryCursor)] = []
        let limit = max(1, query.limit)
        if let after {
            // Places of names may have moved since: it is by names that the page before ended.
            let start = sorted.firstIndex { !place(of: $0.key, dimensions).precedes(after.place) }
            sorted.removeSubrange(..<(start ?? sorted.endIndex))
        }
        for entry in sorted where items.count <= limit && entry.sums.lost >= query.minLost {
            let place = place(of: entry.key, dimensions)
            let group = try group(entry.key, entry.sums, dimensions, names, db)
            guard query.groupBy.contains(.class) else {
                if let after, place == after.place { continue }
                items.append((group, SummaryCursor(place: place, className: nil)))
                continue
            }
            for item in group.classes {
                if let after, place == after.place, item.name <= after.className ?? "" { continue }
                var one = group
                one.classes = [item]
                items.append((one, SummaryCursor(place: place, className: item.name)))
            }
        }
        let more = items.count > limit
        items.removeSubrange(min(limit, items.count)...)
        return Summary(
            groups: items.map(\.group), nextCursor: more ? items.last?.place.text(for: filter, sealedWith: seal) : nil,
            from: from.map { Date(microseconds: $0 * Rollups.hour) },
            to: to.map { Date(microseconds: $0 * Rollups.hour) }, box: query.box == nil ? nil : covered)
    }

    /// Keys sort as numbers; places among sorted names are in the order of the names.
    private static func precedes(_ one: Key, _ other: Key, _ dimensions: [SummaryQuery.Dimension]) -> Bool {
        for dimension in dimensions {
            switch dimension {
            case .session where one.session != other.session: return one.session < other.session
            case .drone where one.drone != other.drone: return one.drone < other.drone
            case .mission where one.mission != other.mission: return one.mission < other.mission
            case .model where one.model != other.model: return one.model < other.model
            case .hour where one.time != other.time, .day where one.time != other.time: return one.time < other.time
            case .cell where (one.y, one.x) != (other.y, other.x): return (one.y, one.x) < (other.y, other.x)
            default: continue
            }
        }
        return false
    }

    /// The cells that were counted.
    private var covered: GeoBox {
        let size: GridCell.Size =
            query.groupBy.contains(.cell) && query.cellSize == .coarse ? .coarse : .fine
        let parts = GridRectangle.covering(query.box!, size: size).map(\.box)
        return GeoBox(
            west: parts[0].west, south: parts[0].south, east: parts[parts.count - 1].east, north: parts[0].north)
    }

    private func place(of key: Key, _ dimensions: [SummaryQuery.Dimension]) -> [SummaryCursor.Part] {
        dimensions.flatMap { dimension -> [SummaryCursor.Part] in
            switch dimension {
            case .session: [.number(key.session)]
            case .drone: [.name(directory!.drones[Int(key.drone)])]
            case .mission: [.name(directory!.missions[Int(key.mission)])]
            case .model: [.name(directory!.models[Int(key.model)])]
            case .hour, .day: [.number(key.time)]
            case .cell: [.number(key.y), .number(key.x)]
            case .class: []
            }
        }
    }

    private func group(
        _ key: Key, _ sums: Sums, _ dimensions: [SummaryQuery.Dimension], _ names: [UInt32: String], _ db: Database
    ) throws -> Summary.Group {
        let keys = try dimensions.compactMap { dimension -> Summary.Key? in
            switch dimension {
            case .session:
                .session(
                    try String.fetchOne(
                        db.cachedStatement(sql: "SELECT id FROM session WHERE key = ?"), arguments: [key.session])!)
            case .drone: .drone(directory!.drones[Int(key.drone)])
            case .mission: .mission(directory!.missions[Int(key.mission)])
            case .model: .model(directory!.models[Int(key.model)] ?? "")
            case .hour: .hour(Date(microseconds: key.time * Rollups.hour))
            case .day: .day(Date(microseconds: key.time * Rollups.hour * 24))
            case .cell:
                .cell(GridCell(size: query.cellSize == .fine ? .fine : .coarse, y: key.y, x: key.x).box)
            case .class: nil
            }
        }
        let classes = sums.areas.compactMap { entry -> Summary.ClassArea? in
            guard let entry, let name = names[entry.key], query.classes.isEmpty || query.classes.contains(name) else {
                return nil
            }
            return Summary.ClassArea(
                name: name, frames: Int(entry.frames), pixels: Int(entry.pixels),
                fraction: entry.fraction / Double(sums.frames))
        }
        return Summary.Group(
            keys: keys, frames: Int(sums.frames), resets: Int(sums.resets), registered: Int(sums.registered),
            lost: Int(sums.lost),
            similarityMean: sums.compared == 0 ? nil : sums.similarity / Double(sums.compared),
            changedFraction: sums.fused == 0 ? nil : sums.changed / Double(sums.fused),
            classes: classes.sorted { $0.name < $1.name })
    }
}

extension SQLiteStore {
    package func summary(_ query: SummaryQuery) async throws -> Summary {
        let (seal, time) = (seal, queryTime)
        return try await search(within: time) { db, limit in
            guard let reader = try SummaryReader(query, db) else { return Summary(groups: []) }
            return try reader.read(db, within: limit, seal: seal)
        }
    }
}
