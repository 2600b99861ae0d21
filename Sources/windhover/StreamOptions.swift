import ArgumentParser
import Foundation
import WindhoverClient

/// How frames are sent: the session they go to, and what becomes of the answers.
struct StreamOptions: ParsableArguments {
    @Option(help: "Name of the drone.")
    var drone: String?

    @Option(help: "Name of the mission.")
    var mission: String?

    @Option(help: "Model by name (default: the server's).")
    var model: String?

    @Option(help: "How camera motion is found: klt, orb, akaze or identity.")
    var registration: String?

    @Option(help: "model: as the model's bundle says; none: each frame alone.")
    var propagation: String?

    @Option(help: "What the server keeps of each picture: none, preview or original.")
    var storeImages: String?

    @Option(help: "Which frames the image model sees: every, or adaptive (key frames only).")
    var cadence: String?

    @Option(help: "Continue this session, after its last frame.")
    var session: String?

    @Flag(help: "Leave the session open at the end.")
    var keepOpen = false

    @Option(help: "Save each mask in this folder.")
    var masks: String?

    @Flag(help: "Print each frame's record as a line of JSON.")
    var json = false

    func validate() throws {
        let fixed = [
            ("--drone", drone), ("--mission", mission), ("--model", model), ("--registration", registration),
            ("--propagation", propagation), ("--store-images", storeImages), ("--cadence", cadence),
        ]
        if session != nil, let (name, _) = fixed.first(where: { $0.1 != nil }) {
            throw ValidationError("\(name) belongs to a new session; --session continues one that has it already.")
        }
    }

    /// The session to continue, or a new one.
    func open(_ client: WindhoverClient) async throws -> Session {
        if let session {
            let known = try await client.session(session)
            guard known.state != .ended else { throw Failure("session \(session) has ended") }
            return known
        }
        return try await client.createSession(
            SessionRequest(
                droneID: drone, missionID: mission, model: model,
                options: SessionOptions(
                    propagation: propagation, registration: registration, cadence: cadence,
                    storeImages: storeImages)))
    }
}
