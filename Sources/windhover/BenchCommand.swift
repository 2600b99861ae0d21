import API
import ArgumentParser
import Foundation
import Imaging
import Inference
import Logging
import Results
import SSP
import Sessions
import Simulation

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Show where a frame's time goes: stage by stage, in process and over HTTP.",
        discussion: """
            Flies a simulated drone (or takes a folder of images) through the pipeline, on one machine and in one run: \
            by calls in this process, then through a server on loopback, where the client waits for each answer, where \
            it has a few frames on their way, and where several clients have a session each. Ratios are worth comparing \
            between machines; milliseconds are not.
            """)

    @Option(help: "Folder of model bundles.")
    var models = "models"

    @Option(help: "Model (default: aerial-nano, or the first by name).")
    var model: String?

    @Option(help: "Folder of images to send instead of a simulated flight.")
    var frames: String?

    @Option(help: "Frames to run.")
    var count = 60

    @Option(help: "Width of the simulated frames.")
    var width = 1280

    @Option(help: "Height of the simulated frames.")
    var height = 720

    @Option(help: "Registration method.")
    var registration = RegistrationMethod.klt

    @Option(help: "Precision of inference; auto takes bf16 where the processor computes in it, else f32.")
    var precision = OpenVINOEngine.Precision.auto

    @Option(help: "What inference is tuned for.")
    var hint = OpenVINOEngine.Hint.latency

    @Option(help: "Sessions at once, for the run with several.")
    var sessions = 4

    @Option(help: "Frames of one session on their way at once, for the run in which the client does not wait.")
    var inFlight = 3

    @Flag(
        help: "Measure adaptive cadence instead: its speed, and how far its masks are from those of every frame seen.")
    var cadence = false

    @Flag(help: "Print JSON instead of tables.")
    var json = false

    func validate() throws {
        guard (3...100_000).contains(count) else { throw ValidationError("--count must be 3 to 100000") }
        guard (64...8192).contains(width), (64...8192).contains(height) else {
            throw ValidationError("--width and --height must be 64 to 8192")
        }
        guard (1...64).contains(sessions), (1...8).contains(inFlight) else {
            throw ValidationError("--sessions must be 1 to 64, --in-flight 1 to 8")
        }
    }

    func run() async throws {
        let bundles = try ModelBundle.loadAll(in: URL(fileURLWithPath: models))
        let name = model ?? (bundles.contains { $0.name == "aerial-nano" } ? "aerial-nano" : bundles.first?.name ?? "")
        guard let bundle = bundles.first(where: { $0.name == name }) else {
            throw ValidationError("no bundle in \(models) is named \"\(name)\"")
        }
        var options = OpenVINOEngine.Options()
        (options.precision, options.hint) = (precision, hint)
        let loaded = try await OpenVINOEngine(options: options).load(bundle)
        let images = try images()

        if cadence {
            let curve = try await withRegistry(loaded) { registry, _, _ in
                try await CadenceBench(images.encoded, registration: registration, registry: registry)
            }
            if json { print(try BenchReport.json(curve)) } else { curve.lines().forEach { print($0) } }
            return
        }
        let alone = try await imageModelAlone(loaded, images)
        let inProcess = try await withRegistry(loaded) { registry, _, _ in
            try await BenchRun(images.encoded) { CallingSender(registry: registry, registration: registration) }
        }
        var overHTTP: [BenchRun] = []
        for (sessions, inFlight) in [(1, 1), (1, inFlight), (sessions, 1)] {
            overHTTP.append(
                try await withServer(loaded) { port in
                    try await BenchRun(images.encoded, sessions: sessions, inFlight: inFlight) {
                        try HTTPSender(port: port, registration: registration)
                    }
                })
        }
        let report = BenchReport(
            machine: BenchReport.machine, openvino: OpenVINOEngine.version, model: bundle.name,
            precision: loaded.precision, hint: hint.rawValue, registration: registration.rawValue,
            frame: "\(images.width)x\(images.height)", network: "\(bundle.inputWidth)x\(bundle.inputHeight)",
            frames: images.encoded.count, imageModelMs: alone, inProcess: inProcess, overHTTP: overHTTP)
        print(json ? try report.json() : report.table())
    }

    // MARK: Inputs

    struct Images: Sendable {
        var encoded: [[UInt8]]
        var width: Int
        var height: Int
    }

    private func images() throws -> Images {
        guard let frames else {
            let flight = SimulatedFlight(seed: 7, width: width, height: height, fps: 10, plan: .transit)
            let encoded = try (0..<count).map { try flight.frame($0).frame.jpegData(quality: 90) }
            return Images(encoded: encoded, width: width, height: height)
        }
        let folder = URL(fileURLWithPath: frames)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { ["jpg", "jpeg", "png"].contains(($0 as NSString).pathExtension.lowercased()) }
        guard names.count >= 3 else { throw ValidationError("\(frames): holds fewer than three images") }
        let encoded = try names.prefix(count).map { [UInt8](try Data(contentsOf: folder.appendingPathComponent($0))) }
        let header = try ImageCodec.header(of: encoded[0])
        return Images(encoded: Array(encoded), width: header.width, height: header.height)
    }

    // MARK: Measurements

    /// Milliseconds of the image model by itself, a frame after the other: what everything else is compared with.
    private func imageModelAlone(_ model: any SegmentationModel, _ images: Images) async throws -> [Double] {
        let propagator = Propagator(model: model)
        var times: [Double] = []
        for image in images.encoded {
            let input = propagator.input(of: try ImageCodec.decode(image))
            let start = ContinuousClock.now
            _ = try await model.segment(input)
            times.append(milliseconds(ContinuousClock.now - start))
        }
        return Array(times.dropFirst())
    }

    private func withRegistry<Result>(
        _ model: any SegmentationModel,
        _ body: (SessionRegistry, SQLiteStore, Metrics) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "windhover-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try SQLiteStore.open(directory: folder)
        let metrics = Metrics()
        let workers = WorkerPool(threads: ProcessInfo.processInfo.activeProcessorCount)
        let registry = SessionRegistry(
            models: [model], defaultModel: model.bundle.name, store: store, workers: workers, observer: metrics.record)
        let result = try await body(registry, store, metrics)
        try await store.close()
        return result
    }

    /// Calls `body` with the port of a server on loopback.
    private func withServer<Result>(
        _ model: any SegmentationModel, _ body: (Int) async throws -> Result
    ) async throws -> Result {
        try await withRegistry(model) { registry, store, metrics in
            var configuration = WindhoverServer.Configuration()
            configuration.port = 0
            let server = WindhoverServer(
                configuration: configuration, registry: registry, store: store, metrics: metrics,
                // It is stopped by cancelling it, and would complain.
                logger: Logger(label: "bench") { JSONLogHandler(label: $0, level: .critical) })
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            let running = Task {
                defer { port.finish() }
                try await server.run(signals: false) { port.yield($0) }
            }
            defer { running.cancel() }
            var iterator = ports.makeAsyncIterator()
            guard let found = await iterator.next() else {
                try await running.value
                throw ValidationError("the server did not start")
            }
            return try await body(found)
        }
    }
}

extension RegistrationMethod: ExpressibleByArgument {}
