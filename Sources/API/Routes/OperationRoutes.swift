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
    let keeper: Keeper?

    var routes: [Route] {
        [
            // What a probe asks before anybody has a key.
            .get("/healthz", .open, health), .get("/readyz", .open, ready),
            .get("/metrics", .read(.whole), exposition), .get("/openapi.yaml", .anyKey, description),
        ]
    }

    /// The process answers.
    @Sendable private func health(_ request: Request, _ context: Context) async throws -> Response {
        .json(["status": "ok"])
    }

    /// Frames are taken; and what an operator should look at before they no longer are.
    @Sendable private func ready(_ request: Request, _ context: Context) async throws -> Response {
        guard await !registry.status.draining else { throw SessionFault.draining }
        guard store.room < .full else {
            var problem = Problem(SessionFault.storage(full: true, message: ""))
            problem.status = .serviceUnavailable
            throw problem
        }
        return .json(
            ReadyView(status: "ready", disk: store.room.name, clockAheadS: await keeper?.retention.lastRun?.clockAhead))
    }

    private struct ReadyView: Encodable {
        let status: String
        let disk: String
        let clockAheadS: Double?

        private enum CodingKeys: String, CodingKey {
            case status, disk
            case clockAheadS = "clock_ahead_s"
        }
    }

    @Sendable private func exposition(_ request: Request, _ context: Context) async throws -> Response {
        let text = await metrics.text(
            registry.status, (store as? SQLiteStore)?.statistics(), videos.counts,
            waitingDeliveries: try? store.waitingDeliveryCount())
        return .bytes(Array(text.utf8), type: "text/plain; version=0.0.4; charset=utf-8")
    }

    @Sendable private func description(_ request: Request, _ context: Context) async throws -> Response {
        .bytes(PackageResources.openapi_yaml, type: "application/yaml")
    }
}
