import Foundation
import Results
import Testing

@Suite struct SessionQueryTests {
    @Test func `every combination of filters, page by page, gives what a plain search gives`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        var generator = SeededGenerator(state: 3)
        var all: [SessionRecord] = []
        for _ in 0..<60 {
            let session = SessionRecord.make(
                drone: generator.maybe("d\(Int.random(in: 0..<3, using: &generator))"),
                mission: generator.maybe("m\(Int.random(in: 0..<3, using: &generator))"),
                created: .noon + Double(Int.random(in: 0..<20, using: &generator)),
                state: [.active, .idle, .ended].randomElement(using: &generator)!)
            try await store.insert(session)
            all.append(session)
        }
        for drone in [nil, "d0", "nobody"] {
            for mission in [nil, "m1"] {
                for state in [nil, SessionRecord.State.active, .idle, .ended] {
                    for limit in [1, 7, 100] {
                        var query = SessionQuery()
                        query.drone = drone
                        query.mission = mission
                        query.state = state
                        query.limit = limit
                        query.bounds = generator.bounds(drones: ["d0", "d1"], missions: ["m1", "m2"])
                        let expected = all.reversed().filter { session in
                            (drone == nil || drone == session.droneID)
                                && (mission == nil || mission == session.missionID)
                                && (state == nil || state == session.state)
                                && query.bounds.permit(drone: session.droneID, mission: session.missionID)
                        }.sorted { $0.createdAt > $1.createdAt }
                        #expect(try await store.all(query) == expected)
                    }
                }
            }
        }
        #expect(try await store.activeSessions().count == all.count { $0.state == .active })
    }

    @Test func `a cursor is good for its own query only`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        for _ in 0..<3 { try await store.insert(.make()) }
        var query = SessionQuery()
        query.limit = 1
        query.cursor = try await store.sessions(query).nextCursor
        #expect(try await store.sessions(query).items.count == 1)
        query.state = .active
        await #expect(throws: StoreError.badCursor) { _ = try await store.sessions(query) }
        var frames = FrameQuery()
        frames.cursor = query.cursor
        await #expect(throws: StoreError.badCursor) { _ = try await store.frames(frames) }
    }
}

extension SQLiteStore {
    fileprivate func all(_ query: SessionQuery) async throws -> [SessionRecord] {
        var query = query
        var items: [SessionRecord] = []
        repeat {
            let page = try await sessions(query)
            #expect(page.items.count <= query.limit)
            items += page.items
            try #require(items.count <= 100, "the pages go round in circles")
            query.cursor = page.nextCursor
        } while query.cursor != nil
        return items
    }
}
