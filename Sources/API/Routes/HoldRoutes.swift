import Foundation
import HTTPTypes
import Hummingbird
import Results
import Sessions

/// `/v1/holds`: what must not be removed, and who said so.
struct HoldRoutes {
    let store: SQLiteStore
    let clock: ServiceClock

    var routes: [Route] {
        [
            .get("/v1/holds", .admin, list),
            .put("/v1/holds/{scope}/{name}", .admin, place),
            .delete("/v1/holds/{scope}/{name}", .admin, release),
        ]
    }

    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        return .json(ListView(items: try await store.holds().map(HoldView.init), nextCursor: nil))
    }

    @Sendable private func place(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        let (scope, name) = try target(context)
        if let type = request.mediaType, type != "application/json" {
            throw Problem.unsupportedType(type, ["application/json"])
        }
        let body = try await JSONMembers(request.bytes(upTo: 64 << 10), what: "body", allowed: ["reason", "held_by"])
        guard let reason = try body.string("reason", maxLength: 1000) else {
            throw Problem.invalid(
                "reason", "\"reason\" is missing: whoever finds the hold has to know why it is there.")
        }
        guard let by = try body.string("held_by") else {
            throw Problem.invalid(
                "held_by", "\"held_by\" is missing: whoever wants it released has to know whom to ask.")
        }
        if scope == .session, try await store.session(name) == nil { throw SessionFault.noSession(id: name) }
        let hold = Hold(scope: scope, name: name, reason: reason, heldBy: by, heldAt: clock.now())
        try await store.place(hold)
        try await store.append(context.act("hold-placed", "\(scope.rawValue) \(name)", at: clock.now()))
        return .json(HoldView(hold: hold))
    }

    @Sendable private func release(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        let (scope, name) = try target(context)
        guard try await store.release(scope, name) else {
            throw Problem(
                status: .notFound, slug: "hold-not-found", title: "There is no such hold",
                detail: "Nothing holds the \(scope.rawValue) \"\(name)\".", field: "name")
        }
        try await store.append(context.act("hold-released", "\(scope.rawValue) \(name)", at: clock.now()))
        return Response(status: .noContent)
    }

    private func target(_ context: Context) throws(Problem) -> (Hold.Scope, String) {
        let text = try context.parameter("scope")
        guard let scope = Hold.Scope(rawValue: text) else {
            let known = Hold.Scope.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("scope", "\"\(text)\" cannot be held; it can be \(known).")
        }
        let name = try context.parameter("name")
        // Names of missions and drones are free: in a path they are percent-encoded.
        guard let decoded = name.removingPercentEncoding, (1...200).contains(decoded.utf8.count) else {
            throw .invalid("name", "The name must be percent-encoded UTF-8 of 1 to 200 bytes.")
        }
        try Problem.refuseControlCharacters(in: decoded, "name")
        return (scope, decoded)
    }

    private struct HoldView: Encodable {
        let hold: Hold

        private enum Key: String, CodingKey {
            case scope, name, reason
            case heldBy = "held_by"
            case heldAt = "held_at"
        }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            try out.encode(hold.scope.rawValue, forKey: .scope)
            try out.encode(hold.name, forKey: .name)
            try out.encode(hold.reason, forKey: .reason)
            try out.encode(hold.heldBy, forKey: .heldBy)
            try out.encode(RFC3339.text(hold.heldAt), forKey: .heldAt)
        }
    }
}
