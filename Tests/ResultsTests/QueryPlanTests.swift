import Foundation
import Results
import Testing

/// Ten million frames are answered as fast as ten only while no query reads them all or sorts them.
@Suite struct QueryPlanTests {
    @Test func `frames are found through hours and minutes, whatever is asked for`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        var sample = FleetSample(seed: 9)
        try await sample.insertSessions(store)
        try await sample.fill(store, frames: 50)
        for combination in stride(from: 0, to: 1 << FleetSample.filters.count, by: 37) {
            var query = FrameQuery()
            for (number, filter) in FleetSample.filters.enumerated() where combination >> number & 1 == 1 {
                filter.apply(&query, &sample)
            }
            // Names that nobody knows end a search before it begins.
            guard let plan = try await store.plan(of: query) else { continue }
            func count(_ names: [String], within allowed: Set<String>?) -> Int {
                guard let allowed else { return names.count }
                return names.isEmpty ? allowed.count : names.count { allowed.contains($0) }
            }
            let index =
                query.sessions.count == 1
                ? "INDEX rollup_by_session (session=? AND hour>? AND hour<?)"
                : count(query.missions, within: query.bounds.missions) == 1
                    ? "INDEX rollup_by_mission (mission=? AND hour>? AND hour<?)"
                    : count(query.drones, within: query.bounds.drones) == 1
                        ? "INDEX rollup_by_drone (drone=? AND hour>? AND hour<?)" : "PRIMARY KEY (hour>? AND hour<?)"
            // SQLite may choose to sort what is little: the hours of one session, drone or mission, and the frames of a
            // minute. Never the hours of the fleet.
            let sorts = plan[0].dropFirst()
            guard plan[0][0].hasSuffix("SEARCH rollup USING \(index)"),
                sorts.isEmpty || (!index.hasPrefix("PRIMARY") && sorts == ["USE TEMP B-TREE FOR ORDER BY"]),
                plan[1] == ["SEARCH zone USING PRIMARY KEY (session=? AND minute>? AND minute<?)"],
                plan[2][0].contains("INDEX frame_by_session (session=? AND captured_us>? AND captured_us<?)"),
                !plan[2].contains(where: { $0.contains("SCAN") })
            else {
                Issue.record("\(query): \(plan)")
                return
            }
        }
    }

    @Test func `summaries read sums, and never a frame`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        let session = SessionRecord.make(mission: "m")
        try await store.insert(session)
        let narrowings: [(index: String, apply: @Sendable (inout SummaryQuery) -> Void)] = [
            ("INDEX rollup_by_session (session=? AND hour>? AND hour<?)", { $0.sessions = [session.id] }),
            ("INDEX rollup_by_mission (mission=? AND hour>? AND hour<?)", { $0.missions = ["m"] }),
            ("INDEX rollup_by_drone (drone=? AND hour>? AND hour<?)", { $0.drones = ["d"] }),
            ("PRIMARY KEY (hour>? AND hour<?)", { $0.models = ["a", "b"] }),
        ]
        for grouping in SummaryTests.groupings {
            for box in [nil, GeoBox(west: 8, south: 49, east: 8.2, north: 49.2)] {
                for (index, apply) in narrowings {
                    var query = SummaryQuery()
                    query.groupBy = grouping
                    query.box = box
                    apply(&query)
                    let plan = try #require(try await store.plan(of: query))
                    if box == nil, !grouping.contains(.cell) {
                        #expect(plan == [["SEARCH rollup USING \(index)"]])
                    } else {
                        #expect(plan[0] == ["SEARCH cell USING PRIMARY KEY (size=? AND y>? AND y<?)"])
                        #expect(plan[1] == ["SEARCH cell USING PRIMARY KEY (size=? AND y=? AND x>? AND x<?)"])
                    }
                }
            }
        }
    }

    @Test func `lists of sessions walk an index, too`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        for combination in 0..<8 {
            var query = SessionQuery()
            if combination & 1 != 0 { query.drone = "d" }
            if combination & 2 != 0 { query.mission = "m" }
            if combination & 4 != 0 { query.state = .active }
            let plan = try await store.plan(of: query)
            #expect(plan.count == 1)
            #expect(plan[0].contains("SEARCH session USING INDEX session_by_"), "\(plan)")
            #expect(plan[0].contains("created_us<?"), "\(plan)")
        }
    }
}
