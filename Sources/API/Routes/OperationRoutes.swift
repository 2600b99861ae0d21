import HTTPTypes
import Hummingbird
import Results
import Sessions
import Videos

/// What an operator's probes ask.
struct OperationRoutes {
    let registry: SessionRegistry
    let store: any ResultStore
    let metrics: Metrics
    let videos: VideoQueue

    var routes: [Route] {
        [
            .get("/healthz", health), .get("/readyz", ready), .get("/metrics", exposition),
            .get("/openapi.yaml", description),
        ]
    }

    /// The process answers.
    @Sendable private func health(_ request: Request, _ context: Context) async throws -> Response {
        .json(["status": "ok"])
    }

    /// Frames are taken.
    @Sendable private func ready(_ request: Request, _ context: Context) async throws -> Response {
        guard await !registry.status.draining else { throw SessionFault.draining }
        return .json(["status": "ready"])
    }

    @Sendable private func exposition(_ request: Request, _ context: Context) async throws -> Response {
        let text = await metrics.text(
            registry.status, (store as? SQLiteStore)?.statistics(), videos.counts)
        return .bytes(Array(text.utf8), type: "text/plain; version=0.0.4; charset=utf-8")
    }

    @Sendable private func description(_ request: Request, _ context: Context) async throws -> Response {
        .bytes(PackageResources.openapi_yaml, type: "application/yaml")
    }
}
