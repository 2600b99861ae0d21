import Foundation
import Results

/// A key as administrators see it; with the key itself in the answer that made it, and nowhere else.
struct KeyView: Encodable {
    private let key: KeyRecord
    private let state: KeyRecord.State
    private let token: String?

    init(_ key: KeyRecord, at now: Date, token: String? = nil) {
        self.key = key
        self.state = key.state(at: now)
        self.token = token
    }

    private enum Key: String, CodingKey {
        case id, name, scopes, drones, missions, state, key
        case rateLimit = "rate_limit"
        case rateBurst = "rate_burst"
        case createdAt = "created_at"
        case createdBy = "created_by"
        case expiresAt = "expires_at"
        case lastUsedAt = "last_used_at"
        case revokedAt = "revoked_at"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(key.id, forKey: .id)
        try out.encode(key.name, forKey: .name)
        try out.encode(key.scopes.map(\.rawValue).sorted(), forKey: .scopes)
        try out.encode(key.bounds.drones?.sorted(), forKey: .drones)
        try out.encode(key.bounds.missions?.sorted(), forKey: .missions)
        try out.encode(key.rate?.limit, forKey: .rateLimit)
        try out.encode(key.rate?.burst, forKey: .rateBurst)
        try out.encode(RFC3339.text(key.createdAt), forKey: .createdAt)
        try out.encode(key.createdBy, forKey: .createdBy)
        try out.encode(key.expiresAt.map(RFC3339.text), forKey: .expiresAt)
        try out.encode(key.lastUsedAt.map(RFC3339.text), forKey: .lastUsedAt)
        try out.encode(key.revokedAt.map(RFC3339.text), forKey: .revokedAt)
        try out.encode(state.rawValue, forKey: .state)
        try out.encodeIfPresent(token, forKey: .key)
    }
}

struct AuditView: Encodable {
    private let at: String
    private let actor: String
    private let action: String
    private let target: String?
    private let detail: [String: String]
    private let address: String?

    init(_ act: AuditRecord) {
        at = RFC3339.text(act.at)
        (actor, action, target) = (act.actor, act.action, act.target)
        (detail, address) = (act.detail, act.address)
    }

    private enum Key: CodingKey { case at, actor, action, target, detail, address }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(at, forKey: .at)
        try out.encode(actor, forKey: .actor)
        try out.encode(action, forKey: .action)
        try out.encode(target, forKey: .target)
        try out.encode(detail, forKey: .detail)
        try out.encode(address, forKey: .address)
    }
}
