import Benchmark
import Imaging
import Inference
import SSP
import Sessions

/// A frame's way through the service, stage by stage: alone and fused, by calls and over HTTP, in turns, so that
/// whatever else the machine does meets all of them alike.
struct BenchLatency: BenchPart {
    static let name = "latency"

    struct Way: Encodable, Sendable {
        let name: String
        fileprivate(set) var latency = Distribution([])
        fileprivate(set) var stages: [String: Distribution] = [:]

        private enum CodingKeys: String, CodingKey {
            case name, stages
            case latency = "latency_ms"
        }
    }

    /// The image model by itself.
    let imageModel: Distribution
    let ways: [Way]
    /// Ten frames a second over HTTP; nil where the image model cannot follow.
    let paced: BenchRun?
    private let taxLimit: Double

    private enum CodingKeys: String, CodingKey {
        case ways, paced
        case imageModel = "image_model_ms"
    }

    init(
        _ server: BenchServer, model: any SegmentationModel, _ frames: BenchFrames, options: SessionOptions, count: Int,
        paced seconds: Double
    ) async throws {
        var alone = options
        alone.propagation = .none
        let callers: [(String, any BenchSender, SessionOptions)] = [
            ("calls, each frame alone", server.caller, alone), ("calls, SSP", server.caller, options),
            ("HTTP, each frame alone", try server.client(), alone), ("HTTP, SSP", try server.client(), options),
        ]
        var sessions: [String] = []
        for (_, sender, options) in callers { sessions.append(try await sender.begin(options)) }
        let propagator = Propagator(model: model)
        var image: [Double] = []
        var latencies = [[Double]](repeating: [], count: callers.count)
        var stages = [[[String: Double]]](repeating: [], count: callers.count)
        for number in 0...count {
            let input = propagator.input(of: try ImageCodec.picture(of: frames[number]))
            let start = ContinuousClock.now
            _ = try await model.segment(input)
            if number > 0 { image.append(milliseconds(ContinuousClock.now - start)) }
            for (way, caller) in callers.enumerated() {
                let start = ContinuousClock.now
                let answer = try await caller.1.send(frames[number], number, to: sessions[way])
                // The first frame is cold.
                guard number > 0 else { continue }
                latencies[way].append(milliseconds(ContinuousClock.now - start))
                stages[way].append(answer)
            }
        }
        imageModel = Distribution(image)
        ways = callers.indices.map {
            Way(
                name: callers[$0].0, latency: Distribution(latencies[$0]), stages: BenchRun.distributions(stages[$0]))
        }
        paced =
            imageModel.median > 100
            ? nil
            : try await BenchRun(
                "HTTP, 10 frames a second", frames, length: .seconds(seconds), pace: 10, options: options
            ) { try server.client() }
        // A large network is to pay less for what does not depend on it.
        taxLimit = imageModel.median > 200 ? 1.05 : 1.25
    }

    var goals: [Goal] {
        let goals = [
            Goal(
                "latency, SSP to each frame alone, calls", ways[1].latency.median / ways[0].latency.median,
                .atMost(taxLimit)),
            Goal(
                "latency, SSP to each frame alone, HTTP", ways[3].latency.median / ways[2].latency.median,
                .atMost(taxLimit)),
            Goal(
                "frames a second, HTTP to calls", ways[1].latency.median / ways[3].latency.median, .atLeast(0.95)),
        ]
        guard let latency = paced?.latency else { return goals }
        return goals + [Goal("ten frames a second, p99 to median", latency.p99 / latency.median, .atMost(1.5))]
    }

    var lines: [String] {
        var table = Table([("ms", .left)] + ways.flatMap { [($0.name, .right), ("p95", .right)] })
        // In the order of a frame's way; a stage named later than this list still shows.
        let order = [
            "queue", "decode", "prepare", "image", "register", "similarity", "fuse", "mask", "encode", "state",
        ]
        let others = Set(ways.flatMap(\.stages.keys)).subtracting(order).sorted()
        for stage in order + others where ways.contains(where: { $0.stages[stage] != nil }) {
            table.add(
                [stage]
                    + ways.flatMap { way -> [String] in
                        way.stages[stage].map { [$0.median.fixed(1), $0.p95.fixed(1)] } ?? ["", ""]
                    })
        }
        table.add(["a frame, stored"] + ways.flatMap { [$0.latency.median.fixed(1), $0.latency.p95.fixed(1)] })
        var lines = table.lines
        lines.append("image model by itself: \(imageModel.median.fixed(1)) ms, p95 \(imageModel.p95.fixed(1))")
        if let paced = paced?.latency {
            lines.append(
                "at ten frames a second over HTTP: \(paced.median.fixed(1)) ms, p95 \(paced.p95.fixed(1)), "
                    + "p99 \(paced.p99.fixed(1))")
        }
        return lines
    }
}
