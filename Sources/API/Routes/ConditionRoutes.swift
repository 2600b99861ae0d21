import Conditions
import Foundation
import HTTPTypes
import Hummingbird
import Results
import Sessions
import Webhooks

/// `/v1/sessions/{id}/conditions` and `/v1/sessions/{id}/deliveries`: what a session is to tell of, and whether its
/// webhooks have heard it.
struct ConditionRoutes {
    let registry: SessionRegistry
    let store: any ResultStore
    let policy: TargetPolicy

    var routes: [Route] {
        [
            .get("/v1/sessions/{id}/conditions", .readOrIngest(.session), get),
            .put("/v1/sessions/{id}/conditions", .ingest(.session), replace),
            .delete("/v1/sessions/{id}/conditions", .ingest(.session), remove),
            .get("/v1/sessions/{id}/deliveries", .readOrIngest(.session), deliveries),
        ]
    }

    @Sendable private func get(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        return .json(ConditionsView(evaluator: try await registry.conditions(context.parameter("id"))))
    }

    @Sendable private func replace(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        if let type = request.mediaType, type != "application/json" {
            throw Problem.unsupportedType(type, ["application/json"])
        }
        let id = try context.parameter("id")
        guard let session = try await store.session(id) else { throw SessionFault.noSession(id: id) }
        let set = try ConditionRequest(policy: policy).read(
            try await request.bytes(upTo: 64 << 10), classes: registry.classNames(of: session.model))
        return .json(ConditionsView(evaluator: try await registry.setConditions(set, of: id)))
    }

    @Sendable private func remove(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        _ = try await registry.setConditions(ConditionSet(), of: context.parameter("id"))
        return Response(status: .noContent)
    }

    @Sendable private func deliveries(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["state", "limit", "cursor"])
        let id = try context.parameter("id")
        guard try await store.session(id) != nil else { throw SessionFault.noSession(id: id) }
        var query = DeliveryQuery(session: id)
        query.state = try parameters.choice("state")
        query.limit = try parameters.int("limit", in: 1...1000) ?? 100
        query.cursor = try parameters.string("cursor")
        let page = try await store.deliveries(query)
        return .json(ListView(items: page.items.map(DeliveryView.init), nextCursor: page.nextCursor))
    }
}
