import API
import Foundation
import Imaging
import Inference
import Logging
import Results
import SSP
import Sessions
import Synchronization
import Videos

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The whole service on a free port of loopback, with the golden model, a real store in a folder of its own, and real
/// sockets.
final class TestServer: Sendable {
    let port: Int
    let data: URL
    let registry: SessionRegistry
    let store: SQLiteStore
    /// Every route.
    let resources: [WindhoverServer.Resource]
    private let task: Task<Void, any Error>
    private let keepsData: Bool
    private let gate: Gate?

    struct Setup: Sendable {
        var server = WindhoverServer.Configuration()
        var limits = SessionRegistry.Limits()
        var clock = ServiceClock.system
        var engine = OpenVINOEngine.Options()
        /// Wraps the model, to make it slow or faulty.
        var model: @Sendable (any SegmentationModel) -> any SegmentationModel = { $0 }
        /// Where every inference waits, until the server is stopped at the latest.
        var gate: Gate?
        var data: URL?
        var store = SQLiteStore.Options()
    }

    static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("SSPTests/Golden")

    init(_ change: (inout Setup) -> Void = { _ in }) async throws {
        var setup = Setup()
        setup.server.port = 0
        // As raw connections of these tests call it.
        setup.server.allowedHosts = ["x"]
        setup.server.videos.tools = .find()
        change(&setup)
        keepsData = setup.data != nil
        gate = setup.gate
        data =
            setup.data
            ?? FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        setup.server.videos.folder = data.appendingPathComponent("videos")
        let engine = try OpenVINOEngine(options: setup.engine)
        var models: [any SegmentationModel] = []
        for bundle in try ModelBundle.loadAll(in: Self.golden) {
            let model = setup.model(try await engine.load(bundle))
            models.append(setup.gate.map { GatedModel(model, $0) } ?? model)
        }
        store = try SQLiteStore.open(directory: data, options: setup.store)
        let metrics = Metrics()
        // On a busy machine a second passes between two frames of a test that is not about gaps.
        var options = SessionOptions()
        options.maxGapMs = 60_000
        registry = SessionRegistry(
            models: models, defaultModel: "golden-7", store: store, limits: setup.limits, defaultOptions: options,
            clock: setup.clock,
            workers: WorkerPool(threads: 2), callBody: CallView.body, observer: metrics.record)
        let server = WindhoverServer(
            configuration: setup.server, registry: registry, store: store, metrics: metrics,
            logger: Logger(label: "test") { JSONLogHandler(label: $0, level: .critical) })
        resources = server.resources
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        task = Task {
            defer { running.finish() }
            try await server.run(signals: false) { running.yield($0) }
        }
        var found: Int?
        for await port in ports {
            found = port
            break
        }
        guard let found else {
            try await task.value
            throw CancellationError()
        }
        port = found
    }

    /// Stops the server as SIGKILL would leave it or, by default, tidily.
    func stop() async {
        // A test that failed before it opened it: frames held there would hold the server.
        await gate?.openUp()
        task.cancel()
        _ = await task.result
        if !keepsData { try? FileManager.default.removeItem(at: data) }
    }

    struct Answer: Sendable {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]

        /// The body as a JSON object.
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
        }

        /// The last part of a problem's type.
        var problem: String? {
            guard headers["content-type"] == "application/problem+json" else { return nil }
            return (json["type"] as? String)?.split(separator: ":").last.map(String.init)
        }
    }

    func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
    ) async throws -> Answer {
        var request = URLRequest(url: URL(string: "http://127.0.0.1:\(port)\(path)")!)
        request.httpMethod = method
        request.timeoutInterval = 60
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        request.httpBody = body.map { Data($0) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let http = response as! HTTPURLResponse
        var fields: [String: String] = [:]
        for (name, value) in http.allHeaderFields { fields["\(name)".lowercased()] = "\(value)" }
        return Answer(status: http.statusCode, headers: fields, body: [UInt8](data))
    }

    /// Begins a session and gives its id.
    func session(_ json: String = "{}") async throws -> String {
        let answer = try await send(
            "POST", "/v1/sessions", headers: ["Content-Type": "application/json"], body: Array(json.utf8))
        guard answer.status == 201, let id = answer.json["id"] as? String else {
            throw TestFailure("no session: \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        }
        return id
    }

    func put(
        _ image: [UInt8], _ sequence: Int, to session: String, query: String = "", headers: [String: String] = [:]
    ) async throws -> Answer {
        var headers = headers
        headers["Content-Type"] = headers["Content-Type"] ?? "image/png"
        return try await send(
            "PUT", "/v1/sessions/\(session)/frames/\(sequence)\(query)", headers: headers, body: image)
    }

    /// A frame of a golden case as PNG.
    static func frame(_ k: Int, of golden: String = "uavid-like") throws -> [UInt8] {
        let name = "\(golden)/frames/\(String(format: "%03d", k)).png"
        return [UInt8](try Data(contentsOf: Self.golden.appendingPathComponent(name)))
    }
}

extension TestServer {
    /// A picture of the golden frames' size in which there is nothing to register.
    static func blank() throws -> [UInt8] {
        try Frame(width: 160, height: 96, pixels: [UInt8](repeating: 90, count: 160 * 96 * 3)).pngData()
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

private let clientThreads = WorkerPool(threads: 32)

/// Runs `body` with a server, and stops it whatever happens.
func withServer<Result>(
    _ change: (inout TestServer.Setup) -> Void = { _ in }, _ body: (TestServer) async throws -> Result
) async throws -> Result {
    let server = try await TestServer(change)
    do {
        // Clients that read by hand block their thread: not one of those that the server in this process needs.
        let result = try await withTaskExecutorPreference(clientThreads) { try await body(server) }
        await server.stop()
        return result
    } catch {
        await server.stop()
        throw error
    }
}

/// A model whose every inference waits at a gate, and can be made to fail.
final class GatedModel: SegmentationModel {
    private let inner: any SegmentationModel
    private let gate: Gate
    var bundle: ModelBundle { inner.bundle }
    var shapes: ModelShapes { inner.shapes }
    var precision: String { inner.precision }

    init(_ inner: any SegmentationModel, _ gate: Gate) {
        self.inner = inner
        self.gate = gate
    }

    func segment(_ input: Tensor) async throws -> ImageOutput {
        try await gate.pass()
        return try await inner.segment(input)
    }

    func features(_ input: Tensor) async throws -> Tensor { try await inner.features(input) }

    func similarity(previous: Tensor, current: Tensor) async throws -> Tensor {
        try await inner.similarity(previous: previous, current: current)
    }
}

/// Holds whoever comes until it is opened.
actor Gate {
    private var open: Bool
    private var failures = 0
    private var held: [CheckedContinuation<Void, Never>] = []
    private(set) var passed = 0

    init(open: Bool) { self.open = open }

    func pass() async throws {
        passed += 1
        if failures > 0 {
            failures -= 1
            throw InferenceError("made to fail")
        }
        guard !open else { return }
        await withCheckedContinuation { held.append($0) }
    }

    func openUp() {
        open = true
        held.forEach { $0.resume() }
        held = []
    }

    func failNext(_ count: Int = 1) { failures = count }

    /// Comes back when as many wait at the gate.
    func waiting(_ count: Int) async throws {
        let start = ContinuousClock.now
        while held.count < count {
            guard ContinuousClock.now - start < .seconds(60) else {
                throw TestFailure("\(held.count) wait at the gate, not \(count)")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
