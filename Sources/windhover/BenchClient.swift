import Foundation
import WindhoverClient

/// The bench's ground station. In a file of its own because the client and the server name the same things alike.
struct BenchClient: Sendable {
    private let client: WindhoverClient

    init(port: Int) {
        client = WindhoverClient(baseURL: URL(string: "http://127.0.0.1:\(port)")!)
    }

    func session(registration: String) async throws -> String {
        try await client.createSession(SessionRequest(options: SessionOptions(registration: registration))).id
    }

    /// The server's own stage times of the frame, milliseconds.
    func send(_ image: [UInt8], capturedAt: Date, sequence: Int, to session: String) async throws -> [String: Double] {
        try await client.upload(FrameUpload(image: Data(image), capturedAt: capturedAt), to: session, sequence: sequence)
            .record.stageMs ?? [:]
    }
}
