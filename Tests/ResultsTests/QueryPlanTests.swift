import Foundation
import Results
import Testing

/// Ten million frames are answered as fast as ten only while no query reads them all or sorts them.
@Suite struct QueryPlanTests {
    typealias Narrowing = (name: String, index: String, apply: @Sendable (inout FrameQuery) -> Void)

    /// From the narrowest to the widest.
    static let narrowings: [Narrowing] = [
        ("session", "frame_by_session (session=? AND", { $0.session = "s" }),
        ("mission", "frame_by_mission (mission=? AND", { $0.mission = "m" }),
        ("drone", "frame_by_drone (drone=? AND", { $0.drone = "d" }),
        ("class", "COVERING INDEX frame_class_by_name (name=? AND", { $0.className = "road" }),
        ("mode", "frame_by_mode (mode=? AND", { $0.mode = "cold" }),
        ("model", "frame_by_model (model=? AND", { $0.model = "m" }),
        ("from", "frame_by_time (captured_us>? AND captured_us<?)", { $0.from = .noon }),
        ("to", "frame_by_time (captured_us", { $0.to = .noon }),
    ]

    @Test func `the narrowest filter of every combination leads through its index, without a sort`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        for combination in 0..<(1 << Self.narrowings.count) {
            let chosen = Self.narrowings.indices.filter { combination >> $0 & 1 == 1 }.map { Self.narrowings[$0] }
            var query = FrameQuery()
            for narrowing in chosen { narrowing.apply(&query) }
            let plan = try await store.plan(of: query)
            let comment = Comment(rawValue: "\(chosen.map(\.name)): \(plan)")
            #expect(plan[0].contains("SEARCH"), comment)
            #expect(plan[0].contains(chosen.first?.index ?? "frame_by_time (captured_us<?)"), comment)
            #expect(!plan.contains { $0.contains("SCAN") || $0.contains("TEMP B-TREE") }, comment)
            // Times narrow the walk through whichever index leads.
            if query.from != nil { #expect(plan[0].contains("captured_us>?"), comment) }
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
