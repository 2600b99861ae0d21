import Foundation
import GRDB
import Results
import Telemetry
import Testing

@Suite struct SummaryTests {
    let folder = TemporaryFolder()

    /// Every set of dimensions that makes sense.
    static let groupings: [[SummaryQuery.Dimension]] = {
        let all = SummaryQuery.Dimension.allCases
        var sets: [[SummaryQuery.Dimension]] = []
        for bits in 0..<(1 << all.count) {
            let chosen = all.indices.filter { bits >> $0 & 1 == 1 }.map { all[$0] }
            if chosen.count <= 3, !(chosen.contains(.hour) && chosen.contains(.day)) { sets.append(chosen) }
        }
        return sets
    }()

    @Test func `groups are the sums of their frames, by whatever they are grouped and narrowed`() async throws {
        let store = try folder.open()
        var sample = FleetSample(seed: 21)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 500)
        for grouping in Self.groupings {
            for _ in 0..<3 {
                let query = sample.summaryQuery(grouping)
                #expect(try await store.all(query) == sample.summary(query), "\(query)")
            }
        }
    }

    @Test func `an answer says which hours and which cells were counted`() async throws {
        let store = try folder.open()
        var query = SummaryQuery()
        query.from = .noon + 1
        query.to = .noon + 3600
        query.box = GeoBox(west: 179.9991, south: -0.0005, east: -179.9999, north: 0.001)
        var answer = try await store.summary(query)
        #expect(answer.from == .noon && answer.to == .noon + 3600)
        #expect(answer.box == GeoBox(west: 179.999, south: -0.001, east: -179.999, north: 0.001))
        query.to = .noon + 3600.000_001
        query.groupBy = [.cell]
        answer = try await store.summary(query)
        #expect(answer.to == .noon + 7200)
        #expect(answer.box == GeoBox(west: 179.99, south: -0.01, east: -179.99, north: 0.01))
        answer = try await store.summary(SummaryQuery())
        #expect(answer == Summary(groups: []))
    }

    @Test func `what was summed up stays when frames are removed, as long as their session`() async throws {
        let store = try folder.open()
        var sample = FleetSample(seed: 22)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 100)
        var query = SummaryQuery()
        query.groupBy = [.session]
        let before = try await store.summary(query)
        let visitor = try folder.visitor()
        try await visitor.write { db in try db.execute(sql: "PRAGMA foreign_keys = ON; DELETE FROM frame") }
        #expect(try await store.summary(query) == before)
        let gone = sample.sessions[0].id
        try await visitor.write { db in
            try db.execute(sql: "PRAGMA foreign_keys = ON; DELETE FROM event")
            try db.execute(sql: "DELETE FROM session WHERE id = ?", arguments: [gone])
        }
        let after = try await store.summary(query)
        #expect(after.groups == before.groups.filter { $0.keys != [.session(gone)] })
        #expect(after.groups.count == before.groups.count - 1)
    }

    @Test func `a database that had no sums gets those of its frames`() async throws {
        let store = try folder.open()
        var sample = FleetSample(seed: 23)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 300)
        let sums = try folder.visitor()
        func tables() throws -> [[Row]] {
            try sums.read { db in
                try ["rollup", "zone", "cell"].map {
                    try Row.fetchAll(db, sql: "SELECT * FROM \($0) ORDER BY 1, 2, 3, 4, 5")
                }
            }
        }
        let kept = try tables()
        #expect(kept.allSatisfy { $0.count > 10 })
        try await store.close()
        // As it was before the migration.
        try await sums.write { db in
            for name in ["rollup", "zone", "cell", "class", "kind"] { try db.execute(sql: "DROP TABLE \(name)") }
            try db.execute(
                sql: """
                    DROP TRIGGER frame_removed;
                    DELETE FROM grdb_migrations WHERE identifier LIKE '9:%';
                    CREATE INDEX frame_by_drone ON frame (drone);
                    CREATE INDEX frame_by_mission ON frame (mission);
                    CREATE INDEX frame_by_model ON frame (model);
                    CREATE INDEX frame_by_mode ON frame (mode);
                    CREATE INDEX frame_class_by_name ON frame_class (name);
                    """)
        }
        let progress = Log()
        let next = try folder.open { $0.onMigration = { progress.add($0) } }
        #expect(progress.entries.first == MigrationProgress(done: 0, total: 300))
        // All but the numbers of the classes, which are given in the order in which they are met.
        let made = try tables()
        #expect(made.map(\.count) == kept.map(\.count))
        for (mine, theirs) in zip(made.joined(), kept.joined()) {
            for (column, value) in mine {
                // Sums of fractions may differ in the last digit: they were added in another order.
                if let number = Double.fromDatabaseValue(value) {
                    #expect(abs(number - (theirs[column] as Double)) < 1e-9)
                } else if column != "areas", column != "peaks" {
                    #expect(value == (theirs[column] as DatabaseValue))
                }
            }
        }
        for name in FleetSample.names {
            var query = FrameQuery()
            query.classes = [.init(name, minFraction: 0.6)]
            #expect(try await next.all(query) == sample.matching(query))
        }
        for grouping in [[], [.class], [SummaryQuery.Dimension.session, .class], [.cell, .class]] {
            let query = sample.summaryQuery(grouping)
            #expect(try await next.all(query) == sample.summary(query))
        }
    }

    @Test func `pages of groups come without holes and repeats while frames and drones come`() async throws {
        let store = try folder.open()
        var sample = FleetSample(seed: 24)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 100)
        var query = SummaryQuery()
        query.groupBy = [.drone, .hour, .class]
        let before = try await store.all(query).map(GroupName.init)
        query.limit = 3
        var seen: [GroupName] = []
        var number = 0
        repeat {
            let page = try await store.summary(query)
            #expect(page.groups.count <= 3)
            seen += page.groups.map(GroupName.init)
            query.cursor = page.nextCursor
            try await store.insert(.make(drone: "a\(number)"))
            try await sample.fill(store, frames: 3)
            number += 1
        } while query.cursor != nil
        #expect(Set(seen).count == seen.count)
        #expect(Set(before).isSubset(of: seen))
        query.cursor = "nonsense"
        await #expect(throws: StoreError.badCursor) { _ = try await store.summary(query) }
    }
}

private struct GroupName: Hashable {
    let text: String

    init(_ group: Summary.Group) {
        text = "\(group.keys) \(group.classes.map(\.name))"
    }
}

private final class Log: @unchecked Sendable {
    private let lock = NSLock()
    private var list: [MigrationProgress] = []

    func add(_ entry: MigrationProgress) { lock.withLock { list.append(entry) } }
    var entries: [MigrationProgress] { lock.withLock { list } }
}

extension SQLiteStore {
    /// All groups, their sums rounded, in an order of their own.
    fileprivate func all(_ query: SummaryQuery) async throws -> [Summary.Group] {
        try await summary(query).groups.map(\.rounded)
    }
}

extension Summary.Group {
    fileprivate var rounded: Self {
        func round(_ value: Double) -> Double { (value * 1e9).rounded() / 1e9 }
        var group = self
        group.similarityMean = similarityMean.map(round)
        group.changedFraction = changedFraction.map(round)
        for place in classes.indices { group.classes[place].fraction = round(classes[place].fraction) }
        return group
    }
}

extension FleetSample {
    fileprivate mutating func summaryQuery(_ grouping: [SummaryQuery.Dimension]) -> SummaryQuery {
        var query = SummaryQuery()
        query.groupBy = grouping
        query.limit = 10_000
        func sometimes() -> Bool { Int.random(in: 0..<3, using: &generator) == 0 }
        if sometimes() { query.sessions = some(\.sessionID) }
        if sometimes() { query.drones = some(\.droneID, or: "nobody") }
        if sometimes() { query.missions = some(\.missionID, or: "none") }
        if sometimes() { query.models = some(\.model) }
        if sometimes() { query.from = time() }
        if sometimes() { query.to = time() }
        if sometimes() {
            let west = 179.98 + Double(Int.random(in: 0..<20, using: &generator)) / 1000
            query.box = GeoBox(
                west: west, south: -0.02 + Double(Int.random(in: 0..<20, using: &generator)) / 1000,
                east: -179.999 + Double(Int.random(in: 0..<20, using: &generator)) / 1000, north: 0.0153)
        }
        if query.box != nil, sometimes() { query.cellSize = .fine }
        if sometimes() { query.classes = ["water", "cloud", "car"] }
        if sometimes() { query.bounds = generator.bounds(drones: ["d0", "d1", "d2"], missions: ["m0", "m2"]) }
        if sometimes() { query.minLost = .random(in: 0...20, using: &generator) }
        return query
    }

    /// Added up frame by frame: whole hours, whole cells.
    fileprivate func summary(_ query: SummaryQuery) -> [Summary.Group] {
        func hour(_ date: Date) -> Double { (date.timeIntervalSince1970 / 3600).rounded(.down) }
        func index(_ degrees: Double, _ cells: Double) -> Int { Int((degrees * cells + 1e-6).rounded(.down)) }
        let byCell = query.groupBy.contains(.cell)
        let cells: Double = byCell && query.cellSize == .coarse ? 100 : 1000
        var groups: [String: (keys: [Summary.Key], sort: [String], frames: [FrameRecord])] = [:]
        for frame in frames {
            guard query.bounds.permit(drone: frame.droneID, mission: frame.missionID) else { continue }
            guard query.sessions.isEmpty || query.sessions.contains(frame.sessionID) else { continue }
            guard query.drones.isEmpty || query.drones.contains(frame.droneID ?? "-") else { continue }
            guard query.missions.isEmpty || query.missions.contains(frame.missionID ?? "-") else { continue }
            guard query.models.isEmpty || query.models.contains(frame.model) else { continue }
            if let from = query.from, hour(frame.capturedAt) < hour(from) { continue }
            if let to = query.to, hour(frame.capturedAt) > hour(to - 0.000_001) { continue }
            let place = frame.telemetry?.place.map { (y: index($0.lat, cells), x: index($0.lon, cells)) }
            if query.box != nil || byCell {
                guard let place else { continue }
                if let box = query.box {
                    func last(_ degrees: Double) -> Int { Int((degrees * cells - 1e-6).rounded(.up)) - 1 }
                    guard place.y >= index(box.south, cells), place.y <= last(box.north) else { continue }
                    guard place.x >= index(box.west, cells) || place.x <= last(box.east) else { continue }
                }
            }
            var keys: [Summary.Key] = []
            var sort: [String] = []
            for dimension in query.groupBy {
                // A digit more keeps numbers below zero before the others.
                func number(_ value: Int) -> String { String(format: "%020d", value + 1_000_000_000) }
                switch dimension {
                case .session:
                    keys.append(.session(frame.sessionID))
                    sort.append(number(sessions.firstIndex { $0.id == frame.sessionID }!))
                case .drone:
                    keys.append(.drone(frame.droneID))
                    sort.append(frame.droneID ?? "")
                case .mission:
                    keys.append(.mission(frame.missionID))
                    sort.append(frame.missionID ?? "")
                case .model:
                    keys.append(.model(frame.model))
                    sort.append(frame.model)
                case .hour:
                    keys.append(.hour(Date(timeIntervalSince1970: hour(frame.capturedAt) * 3600)))
                    sort.append(number(Int(hour(frame.capturedAt))))
                case .day:
                    let day = (hour(frame.capturedAt) / 24).rounded(.down)
                    keys.append(.day(Date(timeIntervalSince1970: day * 86_400)))
                    sort.append(number(Int(day)))
                case .cell:
                    let (y, x) = (Double(place!.y), Double(place!.x))
                    keys.append(
                        .cell(
                            GeoBox(
                                west: x / cells, south: y / cells, east: (x + 1) / cells, north: (y + 1) / cells)))
                    sort += [number(place!.y), number(place!.x)]
                case .class: break
                }
            }
            groups[sort.joined(separator: "|"), default: (keys, sort, [])].frames.append(frame)
        }
        let sorted = groups.values.sorted { $0.sort.lexicographicallyPrecedes($1.sort) }
        return sorted.flatMap { entry -> [Summary.Group] in
            var group = Summary.Group(keys: entry.keys, frames: entry.frames)
            guard group.lost >= query.minLost else { return [] }
            group.classes.removeAll { !query.classes.isEmpty && !query.classes.contains($0.name) }
            guard query.groupBy.contains(.class) else { return [group] }
            return group.classes.map { item in
                var one = group
                one.classes = [item]
                return one
            }
        }
    }
}

extension Summary.Group {
    fileprivate init(keys: [Summary.Key], frames: [FrameRecord]) {
        func mean(_ values: [Double]) -> Double? {
            values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
        let names = Set(frames.flatMap { $0.classes.map(\.name) }).sorted()
        self.init(
            keys: keys, frames: frames.count, resets: frames.count { $0.mode == "reset" },
            registered: frames.count { $0.registration?.ok == true },
            lost: frames.count { $0.registration?.ok == false },
            similarityMean: mean(frames.compactMap(\.similarityMean)),
            changedFraction: mean(frames.compactMap(\.changedFraction)),
            classes: names.map { name in
                let items = frames.flatMap(\.classes).filter { $0.name == name }
                return Summary.ClassArea(
                    name: name, frames: items.count { $0.pixels > 0 }, pixels: items.map(\.pixels).reduce(0, +),
                    fraction: items.map(\.fraction).reduce(0, +) / Double(frames.count))
            })
        self = rounded
    }
}
