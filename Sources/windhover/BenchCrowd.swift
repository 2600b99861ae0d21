import Benchmark
import Sessions

/// Many sessions at once, over HTTP.
struct BenchCrowd: BenchPart {
    static let name = "crowd"

    /// One client a session, which waits for each answer.
    let levels: [BenchRun]
    /// One session with frames on their way all the time.
    let ahead: BenchRun
    /// Five frames a second, with the machine to itself and beside a session that floods.
    let slowAlone: BenchRun
    let slowBeside: BenchRun

    private enum CodingKeys: String, CodingKey {
        case levels
        case ahead = "in_flight"
        case slowAlone = "slow_alone"
        case slowBeside = "slow_beside_flood"
    }

    init(
        _ server: BenchServer, _ frames: BenchFrames, options: SessionOptions, sessions: [Int], inFlight: Int,
        seconds: Double
    ) async throws {
        var levels: [BenchRun] = []
        for count in sessions {
            levels.append(
                try await BenchRun(
                    "\(count) session\(count == 1 ? "" : "s")", frames, sessions: count, length: .seconds(seconds),
                    options: options
                ) { try server.client() })
        }
        self.levels = levels
        ahead = try await BenchRun(
            "1 session, \(inFlight) in flight", frames, inFlight: inFlight, length: .seconds(seconds), options: options
        ) { try server.client() }
        slowAlone = try await BenchRun(
            "5 frames a second, alone", frames, length: .seconds(2 * seconds), pace: 5, options: options
        ) { try server.client() }
        async let flood = BenchRun(
            "flood", frames, inFlight: 8, length: .seconds(2 * seconds + 1), options: options
        ) { try server.client() }
        slowBeside = try await BenchRun(
            "5 frames a second, beside a flood", frames, length: .seconds(2 * seconds), pace: 5, options: options
        ) { try server.client() }
        _ = try await flood
    }

    var goals: [Goal] {
        var goals: [Goal] = []
        let crowds = levels.filter { $0.sessions >= 2 }
        if let first = crowds.first, let last = crowds.last, last.sessions > first.sessions {
            goals.append(
                Goal(
                    "frames a second, \(last.sessions) sessions to \(first.sessions)",
                    last.framesPerSecond / first.framesPerSecond, .atLeast(1)))
        }
        if let least = crowds.map(\.processorShare).min() {
            goals.append(Goal("processors' time used, two sessions or more", least, .atLeast(0.9)))
        }
        return goals + [
            Goal(
                "p99 of a slow session, beside a flood to alone", slowBeside.latency.p99 / slowAlone.latency.p99,
                .atMost(3))
        ]
    }

    var lines: [String] {
        var table = Table([
            ("over HTTP", .left), ("frames/s", .right), ("ms", .right), ("p99", .right), ("CPU ms", .right),
            ("CPU used", .right), ("fused", .right),
        ])
        for run in levels + [ahead, slowAlone, slowBeside] {
            table.add([
                run.name, run.framesPerSecond.fixed(1), run.latency.median.fixed(1), run.latency.p99.fixed(1),
                run.processorMs.fixed(1), "\((100 * run.processorShare).fixed(0)) %",
                "\((100 * run.fused).fixed(0)) %",
            ])
        }
        return table.lines
    }
}
