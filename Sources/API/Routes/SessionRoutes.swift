import Foundation
import HTTPTypes
import Hummingbird
import Results
import Sessions

/// `/v1/sessions`: one per video stream.
struct SessionRoutes {
    let registry: SessionRegistry
    let store: any ResultStore

    var routes: [Route] {
        [
            .post("/v1/sessions", create),
            .get("/v1/sessions", list),
            .get("/v1/sessions/{id}", get),
            .delete("/v1/sessions/{id}", end),
            .post("/v1/sessions/{id}/reset", reset),
        ]
    }

    private static let members = SessionOptions.names.union(["drone_id", "mission_id", "model"])

    @Sendable private func create(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        if let type = request.mediaType, type != "application/json" {
            throw Problem.unsupportedType(type, ["application/json"])
        }
        let body = try await JSONMembers(request.bytes(upTo: 64 << 10), what: "body", allowed: Self.members)
        var new = SessionRegistry.NewSession()
        new.droneID = try body.string("drone_id")
        new.missionID = try body.string("mission_id")
        new.model = try body.string("model")
        new.options = registry.defaultOptions
        try new.options.read(body)
        let session = try await registry.create(new)
        var response = try await view(session.id, status: .created)
        response.headers[.location] = "/v1/sessions/\(session.id)"
        return response
    }

    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["drone", "mission", "state", "limit", "cursor"])
        var query = SessionQuery()
        query.drone = try parameters.string("drone")
        query.mission = try parameters.string("mission")
        query.state = try parameters.choice("state")
        query.limit = try parameters.int("limit", in: 1...1000) ?? 100
        query.cursor = try parameters.string("cursor")
        let page = try await store.sessions(query)
        var views: [SessionView] = []
        for record in page.items { views.append(await view(record)) }
        return .json(ListView(items: views, nextCursor: page.nextCursor))
    }

    @Sendable private func get(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        return try await view(context.parameter("id"))
    }

    @Sendable private func end(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        try await registry.end(context.parameter("id"))
        return Response(status: .noContent)
    }

    @Sendable private func reset(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        let session = try await registry.reset(context.parameter("id"))
        return try await view(session.id)
    }

    private func view(_ id: String, status: HTTPResponse.Status = .ok) async throws -> Response {
        guard let record = try await store.session(id) else { throw SessionFault.noSession(id: id) }
        return .json(await view(record), status: status)
    }

    private func view(_ record: SessionRecord) async -> SessionView {
        let status = await registry.inMemory(record.id)?.status
        return SessionView(record: record, options: SessionOptions(json: record.options), status: status)
    }
}
