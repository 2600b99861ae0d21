import Results
import Testing

@Suite struct BoundsTests {
    @Test func `both lists have to agree, and what has no name is in none`() {
        #expect(Bounds.everything.permit(drone: nil, mission: nil) && Bounds.everything.isEverything)
        #expect(!Bounds.nothing.permit(drone: nil, mission: nil) && !Bounds.nothing.permit(drone: "a", mission: "m"))
        let drones = Bounds(drones: ["a", "b"])
        #expect(drones.permit(drone: "a", mission: nil) && drones.permit(drone: "b", mission: "m"))
        #expect(!drones.permit(drone: "c", mission: "m") && !drones.permit(drone: nil, mission: "m"))
        let both = Bounds(drones: ["a"], missions: ["m"])
        #expect(both.permit(drone: "a", mission: "m"))
        #expect(!both.permit(drone: "a", mission: nil) && !both.permit(drone: "a", mission: "n"))
        #expect(!both.permit(drone: nil, mission: "m"))
    }

    @Test func `a list of sessions for a few drones looks at theirs alone`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        for (bounds, index) in [
            (Bounds(drones: ["a", "b", "c"]), "by_drone (drone=?"),
            (Bounds(missions: ["m", "n", "o"]), "by_mission (mission=?"),
            (Bounds(drones: ["a", "b", "c"], missions: ["m"]), "by_drone (drone=?"),
        ] {
            let plan = try await store.plan(of: SessionQuery(within: bounds))
            #expect(plan.count { $0.contains("SEARCH session") && $0.contains(index) } == 3, "\(plan)")
        }
    }

    @Test func `a cursor is good within its own bounds only`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        let session = SessionRecord.make(drone: "a")
        try await store.insert(session)
        for number in 0..<3 {
            var frame = FrameRecord.make(session: session.id, number)
            frame.droneID = "a"
            _ = try await store.commit(frame, pictures: .init())
        }
        var query = FrameQuery(within: Bounds(drones: ["a"]))
        query.limit = 1
        query.cursor = try await store.frames(query).nextCursor
        #expect(query.cursor != nil)
        #expect(try await store.frames(query).items.map(\.sequence) == [1])
        query.bounds = Bounds(drones: ["a", "b"])
        await #expect(throws: StoreError.badCursor) { _ = try await store.frames(query) }
    }

    @Test func `events are those of what is within`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        for (drone, mission) in [("a", "m"), ("a", nil), ("b", "m"), (nil, "m"), (nil, nil)] as [(String?, String?)] {
            let session = SessionRecord.make(drone: drone, mission: mission)
            try await store.insert(session)
            _ = try await store.commit(.make(session: session.id, 0), pictures: .init())
        }
        func seen(_ bounds: Bounds, _ change: (inout EventQuery) -> Void = { _ in }) async throws -> [String] {
            var query = EventQuery(within: bounds)
            change(&query)
            let page = try await store.events(query, after: 0, limit: 100)
            #expect(page.through == 10)
            return page.events.map { "\($0.droneID ?? "-")\($0.missionID ?? "-") \($0.kind.rawValue)" }
        }
        let mine = ["am session-begun", "am frame"]
        #expect(try await seen(.everything).count == 10)
        #expect(try await seen(.nothing).isEmpty)
        #expect(try await seen(Bounds(drones: ["a"], missions: ["m"])) == mine)
        #expect(try await seen(Bounds(drones: ["a"])).count == 4)
        #expect(try await seen(Bounds(missions: ["m"])).count == 6)
        #expect(try await seen(Bounds(drones: ["a", "b"])) { $0.kinds = [.frame] }.count == 3)
        #expect(try await seen(Bounds(drones: ["a"])) { $0.drone = "b" }.isEmpty)
    }
}
