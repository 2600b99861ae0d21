import API
import ArgumentParser
import Foundation
import Inference
import Logging
import Results
import Sessions

/// A server on loopback, and its sessions for calling them directly: what is compared is the same service.
struct BenchServer: Sendable {
    let registry: SessionRegistry
    let port: Int

    /// Runs one, with a store of its own, while `body` lasts.
    static func running<Result: Sendable>(
        _ model: any SegmentationModel, _ body: (BenchServer) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "windhover-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try SQLiteStore.open(directory: folder)
        let metrics = Metrics()
        let workers = WorkerPool(threads: ProcessInfo.processInfo.activeProcessorCount)
        let registry = SessionRegistry(
            models: [model], defaultModel: model.bundle.name, store: store, workers: workers, observer: metrics.record)
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
        var iterator = ports.makeAsyncIterator()
        guard let found = await iterator.next() else {
            try await running.value
            throw ValidationError("the server did not start")
        }
        defer { running.cancel() }
        let result = try await body(BenchServer(registry: registry, port: found))
        try await store.close()
        return result
    }

    var caller: CallingSender { CallingSender(registry: registry) }

    func client() throws -> HTTPSender { try HTTPSender(port: port) }
}
