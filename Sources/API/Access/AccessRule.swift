import Hummingbird
import Results
import Sessions
import Videos

/// Who may use a route, and what the bounds of a key mean there.
///
/// A `Route` cannot be made without one.
struct AccessRule: Sendable {
    enum Reach: String, Sendable {
        /// `{id}` is a session's: one that the key may not see is not there, and the handler is not called.
        case session
        /// `{id}` is a frame's, likewise.
        case frame
        /// `{id}` is a video file's, likewise.
        case video
        /// The handler narrows what it finds to `context.access.bounds`, or checks what it writes against them.
        case bounded
        /// Nothing in it belongs to a drone or a mission.
        case shared
        /// It tells of everybody's: a key with bounds is refused.
        case whole
    }

    /// A key needs one of them.
    let scopes: Set<Access.Scope>
    let reach: Reach
    /// Not even a key is needed.
    var isOpen: Bool { scopes.isEmpty }

    static func ingest(_ reach: Reach) -> AccessRule { AccessRule(scopes: [.ingest], reach: reach) }
    static func read(_ reach: Reach) -> AccessRule { AccessRule(scopes: [.read], reach: reach) }
    static func readOrIngest(_ reach: Reach) -> AccessRule { AccessRule(scopes: [.read, .ingest], reach: reach) }
    static let admin = AccessRule(scopes: [.admin], reach: .whole)
    static let anyKey = AccessRule(scopes: Set(Access.Scope.allCases), reach: .shared)
    static let open = AccessRule(scopes: [], reach: .shared)
}

/// Holds requests against the rules of their routes, before handlers see them.
struct Admission: Sendable {
    let registry: SessionRegistry
    let store: any ResultStore

    func check(_ rule: AccessRule, _ context: Context) async throws {
        let access = context.access
        guard !rule.isOpen else { return }
        guard !rule.scopes.isDisjoint(with: access.scopes) else {
            let names = rule.scopes.map(\.rawValue).sorted()
            throw Problem.forbidden(
                "This needs a key with the scope \(names.joined(separator: " or ")).",
                extra: ["scopes": .strings(names)])
        }
        guard !access.bounds.isEverything else { return }
        switch rule.reach {
        case .session:
            let id = try context.parameter("id")
            guard try await sees(session: id, access.bounds) else { throw SessionFault.noSession(id: id) }
        case .frame:
            let id = try context.parameter("id")
            guard let frame = try await store.frame(id),
                access.bounds.permit(drone: frame.droneID, mission: frame.missionID)
            else { throw Problem.noFrame(id) }
        case .video:
            let id = try context.parameter("id")
            guard let video = try await store.video(id),
                access.bounds.permit(drone: video.droneID, mission: video.missionID)
            else { throw VideoFault.noVideo(id: id) }
        case .whole: throw Problem.forbidden("This tells of all drones and missions, and the key is bound to some.")
        case .bounded, .shared: break
        }
    }

    private func sees(session id: String, _ bounds: Bounds) async throws -> Bool {
        if let session = await registry.inMemory(id) {
            return bounds.permit(drone: session.droneID, mission: session.missionID)
        }
        guard let record = try await store.session(id) else { return false }
        return bounds.permit(drone: record.droneID, mission: record.missionID)
    }
}
