import Benchmark
import Foundation

/// A part of `windhover bench`: figures, and the goals that they are held against.
protocol BenchPart: Encodable, Sendable {
    static var name: String { get }
    var goals: [Goal] { get }
    /// For people.
    var lines: [String] { get }
}

/// What `windhover bench` found, as tables for people and JSON for scripts.
struct BenchReport: Encodable {
    struct Settings: Encodable {
        let model: String
        let network: String
        let precision: String
        let hint: String
        let registration: String
        let frame: String
    }

    let machine: MachineProbe
    let settings: Settings
    var parts: [any BenchPart] = []

    private var goals: [Goal] { parts.flatMap(\.goals) }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(machine, forKey: Key(stringValue: "machine"))
        try out.encode(settings, forKey: Key(stringValue: "settings"))
        for part in parts { try out.encode(part, forKey: Key(stringValue: type(of: part).name)) }
        try out.encode(goals, forKey: Key(stringValue: "goals"))
    }

    func json() throws -> String { try Self.json(self) }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    func text() -> String {
        var lines = [
            "\(machine.processor), \(machine.cores) cores, \(machine.system)",
            "Swift \(machine.swift), OpenVINO \(machine.openvino), OpenCV \(machine.opencv)",
            "a core: memory \(machine.memoryGBs.fixed(1)) GB/s, arithmetic \(machine.peakGFLOPs.fixed(0)) GFLOP/s, "
                + "a new page \(machine.pageFaultUs.fixed(2)) µs",
            "\(settings.model) (\(settings.precision), \(settings.hint)) at \(settings.network), frames "
                + "\(settings.frame), registration \(settings.registration)",
        ]
        for part in parts { lines += ["", type(of: part).name.uppercased()] + part.lines }
        var table = Table([("GOALS", .left), ("value", .right), ("", .left), ("goal", .right), ("", .left)])
        for goal in goals {
            let (sign, limit) =
                switch goal.bound {
                case .atMost(let limit): ("≤", limit)
                case .atLeast(let limit): ("≥", limit)
                }
            table.add([goal.name, goal.value.fixed(3), sign, limit.fixed(3), goal.isMet ? "" : "missed"])
        }
        if !table.isEmpty { lines += [""] + table.lines }
        return lines.joined(separator: "\n")
    }
}
