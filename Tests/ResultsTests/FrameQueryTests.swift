import Foundation
import GRDB
import Results
import Testing

@Suite struct FrameQueryTests {
    let folder = TemporaryFolder()

    @Test func `every filter, every pair and every triple gives, page by page, what a plain search gives`() async throws
    {
        let store = try folder.open()
        var sample = FleetSample(seed: 7)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 600)
        // Records come with all that belongs to them.
        #expect(try await store.all(FrameQuery()) == sample.matching(FrameQuery()))

        let count = FleetSample.filters.count
        var combinations = (0..<count).map { [$0] }
        for first in 0..<count {
            for second in first + 1..<count {
                combinations.append([first, second])
                for third in second + 1..<count { combinations.append([first, second, third]) }
            }
        }
        var hits = 0
        for combination in combinations {
            var query = FrameQuery()
            for filter in combination { FleetSample.filters[filter].apply(&query, &sample) }
            let expected = sample.matching(query)
            query.limit = expected.count < 40 ? .random(in: 1...15, using: &sample.generator) : 60
            hits += expected.isEmpty ? 0 : 1
            let names = combination.map { FleetSample.filters[$0].name }
            #expect(try await store.all(query).map(\.id) == expected.map(\.id), "\(names) \(query)")
        }
        // Most combinations find something, and many find nothing.
        #expect(hits > combinations.count / 2 && hits < combinations.count)
    }

    @Test func `a page has a cursor exactly when there is more`() async throws {
        let store = try folder.open()
        var sample = FleetSample(seed: 7)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 10)
        var query = FrameQuery()
        for (limit, more) in [(9, true), (10, false), (11, false), (.max, false)] {
            query.limit = limit
            let page = try await store.frames(query)
            #expect(page.items.count == min(limit, 10))
            #expect((page.nextCursor != nil) == more)
        }
        query.limit = 0
        #expect(try await store.frames(query).items.count == 1)
    }

    @Test(arguments: [FrameQuery.Order.newestFirst, .oldestFirst])
    func `frames that arrive between pages make no hole and no repeat`(order: FrameQuery.Order) async throws {
        let store = try folder.open()
        var sample = FleetSample(seed: 11)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 200)
        var query = FrameQuery()
        query.order = order
        query.limit = 7
        query.modes = ["propagated"]
        let before = Set(sample.matching(query).map(\.id))
        var seen: [FrameRecord] = []
        repeat {
            let page = try await store.frames(query)
            seen += page.items
            query.cursor = page.nextCursor
            try await sample.fill(store, frames: 5)
        } while query.cursor != nil
        #expect(Set(seen.map(\.id)).count == seen.count)
        #expect(before.isSubset(of: seen.map(\.id)))
        let times = seen.map(\.capturedAt)
        #expect(times == (order == .newestFirst ? times.sorted(by: >) : times.sorted()))
    }

    @Test func `a query that takes too long is given up, and the next one is answered`() async throws {
        let store = try folder.open { $0.queryTime = .zero }
        await #expect(throws: StoreError.queryTimeout) { _ = try await store.frames(FrameQuery()) }
        await #expect(throws: StoreError.queryTimeout) { _ = try await store.summary(SummaryQuery()) }
        #expect(try await store.sessions(SessionQuery()).items.isEmpty)
    }

    @Test func `a cursor is good for its own query only`() async throws {
        let store = try folder.open()
        var sample = FleetSample(seed: 7)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 30)
        var query = FrameQuery()
        query.limit = 2
        query.to = .distantFuture
        let cursor = try #require(try await store.frames(query).nextCursor)
        #expect(cursor.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
        query.cursor = cursor
        query.limit = 5
        #expect(try await store.frames(query).items.count == 5)

        let changes: [(inout FrameQuery) -> Void] = [
            { $0.sessions = ["s"] }, { $0.drones = ["d"] }, { $0.missions = ["d"] }, { $0.models = ["d"] },
            { $0.modes = ["cold"] }, { $0.reasons = ["gap"] }, { $0.registrations = ["klt"] },
            { $0.registrationOK = true }, { $0.registrationOK = false }, { $0.classes = [.init("road")] },
            { $0.classes = [.init("road", minFraction: 0.1)] }, { $0.classes = [.init("road", minPixels: 2)] },
            { $0.classMatch = .any }, { $0.similarity.min = 0 }, { $0.similarity.max = 0 }, { $0.changed.min = 0 },
            { $0.changed.max = 0 }, { $0.inliers.min = 0 }, { $0.inliers.max = 0 },
            { $0.box = GeoBox(west: 0, south: 0, east: 0, north: 0) }, { $0.from = .noon }, { $0.to = .noon },
            { $0.to = nil }, { $0.order = .oldestFirst },
        ]
        for change in changes {
            var other = query
            change(&other)
            await #expect(throws: StoreError.badCursor) { _ = try await store.frames(other) }
        }
        var sessions = SessionQuery()
        sessions.cursor = cursor
        await #expect(throws: StoreError.badCursor) { _ = try await store.sessions(sessions) }
        var summary = SummaryQuery()
        summary.cursor = cursor
        await #expect(throws: StoreError.badCursor) { _ = try await store.summary(summary) }
    }

    @Test func `a cursor that was changed, or made by another store, is refused`() async throws {
        let store = try folder.open()
        var sample = FleetSample(seed: 7)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 30)
        var query = FrameQuery()
        query.limit = 2
        let cursor = try #require(try await store.frames(query).nextCursor)
        var forged = ["", "nonsense", "ü", cursor + "A", String(cursor.dropLast()), String(cursor.reversed())]
        let characters = Array(cursor)
        for place in characters.indices {
            var other = characters
            other[place] = other[place] == "A" ? "B" : "A"
            forged.append(String(other))
        }
        for text in forged {
            query.cursor = text
            await #expect(throws: StoreError.badCursor) { _ = try await store.frames(query) }
        }
        // It outlives the process, and is worth nothing elsewhere.
        try await store.close()
        query.cursor = cursor
        #expect(try await folder.open().frames(query).items.count == 2)
        let other = TemporaryFolder()
        let stranger = try other.open()
        await #expect(throws: StoreError.badCursor) { _ = try await stranger.frames(query) }
    }

    @Test func `a class without pixels is not in the frame`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let classes = [
            FrameRecord.ClassPixels(value: 0, name: "water", pixels: 0, fraction: 0),
            FrameRecord.ClassPixels(value: 1, name: "road", pixels: 1, fraction: 1e-6),
        ]
        let frame = try await store.commit(.make(session: session.id, 1, classes: classes), pictures: .init())
        var query = FrameQuery()
        query.classes = [.init("road")]
        #expect(try await store.frames(query).items == [frame])
        query.classes = [.init("water")]
        #expect(try await store.frames(query).items.isEmpty)
        query.classes = [.init("water"), .init("road")]
        query.classMatch = .any
        #expect(try await store.frames(query).items == [frame])
    }

    @Test func `removed frames are not found, and leave nothing that a search would look into`() async throws {
        let store = try folder.open()
        var sample = FleetSample(seed: 5)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 120)
        let visitor = try folder.visitor()
        try await visitor.write { db in
            try db.execute(sql: "PRAGMA foreign_keys = ON; DELETE FROM frame WHERE key % 3 > 0")
        }
        let left = sample.frames.enumerated().filter { ($0.offset + 1) % 3 == 0 }.map(\.element.id)
        #expect(Set(try await store.all(FrameQuery()).map(\.id)) == Set(left))
        try await visitor.write { db in try db.execute(sql: "PRAGMA foreign_keys = ON; DELETE FROM frame") }
        #expect(try await store.all(FrameQuery()).isEmpty)
        let rows = try await visitor.read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT (SELECT count(*) FROM zone) + (SELECT count(*) FROM rollup WHERE stored <> 0)")
        }
        #expect(rows == 0)
    }
}
