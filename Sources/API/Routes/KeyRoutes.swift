import Foundation
import HTTPTypes
import Hummingbird
import Results
import Sessions

/// `/v1/keys` and `/v1/audit`: who may what, and who did what.
struct KeyRoutes {
    let store: any KeyStore
    let ring: KeyRing
    let clock: ServiceClock

    var routes: [Route] {
        [
            .get("/v1/keys", .admin, list),
            .post("/v1/keys", .admin, create),
            .delete("/v1/keys/{id}", .admin, revoke),
            .get("/v1/audit", .admin, audit),
        ]
    }

    private static let members: Set<String> = [
        "name", "scopes", "drones", "missions", "rate_limit", "rate_burst", "expires_at",
    ]

    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        let now = clock.now()
        return .json(ListView(items: try await store.keys().map { KeyView($0, at: now) }, nextCursor: nil))
    }

    @Sendable private func create(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        // Named, and not simply taken: a page of another site cannot have a browser send this type unasked.
        guard request.mediaType == "application/json" else {
            throw Problem.unsupportedType(request.mediaType, ["application/json"])
        }
        let body = try await JSONMembers(request.bytes(upTo: 64 << 10), what: "body", allowed: Self.members)
        let (key, act, token): (KeyRecord, AuditRecord, KeyToken)
        do {
            (key, act, token) = try Self.new(body).make(
                by: context.access.actor, from: context.peer, at: clock.now())
        } catch let fault as NewKey.Fault {
            throw Problem.invalid(fault.field, fault.detail)
        }
        try await store.insert(key, by: act)
        try await ring.refresh()
        var response = Response.json(KeyView(key, at: clock.now(), token: token.text), status: .created)
        response.headers[.location] = "/v1/keys/\(key.id)"
        response.headers[.cacheControl] = "no-store"
        return response
    }

    private static func new(_ body: JSONMembers) throws(Problem) -> NewKey {
        var scopes: Set<Access.Scope> = []
        for name in try body.strings("scopes") ?? [] {
            guard let scope = Access.Scope(rawValue: name) else {
                let known = Access.Scope.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid("scopes", "\"scopes\" names \"\(name)\"; there are \(known).")
            }
            scopes.insert(scope)
        }
        let bounds = Bounds(
            drones: try body.strings("drones").map { Set($0) }, missions: try body.strings("missions").map { Set($0) })
        let limit = try body.int("rate_limit", in: NewKey.rates)
        let burst = try body.int("rate_burst", in: NewKey.rates)
        guard burst == nil || limit != nil else {
            throw .invalid("rate_burst", "\"rate_burst\" needs \"rate_limit\".")
        }
        let rate = limit.map { limit in burst.map { .init(limit: limit, burst: $0) } ?? KeyRecord.Rate(limit: limit) }
        return NewKey(
            name: try body.string("name") ?? "", scopes: scopes, bounds: bounds, rate: rate,
            expiresAt: try body.date("expires_at"))
    }

    @Sendable private func revoke(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        let id = try context.parameter("id")
        guard try await store.revokeKey(id, by: context.act("key-revoked", id, at: clock.now())) != nil else {
            throw Problem(
                status: .notFound, slug: "key-not-found", title: "There is no such key",
                detail: "No key has the id \(id).", field: "id")
        }
        try await ring.refresh()
        return Response(status: .noContent)
    }

    @Sendable private func audit(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["limit", "cursor"])
        let page = try await store.audit(
            limit: parameters.int("limit", in: 1...1000) ?? 100, cursor: parameters.string("cursor"))
        return .json(ListView(items: page.items.map(AuditView.init), nextCursor: page.nextCursor))
    }
}

extension Context {
    /// What is written down of an administrative act.
    func act(_ action: String, _ target: String?, at now: Date, detail: [String: String] = [:]) -> AuditRecord {
        AuditRecord(at: now, actor: access.actor, action: action, target: target, detail: detail, address: peer)
    }
}
