import API
import Foundation
import Results
import SSP
import Sessions

/// Somebody who begins sessions and sends frames, one at a time.
///
/// Requests on several connections may overtake each other; a session runs the frame that comes late alone.
protocol BenchSender: Sendable {
    /// The new session's id.
    func begin() async throws -> String
    /// Milliseconds of each stage, as the service reports them.
    func send(_ image: [UInt8], _ sequence: Int, to session: String) async throws -> [String: Double]
}

/// Calls the sessions directly.
struct CallingSender: BenchSender {
    let registry: SessionRegistry
    let registration: RegistrationMethod

    func begin() async throws -> String {
        var new = SessionRegistry.NewSession()
        new.options.registration = registration
        new.options.late = .stateless
        return try await registry.create(new).id
    }

    func send(_ image: [UInt8], _ sequence: Int, to session: String) async throws -> [String: Double] {
        let upload = FrameUpload(sequence: sequence, image: image, capturedAt: BenchRun.time(sequence))
        return try await registry.submit(upload, to: session).record.stageMs
    }
}

/// Sends requests over a connection of its own.
struct HTTPSender: BenchSender {
    let client: BenchClient
    let registration: RegistrationMethod

    init(port: Int, registration: RegistrationMethod) throws {
        client = try BenchClient(port: port)
        self.registration = registration
    }

    func begin() async throws -> String {
        let options = #"{"registration": "\#(registration.rawValue)", "late": "stateless"}"#
        return try await client.send(
            "POST", "/v1/sessions", type: "application/json", body: Array(options.utf8), member: "id", as: String.self)
    }

    func send(_ image: [UInt8], _ sequence: Int, to session: String) async throws -> [String: Double] {
        let time = BenchRun.time(sequence).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        return try await client.send(
            "PUT", "/v1/sessions/\(session)/frames/\(sequence)?captured_at=\(time)", type: "image/jpeg", body: image,
            member: "stage_ms", as: [String: Double].self)
    }
}
