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
    func begin(_ options: SessionOptions) async throws -> String
    /// Milliseconds of each stage, as the service reports them.
    func send(_ image: [UInt8], _ number: Int, to session: String) async throws -> [String: Double]
}

/// Calls the sessions directly.
struct CallingSender: BenchSender {
    let registry: SessionRegistry

    func begin(_ options: SessionOptions) async throws -> String {
        var new = SessionRegistry.NewSession()
        new.options = options
        return try await registry.create(new).id
    }

    func send(_ image: [UInt8], _ number: Int, to session: String) async throws -> [String: Double] {
        let upload = FrameUpload(sequence: number, image: image, capturedAt: BenchFrames.time(number))
        return try await registry.submit(upload, to: session).record.stageMs
    }
}

/// Sends requests over a connection of its own.
struct HTTPSender: BenchSender {
    let client: BenchClient

    init(port: Int) throws { client = try BenchClient(port: port) }

    func begin(_ options: SessionOptions) async throws -> String {
        try await client.send(
            "POST", "/v1/sessions", type: "application/json", body: Array(SessionRegistry.json(options).utf8),
            member: "id", as: String.self)
    }

    func send(_ image: [UInt8], _ number: Int, to session: String) async throws -> [String: Double] {
        let time = BenchFrames.time(number).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        return try await client.send(
            "PUT", "/v1/sessions/\(session)/frames/\(number)?captured_at=\(time)", type: "image/jpeg", body: image,
            member: "stage_ms", as: [String: Double].self)
    }
}
