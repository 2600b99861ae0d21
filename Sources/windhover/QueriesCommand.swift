import ArgumentParser
import Benchmark
import Foundation
import Results

struct QueriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queries",
        abstract: "Measure queries on a database that `windhover fill` made.",
        discussion: """
            Pages and summaries of every kind with names, times and places drawn at random, one after the other; then \
            frames stored at a steady rate, and queries asked at a steady rate, each alone and both at once. The \
            stored frames stay in the database.
            """)

    @Option(help: "Folder of the database.")
    var data: String

    @Option(help: "Times each query is asked.")
    var rounds = 100

    @Option(help: "Only queries whose names contain this.")
    var only: String?

    @Option(help: "Say what was asked where a page took longer than this, milliseconds.")
    var slow: Double?

    @Option(help: "Seconds of each run at a steady rate; 0 leaves them out.")
    var seconds = 20.0

    @Option(help: "Frames a second.")
    var ingest = 300.0

    @Option(help: "Queries a second.")
    var rate = 20.0

    @Option(help: "Drones that the database was filled with.")
    var drones = 200

    @Option(help: "Seed of the draw.")
    var seed: UInt64 = 3

    func validate() throws {
        guard (1...100_000).contains(rounds), (0...3600).contains(seconds), (1...10_000).contains(drones),
            (1...10_000).contains(ingest), (1...1000).contains(rate)
        else {
            throw ValidationError(
                """
                --rounds must be 1 to 100000, --seconds 0 to 3600, --ingest 1 to 10000, --rate 1 to 1000, \
                --drones 1 to 10000
                """)
        }
    }

    func run() async throws {
        let begin = ContinuousClock.now
        let store = try SQLiteStore.open(directory: URL(fileURLWithPath: data))
        let opened = (ContinuousClock.now - begin) / .milliseconds(1)
        let extent = try await store.extent(within: .everything)
        guard let from = extent.from, let to = extent.to else {
            throw ValidationError("there are no frames in \(data): see windhover fill")
        }
        print("opened in \(opened.fixed(0)) ms, \(Double(store.statistics().databaseBytes / 1_000_000).fixed(0)) MB")
        var draw = QueryDraw(from: from, to: to, drones: drones, random: Random(seed: seed, 1))

        var table = Table([
            ("query", .left), ("found", .right), ("p50 ms", .right), ("p99 ms", .right), ("most ms", .right),
        ])
        for kind in QueryDraw.kinds where only.map(kind.name.contains) ?? true {
            var times: [Double] = []
            var found = 0
            // One that is not counted, so that what is measured is warm.
            for round in 0...rounds {
                let query = kind.make(&draw)
                let start = ContinuousClock.now
                let count = try await query.ask(store)
                if round == 0 { continue }
                let time = (ContinuousClock.now - start) / .milliseconds(1)
                if let slow, time > slow { print("\(time.fixed(1)) ms, \(count) found: \(query)") }
                times.append(time)
                found += count
            }
            let all = Distribution(times)
            table.add([
                kind.name, "\(found / rounds)", all.median.fixed(2), all.p99.fixed(2), (times.max() ?? 0).fixed(2),
            ])
        }
        table.lines.forEach { print($0) }

        if seconds > 0 {
            print("")
            var steady = Table([
                ("at a steady rate", .left), ("p50 ms", .right), ("p99 ms", .right), ("most ms", .right),
                ("a second", .right), ("log MB", .right),
            ])
            for (name, ingests, asks) in [
                ("frames alone", true, false), ("queries alone", false, true), ("both", true, true),
            ] {
                let load = SteadyLoad(store: store, seconds: seconds, draw: draw)
                async let stored = ingests ? load.ingest(rate: ingest) : []
                async let asked = asks ? load.ask(rate: rate) : []
                for (what, times) in [("frames", try await stored), ("queries", try await asked)] where !times.isEmpty {
                    let all = Distribution(times)
                    steady.add([
                        "\(name): \(what)", all.median.fixed(2), all.p99.fixed(2), (times.max() ?? 0).fixed(2),
                        (Double(times.count) / seconds).fixed(1),
                        (Double(store.statistics().walBytes) / 1e6).fixed(1),
                    ])
                }
            }
            steady.lines.forEach { print($0) }
        }
        try await store.close()
    }
}

/// A query that was drawn.
enum DrawnQuery: Sendable {
    case frames(FrameQuery)
    case summary(SummaryQuery)

    /// How many items it gave.
    func ask(_ store: SQLiteStore) async throws -> Int {
        switch self {
        case .frames(let query): try await store.frames(query).items.count
        case .summary(let query): try await store.summary(query).groups.count
        }
    }
}

/// Draws queries as operators ask them, and worse.
struct QueryDraw: Sendable {
    let from: Date
    let to: Date
    let drones: Int
    var random: Random

    typealias Kind = (name: String, make: @Sendable (inout QueryDraw) -> DrawnQuery)

    mutating func number(_ low: Double, _ high: Double) -> Double { random.between(low, high) }

    var drone: String {
        mutating get { "drone-\(String(format: "%03d", Int(number(0, Double(drones)))))" }
    }

    var mission: String {
        mutating get { "site-\(Int(number(1, 50)))-survey" }
    }

    /// A square of some metres somewhere at a site.
    mutating func box(_ metres: Double) -> GeoBox {
        let site = SyntheticFleet.sites[Int(number(0, 50))]
        let (x, y) = (number(-900, 900), number(-300, 900))
        let degree = 111_320.0
        let wide = degree * cos(site.lat * .pi / 180)
        func wrapped(_ lon: Double) -> Double { lon > 180 ? lon - 360 : lon }
        return GeoBox(
            west: wrapped(site.lon + x / wide), south: site.lat + y / degree,
            east: wrapped(site.lon + (x + metres) / wide), north: site.lat + (y + metres) / degree)
    }

    mutating func time() -> Date { from.addingTimeInterval(number(0, to.timeIntervalSince(from))) }

    mutating func one<Item>(of items: [Item]) -> Item { items[Int(number(0, Double(items.count)))] }

    /// Each condition that a search may have, with any value: two need not make sense together.
    private static let conditions: [@Sendable (inout FrameQuery, inout QueryDraw) -> Void] = [
        { query, draw in query.drones = [draw.drone] },
        { query, draw in query.missions = [draw.mission] },
        { query, draw in query.modes = [draw.one(of: ["cold", "propagated", "reset"])] },
        { query, draw in query.reasons = [draw.one(of: ["none", "gap", "registration", "client"])] },
        { query, draw in query.registrations = [draw.one(of: ["none", "klt", "orb"])] },
        { query, draw in query.registrationOK = draw.number(0, 1) < 0.5 },
        { query, draw in query.inliers.max = Int(draw.number(0, 200)) },
        { query, draw in query.similarity.max = draw.number(0, 1) },
        { query, draw in query.similarity.min = draw.number(0, 1) },
        { query, draw in query.changed.min = draw.number(0, 0.3) },
        { query, draw in query.box = draw.box(draw.number(50, 2000)) },
        { query, draw in query.from = draw.time() },
        { query, draw in query.to = draw.time() },
        { query, draw in
            let name = draw.one(of: SyntheticFleet.classes)
            query.classes.append(.init(name, minFraction: draw.number(0, 1)))
        },
    ]

    private static func frames(
        _ name: String, _ narrow: @escaping @Sendable (inout FrameQuery, inout QueryDraw) -> Void
    ) -> Kind {
        (
            name,
            { draw in
                var query = FrameQuery(within: .everything)
                narrow(&query, &draw)
                return .frames(query)
            }
        )
    }

    private static func summary(
        _ grouping: [SummaryQuery.Dimension], _ name: String = "",
        _ narrow: @escaping @Sendable (inout SummaryQuery, inout QueryDraw) -> Void = { _, _ in }
    ) -> Kind {
        let dimensions = grouping.map(\.rawValue).joined(separator: ",")
        return (
            "summary by \(dimensions.isEmpty ? "nothing" : dimensions)\(name)",
            { draw in
                var query = SummaryQuery(within: .everything)
                query.groupBy = grouping
                narrow(&query, &draw)
                return .summary(query)
            }
        )
    }

    static let kinds: [Kind] = [
        frames("newest") { _, _ in },
        frames("any time") { query, draw in query.to = draw.time() },
        frames("any time, oldest first") { query, draw in
            query.from = draw.time()
            query.order = .oldestFirst
        },
        frames("drone") { query, draw in query.drones = [draw.drone] },
        frames("five drones, any time") { query, draw in
            query.drones = (0..<5).map { _ in draw.drone }
            query.to = draw.time()
        },
        frames("mission, resets") { query, draw in
            query.missions = [draw.mission]
            query.modes = ["reset"]
        },
        frames("resets by registration") { query, draw in
            query.reasons = ["registration"]
            query.to = draw.time()
        },
        frames("registration lost, any time") { query, draw in
            query.registrationOK = false
            query.to = draw.time()
        },
        frames("class ≥ some") { query, draw in
            query.classes = [.init("water", minFraction: draw.number(0, 0.6))]
            query.to = draw.time()
        },
        frames("water ≥ 0.2 and road ≥ 0.2 since") { query, draw in
            query.classes = [.init("water", minFraction: 0.2), .init("road", minFraction: 0.2)]
            query.from = draw.time()
        },
        frames("class ≥ 0.9, drone, bbox") { query, draw in
            query.classes = [.init("building", minFraction: 0.9)]
            query.drones = [draw.drone]
            query.box = draw.box(300)
        },
        frames("class ≥ 0.9, anywhere: nothing") { query, _ in
            query.classes = [.init("building", minFraction: 0.9)]
        },
        frames("person ≥ 0.003 and water ≥ 0.4: rare") { query, _ in
            query.classes = [.init("person", minFraction: 0.003), .init("water", minFraction: 0.4)]
        },
        frames("bbox of 300 m") { query, draw in query.box = draw.box(300) },
        frames("bbox of 100 m, vehicles ≥ 2 %") { query, draw in
            query.box = draw.box(100)
            query.classes = [.init("vehicle", minFraction: 0.02)]
        },
        frames("bbox nobody visits") { query, _ in
            query.box = GeoBox(west: -5, south: 80, east: 5, north: 81)
        },
        frames("similarity ≤ 0.3, changed ≥ 0.09") { query, _ in
            query.similarity.max = 0.3
            query.changed.min = 0.09
        },
        frames("orb, inliers ≤ 60, resets, water ≥ 0.5") { query, _ in
            query.registrations = ["orb"]
            query.inliers.max = 60
            query.modes = ["reset"]
            query.classes = [.init("water", minFraction: 0.5)]
        },
        frames("reset, water ≥ 0.5, similarity ≥ 0.1: nothing") { query, _ in
            query.modes = ["reset"]
            query.classes = [.init("water", minFraction: 0.5)]
            query.similarity.min = 0.1
        },
        frames("one to four conditions at random") { query, draw in
            for _ in 0..<Int(draw.number(1, 5)) { draw.one(of: QueryDraw.conditions)(&query, &draw) }
        },
        summary([]), summary([.drone]), summary([.mission]), summary([.session]), summary([.class]),
        summary([.model]), summary([.hour]), summary([.day]), summary([.cell]), summary([.hour, .class]),
        summary([.day, .drone]), summary([.session, .class]), summary([.drone, .mission, .model, .day]),
        summary([.hour, .class], ", a bbox of 1 km") { query, draw in query.box = draw.box(1000) },
        summary([.cell, .class], ", fine, a bbox of 1 km") { query, draw in
            query.box = draw.box(1000)
            query.cellSize = .fine
        },
        summary([.day], ", a bbox of the whole earth") { query, _ in
            query.box = GeoBox(west: -180, south: -90, east: 180, north: 90)
        },
        summary([.day], ", a bbox of Europe") { query, _ in
            query.box = GeoBox(west: -12.3456, south: 34.5678, east: 32.1234, north: 61.2345)
        },
        summary([.day, .class], ", a drone") { query, draw in query.drones = [draw.drone] },
        summary([.hour], ", a mission, since") { query, draw in
            query.missions = [draw.mission]
            query.from = draw.time()
        },
    ]
}

/// Frames stored, or queries asked, at moments that do not depend on how long the ones before took.
struct SteadyLoad: Sendable {
    let store: SQLiteStore
    let seconds: Double
    let draw: QueryDraw

    /// Milliseconds of each frame, until it was durable.
    func ingest(rate: Double) async throws -> [Double] {
        let fleet = SyntheticFleet(
            frames: Int(seconds * rate) + 60, drones: 60, days: 1, start: Date(), seed: UInt64.random(in: 1 ... .max))
        let flights = (0..<60).flatMap { fleet.flights(of: $0, day: 0) }
        for flight in flights { try await store.insert(flight.session) }
        let frames = flights.flatMap(\.frames).sorted { $0.capturedAt < $1.capturedAt }
        let pictures = FramePictures(mask: .init(repeating: 7, count: 20_000))
        return try await paced(count: min(frames.count, Int(seconds * rate)), rate: rate) { number in
            _ = try await store.commit(frames[number], pictures: pictures)
        }
    }

    /// Milliseconds of each query.
    func ask(rate: Double) async throws -> [Double] {
        var draw = draw
        let queries = (0..<Int(seconds * rate)).map { QueryDraw.kinds[$0 % QueryDraw.kinds.count].make(&draw) }
        return try await paced(count: queries.count, rate: rate) { number in _ = try await queries[number].ask(store) }
    }

    private func paced(
        count: Int, rate: Double, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> [Double] {
        let begin = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Double.self) { group in
            for number in 0..<count {
                let due = begin + .seconds(Double(number) / rate)
                group.addTask {
                    try await Task.sleep(until: due, clock: .continuous)
                    try await body(number)
                    return (ContinuousClock.now - due) / .milliseconds(1)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
