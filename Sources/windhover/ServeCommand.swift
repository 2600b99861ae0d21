import API
import ArgumentParser
import Foundation
import Inference
import Logging
import Results
import SSP
import Sessions

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the service.",
        discussion: """
            Every option can also be set in the environment (WINDHOVER_PORT=9000 for --port 9000) or in a file of \
            "name: value" lines given by --config. The command line counts before the environment, the environment \
            before the file.
            """)

    @Option(help: "A YAML or JSON file of settings.")
    var config: String?

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0 takes any free one.")
    var port = 8080

    @Option(help: "Folder of model bundles.")
    var models = "models"

    @Option(help: "Model of sessions that name none (default: aerial-nano, or the first by name).")
    var defaultModel: String?

    @Option(help: "Folder for the database and the stored masks; made if it is not there.")
    var data = "data"

    @Option(help: "Folder of the dashboard, served at / (default: web, where there is one).")
    var web: String?

    @Flag(help: "Serve no dashboard.")
    var noWeb = false

    @Option(help: "OpenVINO device: CPU, GPU, NPU, AUTO, …")
    var device = "CPU"

    @Option(
        help: """
            Precision of inference; auto takes int8 where the bundle has it, else bf16 where the processor computes in \
            it, else f32.
            """)
    var precision = OpenVINOEngine.Precision.auto

    @Option(
        help: """
            What inference is tuned for; auto: latency, and throughput while frames of several streams are computed at \
            once, on the CPU, for which it compiles the model a second time when that happens first.
            """)
    var hint = OpenVINOEngine.Hint.auto

    @Option(help: "Inference threads; 0 leaves it to OpenVINO.")
    var threads = 0

    @Option(help: "Frames that may be in the image model at once.")
    var requests = 2

    @Option(help: "Threads for decoding, registration, fusing and encoding (default: one per processor).")
    var workers: Int?

    @Option(help: "Memory for the temporal state of all sessions, MiB.")
    var stateMemory = 4096

    @Option(help: "Precision of the temporal state of sessions that do not say.")
    var statePrecision = SessionOptions().statePrecision

    @Option(help: "Frames of one session that may wait.")
    var queue = 8

    @Option(help: "Frames that may be worked on or wait in the whole server.")
    var framesInFlight = 64

    @Option(help: "Largest body of a request, MiB.")
    var maxBody = 16

    @Option(help: "Largest image, megapixels.")
    var maxPixels = 50

    @Option(help: "Connections at once; more wait to be accepted.")
    var maxConnections = 1024

    @Option(help: "Seconds that a request's body may take to arrive.")
    var bodyTimeout = 30

    @Option(help: "Seconds without a byte after which a connection is closed, and for a request's head.")
    var idleTimeout = 60

    @Option(help: "Seconds that running frames get when the server stops.")
    var drainTimeout = 30

    @OptionGroup var access: AccessOptions
    @OptionGroup var videos: VideoServeOptions

    @OptionGroup var webhooks: WebhookOptions
    @OptionGroup var queries: QueryOptions

    @OptionGroup var retention: RetentionOptions

    @OptionGroup var disk: DiskOptions

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    func validate() throws {
        func positive(_ value: Int, _ name: String, from low: Int = 1, to high: Int = Int(Int32.max)) throws {
            guard (low...high).contains(value) else {
                throw ValidationError("--\(name) must be \(low) to \(high), not \(value)")
            }
        }
        try positive(port, "port", from: 0, to: 65535)
        try positive(threads, "threads", from: 0, to: 1024)
        try positive(requests, "requests", to: 256)
        try positive(workers ?? 1, "workers", to: 1024)
        try positive(stateMemory, "state-memory")
        try positive(queue, "queue", from: 0, to: 10_000)
        try positive(framesInFlight, "frames-in-flight", to: 100_000)
        try positive(maxBody, "max-body", to: 1024)
        try positive(maxPixels, "max-pixels", to: 1000)
        try positive(maxConnections, "max-connections")
        try positive(bodyTimeout, "body-timeout", to: 86_400)
        try positive(idleTimeout, "idle-timeout", to: 86_400)
        try positive(drainTimeout, "drain-timeout", to: 86_400)
    }

    func run() async throws {
        let logger = Logger(label: "windhover") { JSONLogHandler(label: $0, level: logLevel) }
        let bundles = try ModelBundle.loadAll(in: URL(fileURLWithPath: models))
        guard !bundles.isEmpty else {
            throw ValidationError("there is no model bundle in \(models): a folder with a model.json (see --models)")
        }
        guard let preferred = ModelBundle.choose(defaultModel, among: bundles) else {
            throw ValidationError("--default-model: no bundle in \(models) is named \"\(defaultModel ?? "")\"")
        }

        var storing = SQLiteStore.Options()
        storing.disk = disk.thresholds
        queries.apply(to: &storing, logger)
        let store = try SQLiteStore.open(directory: URL(fileURLWithPath: data), options: storing)
        try await access.require(keysOf: store, for: host)

        var options = OpenVINOEngine.Options()
        (options.device, options.precision, options.hint) = (device, precision, hint)
        (options.threads, options.requests) = (threads, requests)
        let engine = try OpenVINOEngine(options: options)
        var loaded: [any SegmentationModel] = []
        for bundle in bundles {
            let model = try await engine.load(bundle)
            logger.info(
                "loaded model",
                metadata: [
                    "name": "\(bundle.name)", "sha256": "\(bundle.sha256)", "device": "\(device)",
                    "precision": "\(model.precision)",
                ])
            loaded.append(model)
        }

        let metrics = Metrics()
        var limits = SessionRegistry.Limits()
        limits.stateBudget = stateMemory << 20
        limits.queuePerSession = queue
        limits.framesInFlight = framesInFlight
        limits.maxPixels = maxPixels * 1_000_000
        var defaults = SessionOptions()
        defaults.statePrecision = statePrecision
        let registry = SessionRegistry(
            models: loaded, defaultModel: preferred.name, store: store, limits: limits, defaultOptions: defaults,
            workers: WorkerPool(threads: workers ?? ProcessInfo.processInfo.activeProcessorCount),
            callBody: CallView.body, observer: metrics.record)

        var configuration = WindhoverServer.Configuration()
        (configuration.host, configuration.port, configuration.keys) = (host, port, access.apiKey)
        (configuration.allowedHosts, configuration.rate) = (access.allowedHost, access.rate)
        configuration.tls = access.tls
        configuration.pages = try pages(logger)
        configuration.maxBodyBytes = maxBody << 20
        configuration.videos = videos.settings(data: URL(fileURLWithPath: data), maxPixels: limits.maxPixels)
        configuration.maxConnections = maxConnections
        configuration.bodyTimeout = .seconds(bodyTimeout)
        configuration.idleTimeout = .seconds(idleTimeout)
        configuration.drainTimeout = .seconds(drainTimeout)
        configuration.webhooks.policy = try webhooks.policy
        configuration.retention = retention.policy
        let server = WindhoverServer(
            configuration: configuration, registry: registry, store: store, metrics: metrics, logger: logger)
        try await server.run { [host, access] port in
            // On standard output, for people and scripts; the log is on standard error.
            let scheme = access.tls == nil ? "http" : "https"
            print("windhover: listening on \(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)")
            fflush(nil)
        }
    }
}

extension ServeCommand {
    private func pages(_ logger: Logger) throws -> WebPages {
        let folder = URL(fileURLWithPath: web ?? "web")
        if noWeb { return WebPages() }
        guard FileManager.default.fileExists(atPath: folder.appendingPathComponent("index.html").path) else {
            guard web == nil else { throw ValidationError("--web: there is no index.html in \(folder.path)") }
            logger.info("no dashboard is served: there is no folder \"web\" here (--web)")
            return WebPages()
        }
        return try WebPages(folder: folder)
    }
}

extension OpenVINOEngine.Precision: ExpressibleByArgument {}
extension OpenVINOEngine.Hint: ExpressibleByArgument {}
extension StatePrecision: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
