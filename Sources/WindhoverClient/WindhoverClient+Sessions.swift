import Foundation

extension WindhoverClient {
    /// Begins a session: one video stream of one drone.
    public func createSession(_ request: SessionRequest = SessionRequest()) async throws -> Session {
        var call = HTTPCall(.post, "v1", "sessions")
        call.body = HTTPCall.Body(data: try Wire.encoder.encode(request), contentType: "application/json")
        return try await transport.decode(Session.self, call)
    }

    /// The sessions the server knows, newest first.
    public func sessions() async throws -> [Session] {
        var call = HTTPCall(.get, "v1", "sessions")
        var sessions: [Session] = []
        while true {
            let page = try await transport.decode(Page<Session>.self, call)
            sessions += page.items
            guard let cursor = page.nextCursor else { return sessions }
            call.query = [("cursor", cursor)]
        }
    }

    /// A session as it stands.
    public func session(_ id: String) async throws -> Session {
        try await transport.decode(Session.self, HTTPCall(.get, "v1", "sessions", id))
    }

    /// Forgets the prediction carried along: the next frame is segmented on its own.
    ///
    /// An idle session becomes active.
    @discardableResult
    public func resetSession(_ id: String) async throws -> Session {
        var call = HTTPCall(.post, "v1", "sessions", id, "reset")
        // Forgetting twice is forgetting once.
        call.isIdempotent = true
        return try await transport.decode(Session.self, call)
    }

    /// Ends a session; what it has seen stays.
    public func endSession(_ id: String) async throws {
        _ = try await transport.perform(HTTPCall(.delete, "v1", "sessions", id))
    }
}
