import ArgumentParser
import Benchmark
import Foundation
import Inference
import SSP
import Sessions

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the method and the service, and hold them against their goals.",
        discussion: """
            Six parts, in three to four minutes: fusing (SSP's own work on one thread, beside OpenCV's), registration \
            (each method's time and error), latency (a frame's way, alone and fused, by calls and over HTTP), crowd \
            (many sessions, and a slow one beside one that floods), memory, cadence (what \
            key frames alone gain and cost). Everything runs on this machine, on a \
            simulated flight or folders of images. Ratios are worth comparing between machines; milliseconds are not.
            """)

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case fusing, registration, latency, crowd, memory, cadence
    }

    @Option(parsing: .upToNextOption, help: "Parts to run (default: all).")
    var only: [Part] = []

    @Option(help: "Folder of model bundles.")
    var models = "models"

    @Option(help: "Model (default: aerial-nano, or the first by name).")
    var model: String?

    @Option(help: "Folder of images to send instead of a simulated flight; registration takes several.")
    var frames: [String] = []

    @Option(help: "Frames to run one after the other.")
    var count = 60

    @Option(help: "Seconds of each run with many sessions.")
    var seconds = 4.0

    @Option(help: "Width of the simulated frames.")
    var width = 1280

    @Option(help: "Height of the simulated frames.")
    var height = 720

    @Option(help: "Registration method.")
    var registration = RegistrationMethod.klt

    @Option(
        help: """
            Precision of inference; auto takes int8 where the bundle has it, else bf16 where the processor computes in \
            it, else f32.
            """)
    var precision = OpenVINOEngine.Precision.auto

    @Option(help: "Precision of the temporal state.")
    var statePrecision = SessionOptions().statePrecision

    @Option(help: "What inference is tuned for.")
    var hint = OpenVINOEngine.Hint.auto

    @Option(parsing: .upToNextOption, help: "Sessions at once.")
    var sessions = [1, 2, 4, 16, 64]

    @Option(help: "Frames of one session on their way at once, for the run in which the client does not wait.")
    var inFlight = 3

    @Option(help: "Frames to watch memory over, with memory: 20000 take some ten minutes.")
    var soak = 0

    @Flag(help: "Print JSON instead of tables.")
    var json = false

    func validate() throws {
        guard (3...100_000).contains(count) else { throw ValidationError("--count must be 3 to 100000") }
        guard (64...8192).contains(width), (64...8192).contains(height) else {
            throw ValidationError("--width and --height must be 64 to 8192")
        }
        guard sessions.allSatisfy((1...64).contains), (1...8).contains(inFlight) else {
            throw ValidationError("--sessions must be 1 to 64, --in-flight 1 to 8")
        }
        guard (0.1...3600).contains(seconds), (0...10_000_000).contains(soak) else {
            throw ValidationError("--seconds must be 0.1 to 3600, --soak 0 to 10000000")
        }
    }

    func run() async throws {
        let bundles = try ModelBundle.loadAll(in: URL(fileURLWithPath: models))
        guard let bundle = ModelBundle.choose(model, among: bundles) else {
            throw ValidationError("there is no bundle in \(models)\(model.map { " named \"\($0)\"" } ?? "")")
        }
        var options = OpenVINOEngine.Options()
        (options.precision, options.hint) = (precision, hint)
        let loaded = try await OpenVINOEngine(options: options).load(bundle)
        let folders = try frames.map { ($0, try BenchFrames(folder: $0, count: count)) }
        let flight = try folders.first?.1 ?? BenchFrames(width: width, height: height, count: count)

        var report = BenchReport(
            machine: MachineProbe(openvino: OpenVINOEngine.version),
            settings: .init(
                model: bundle.name, network: "\(bundle.inputWidth)x\(bundle.inputHeight)", precision: loaded.precision,
                hint: hint.rawValue, registration: registration.rawValue, frame: "\(flight.width)x\(flight.height)"))
        if only.contains(.cadence), !bundle.hasAdaptiveCadence {
            throw ValidationError("\(bundle.name) has no first-stage graph, which adaptive cadence takes")
        }
        let parts = only.isEmpty ? Part.allCases.filter { $0 != .cadence || bundle.hasAdaptiveCadence } : only
        for part in parts {
            if !json { Terminal.say("measuring: \(part.rawValue)") }
            report.parts.append(try await measure(part, loaded, flight, folders))
        }
        print(json ? try report.json() : report.text())
    }

    private func measure(
        _ part: Part, _ model: any SegmentationModel, _ flight: BenchFrames,
        _ folders: [(path: String, frames: BenchFrames)]
    ) async throws -> any BenchPart {
        var options = SessionOptions()
        options.registration = registration
        options.statePrecision = statePrecision
        options.late = .stateless
        switch part {
        case .fusing: return BenchFusing(rounds: min(count, 60))
        case .registration: return try BenchRegistration(each: min(count, 8), folders: folders)
        case .latency:
            return try await BenchServer.running(model) { [options] server in
                try await BenchLatency(
                    server, model: model, flight, options: options, count: count, paced: 4 * seconds)
            }
        case .crowd:
            return try await BenchServer.running(model) { [options] server in
                try await BenchCrowd(
                    server, flight, options: options, sessions: sessions, inFlight: inFlight, seconds: seconds)
            }
        case .cadence:
            return try await BenchServer.running(model) { [options] server in
                try await BenchCadence(server, flight, options: options)
            }
        case .memory:
            let arguments = ["--precision", precision.rawValue, "--hint", hint.rawValue]
            return try await BenchChild.running(
                models: models, model: model.bundle.name, options: arguments
            ) { [options] child in
                try await BenchServer.running(model) { server in
                    try await BenchMemory(child, server, flight, options: options, count: count, soak: soak)
                }
            }
        }
    }
}

extension RegistrationMethod: ExpressibleByArgument {}
