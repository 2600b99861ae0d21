import Foundation
import Results
import Testing

@Suite struct FrameQueryTests {
    @Test func `every combination of filters, page by page, gives what a plain search gives`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        var generator = SeededGenerator(state: 7)
        let all = try await generator.fill(store, frames: 500)
        var hits = 0
        for _ in 0..<400 {
            let query = generator.query(over: all)
            let expected = all.reversed().filter { query.matches($0) }
                // Swift's sort keeps the order of equals: of two frames captured at once the later commit comes first.
                .sorted { $0.capturedAt > $1.capturedAt }
            hits += expected.isEmpty ? 0 : 1
            #expect(try await store.all(query).map(\.id) == expected.map(\.id), "\(query)")
        }
        #expect(hits > 100)
        // Records come with all that belongs to them.
        #expect(try await store.all(FrameQuery()).sorted { $0.id < $1.id } == all.sorted { $0.id < $1.id })
    }

    @Test func `a page has a cursor exactly when there is more`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        var generator = SeededGenerator(state: 7)
        _ = try await generator.fill(store, frames: 10)
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

    @Test func `a frame that arrives between two pages moves nothing`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        for number in 0..<4 { _ = try await store.commit(.make(session: session.id, number), pictures: .init()) }
        var query = FrameQuery()
        query.limit = 2
        let first = try await store.frames(query)
        _ = try await store.commit(.make(session: session.id, 4), pictures: .init())
        query.cursor = first.nextCursor
        let second = try await store.frames(query)
        #expect((first.items + second.items).map(\.sequence) == [3, 2, 1, 0])
    }

    @Test func `a cursor is good for its own query only`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        var generator = SeededGenerator(state: 7)
        _ = try await generator.fill(store, frames: 30)
        var query = FrameQuery()
        query.limit = 2
        query.to = .distantFuture
        let cursor = try #require(try await store.frames(query).nextCursor)
        #expect(cursor.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
        query.cursor = cursor
        query.limit = 5
        #expect(try await store.frames(query).items.count == 5)

        let changes: [(inout FrameQuery) -> Void] = [
            { $0.session = "s" }, { $0.drone = "d" }, { $0.mission = "d" }, { $0.model = "m" }, { $0.mode = "cold" },
            { $0.className = "road" }, { $0.from = .noon }, { $0.to = .noon }, { $0.to = nil },
        ]
        for change in changes {
            var other = query
            change(&other)
            await #expect(throws: StoreError.badCursor) { _ = try await store.frames(other) }
        }
        for text in ["", "nonsense", "ü", cursor + "A", String(cursor.dropLast()), String(cursor.reversed())] {
            query.cursor = text
            await #expect(throws: StoreError.badCursor) { _ = try await store.frames(query) }
        }
        var sessions = SessionQuery()
        sessions.cursor = cursor
        await #expect(throws: StoreError.badCursor) { _ = try await store.sessions(sessions) }
    }

    @Test func `a fraction belongs to the cursor's filter, and only beside a class`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        for number in 0..<4 { _ = try await store.commit(.make(session: session.id, number), pictures: .init()) }
        var query = FrameQuery()
        query.limit = 1
        query.className = "road"
        query.minFraction = 0.1
        query.cursor = try await store.frames(query).nextCursor
        query.minFraction = 0.2
        await #expect(throws: StoreError.badCursor) { _ = try await store.frames(query) }
    }

    @Test func `a class without pixels is not in the frame`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let classes = [
            FrameRecord.ClassPixels(value: 0, name: "water", pixels: 0, fraction: 0),
            FrameRecord.ClassPixels(value: 1, name: "road", pixels: 1, fraction: 1e-6),
        ]
        let frame = try await store.commit(.make(session: session.id, 1, classes: classes), pictures: .init())
        for inSession in [nil, session.id] {
            var query = FrameQuery()
            query.session = inSession
            query.className = "road"
            #expect(try await store.frames(query).items == [frame])
            query.className = "water"
            #expect(try await store.frames(query).items.isEmpty)
        }
    }
}

extension SQLiteStore {
    /// All pages of a list.
    fileprivate func all(_ query: FrameQuery) async throws -> [FrameRecord] {
        var query = query
        var items: [FrameRecord] = []
        repeat {
            let page = try await frames(query)
            items += page.items
            try #require(items.count <= 1000, "the pages go round in circles")
            query.cursor = page.nextCursor
        } while query.cursor != nil
        return items
    }
}

extension FrameQuery {
    /// The filter, spelled out without a database.
    fileprivate func matches(_ frame: FrameRecord) -> Bool {
        bounds.permit(drone: frame.droneID, mission: frame.missionID)
            && (session == nil || session == frame.sessionID)
            && (drone == nil || drone == frame.droneID)
            && (mission == nil || mission == frame.missionID)
            && (model == nil || model == frame.model)
            && (mode == nil || mode == frame.mode)
            && (from.map { frame.capturedAt >= $0 } ?? true)
            && (to.map { frame.capturedAt < $0 } ?? true)
            && (className == nil
                || frame.classes.contains {
                    $0.name == className && (minFraction == 0 ? $0.pixels > 0 : $0.fraction >= minFraction)
                })
    }
}

extension SeededGenerator {
    private static let names = ["road", "building", "tree", "water", "car"]

    /// Frames of six sessions, in the order of their commits, many of them captured at the same time.
    fileprivate mutating func fill(_ store: SQLiteStore, frames count: Int) async throws -> [FrameRecord] {
        let sessions = (0..<6).map { SessionRecord.make(drone: "d\($0 % 3)", mission: $0 % 2 == 0 ? "m\($0)" : nil) }
        for session in sessions { try await store.insert(session) }
        var all: [FrameRecord] = []
        for number in 0..<count {
            let session = sessions.randomElement(using: &self)!
            let captured = Date.noon + Double(Int.random(in: 0..<50, using: &self)) / 10
            let classes = Self.names.enumerated().compactMap { value, name in
                let pixels = Int.random(in: 0...10, using: &self)
                return maybe(
                    FrameRecord.ClassPixels(value: value, name: name, pixels: pixels, fraction: Double(pixels) / 10))
            }
            var frame = FrameRecord.make(session: session.id, number, captured: captured, classes: classes)
            frame.droneID = session.droneID
            frame.missionID = session.missionID
            frame.model = ["hiera-s", "tiny"].randomElement(using: &self)!
            frame.mode = ["cold", "propagated", "propagated", "reset"].randomElement(using: &self)!
            all.append(try await store.commit(frame, pictures: .init()))
        }
        return all
    }

    fileprivate mutating func query(over frames: [FrameRecord]) -> FrameQuery {
        func sometimes<Value>(_ value: Value, _ generator: inout SeededGenerator) -> Value? {
            Int.random(in: 0..<4, using: &generator) == 0 ? value : nil
        }
        let frame = frames.randomElement(using: &self)!
        var query = FrameQuery()
        query.session = sometimes(frame.sessionID, &self)
        query.drone = sometimes(frame.droneID ?? "nobody", &self)
        query.mission = sometimes(frame.missionID ?? "none", &self)
        query.model = sometimes(frame.model, &self)
        query.mode = sometimes(frame.mode, &self)
        query.className = sometimes(Self.names.randomElement(using: &self)!, &self)
        query.minFraction = [0, 0.1, 0.5, 1].randomElement(using: &self)!
        query.from = sometimes(.noon + Double(Int.random(in: -1..<40, using: &self)) / 10, &self)
        query.to = sometimes(.noon + Double(Int.random(in: 10..<51, using: &self)) / 10, &self)
        query.limit = .random(in: 1...60, using: &self)
        query.bounds = bounds(drones: ["d0", "d1", "d2"], missions: ["m0", "m2", "m4"])
        return query
    }
}
