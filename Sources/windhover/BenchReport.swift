import Foundation

/// What `windhover bench` found, as a table for people and JSON for scripts.
struct BenchReport: Encodable {
    struct Summary: Encodable {
        let median: Double
        let p95: Double

        init(_ values: [Double]) {
            let sorted = values.sorted()
            median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
            p95 = sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * 95 / 100)]
        }
    }

    let machine: String
    let openvino: String
    let model: String
    let precision: String
    let hint: String
    let registration: String
    let frame: String
    let network: String
    let frames: Int
    let imageModelMs: [Double]
    let inProcess: BenchRun
    /// The first is one session whose client waits for each answer.
    let overHTTP: [BenchRun]

    private enum Key: String, CodingKey {
        case machine, openvino, model, precision, hint, registration, frame, network, frames, ratios
        case imageModel = "image_model_ms"
        case inProcess = "in_process"
        case overHTTP = "over_http"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(machine, forKey: .machine)
        try out.encode(openvino, forKey: .openvino)
        try out.encode(model, forKey: .model)
        try out.encode(precision, forKey: .precision)
        try out.encode(hint, forKey: .hint)
        try out.encode(registration, forKey: .registration)
        try out.encode(frame, forKey: .frame)
        try out.encode(network, forKey: .network)
        try out.encode(frames, forKey: .frames)
        try out.encode(Summary(imageModelMs), forKey: .imageModel)
        try out.encode(inProcess, forKey: .inProcess)
        try out.encode(overHTTP, forKey: .overHTTP)
        try out.encode(ratios, forKey: .ratios)
    }

    private var ratios: [String: Double] {
        let image = Summary(imageModelMs).median
        let inside = Summary(inProcess.latencyMs).median
        // What the method costs beside the network that it makes consistent.
        let ssp = ["register", "similarity", "fuse"].reduce(0) { $0 + Summary(inProcess.stageMs[$1] ?? []).median }
        return [
            "ssp_to_image_model": ssp / image,
            "latency_in_process_to_image_model": inside / image,
            "latency_over_http_to_in_process": Summary(overHTTP[0].latencyMs).median / inside,
            "throughput_over_http_to_in_process": overHTTP[0].framesPerSecond / inProcess.framesPerSecond,
        ]
    }

    func json() throws -> String { try Self.json(self) }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    func table() -> String {
        var out = """
            \(machine), OpenVINO \(openvino)
            \(model) (\(precision), \(hint)) at \(network), frames \(frame) × \(frames), registration \(registration)

            """
        let first = overHTTP[0]
        out += row("ms", "in process", "", "over HTTP", "")
        out += row("", "median", "p95", "median", "p95")
        // In the order of a frame's way; a stage named later than this list still shows.
        let order = [
            "queue", "decode", "prepare", "image", "register", "similarity", "fuse", "mask", "encode", "state",
        ]
        let others = Set(inProcess.stageMs.keys).subtracting(order).sorted()
        for stage in order + others {
            guard let inside = inProcess.stageMs[stage] else { continue }
            let (a, b) = (Summary(inside), Summary(first.stageMs[stage] ?? []))
            let name = stage == "register" ? "register (beside image)" : stage
            out += row(name, number(a.median), number(a.p95), number(b.median), number(b.p95))
        }
        let (a, b) = (Summary(inProcess.latencyMs), Summary(first.latencyMs))
        out += row("a frame, stored", number(a.median), number(a.p95), number(b.median), number(b.p95))
        let alone = Summary(imageModelMs)
        out += row("image model alone", number(alone.median), number(alone.p95), "", "")
        out += "\n" + row("", "frames/s", "latency", "p95", "CPU ms", "fused")
        out += throughput("in process", inProcess)
        for run in overHTTP {
            let sessions = run.sessions == 1 ? "1 session" : "\(run.sessions) sessions"
            out += throughput("HTTP, \(sessions)" + (run.inFlight > 1 ? ", \(run.inFlight) in flight" : ""), run)
        }
        out += "\n"
        for (name, value) in ratios.sorted(by: { $0.key < $1.key }) {
            out += "\(name.replacing("_", with: " ")): \(String(format: "%.2f", value))\n"
        }
        return out
    }

    private func throughput(_ name: String, _ run: BenchRun) -> String {
        let latency = Summary(run.latencyMs)
        return row(
            name, number(run.framesPerSecond), number(latency.median), number(latency.p95), number(run.processorMs),
            "\(run.fused)/\(run.latencyMs.count)")
    }

    private func number(_ value: Double) -> String { String(format: "%.1f", value) }

    private func row(_ name: String, _ columns: String...) -> String {
        name.padding(toLength: 28, withPad: " ", startingAt: 0)
            + columns.map { String(repeating: " ", count: max(0, 12 - $0.count)) + $0 }.joined() + "\n"
    }

    static var machine: String {
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let name = info.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        let trimmed = name.map { $0.trimmingPrefix(while: { $0 == " " }) } ?? "unknown processor"
        return "\(trimmed), \(ProcessInfo.processInfo.activeProcessorCount) cores"
    }
}
