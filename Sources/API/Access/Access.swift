import HTTPTypes
import Results

/// Who asks, and what that may do and see.
///
/// In every `Context`; nothing at all until the gateway has looked at the request's credentials.
struct Access: Sendable {
    typealias Scope = KeyRecord.Scope

    enum Holder: Sendable, Equatable {
        /// No key was asked for.
        case anyone
        /// One of the keys that the server was started with, counted from 1.
        case startKey(Int)
        case key(id: String)
    }

    let holder: Holder
    let scopes: Set<Scope>
    let bounds: Bounds

    static let nothing = Access(holder: .anyone, scopes: [], bounds: .nothing)
    /// Of a server that asks for no keys.
    static let open = Access(holder: .anyone, scopes: Set(Scope.allCases), bounds: .everything)

    /// Refuses to write for a drone and a mission that the key is not bound to.
    ///
    /// What the caller named is no secret, so this is 403 and says so.
    func requireWithin(
        drone: String?, mission: String?, fields: (drone: String, mission: String) = ("drone_id", "mission_id")
    ) throws(Problem) {
        for (field, value, allowed) in [
            (fields.drone, drone, bounds.drones), (fields.mission, mission, bounds.missions),
        ] {
            guard let allowed, value.map(allowed.contains) != true else { continue }
            throw .forbidden(
                "The key is bound to \(allowed.sorted().map { "\"\($0)\"" }.joined(separator: ", ")).", field: field)
        }
    }

    /// As the audit log names it.
    var actor: String {
        switch holder {
        case .anyone: "anyone"
        case .startKey(let number): "start-key:\(number)"
        case .key(let id): "key:\(id)"
        }
    }
}

extension Problem {
    static func forbidden(
        _ detail: String, field: String? = nil, extra: [String: Value] = [:]
    ) -> Problem {
        Problem(
            status: .forbidden, slug: "forbidden", title: "The key is not good for this", detail: detail, field: field,
            extra: extra)
    }
}
