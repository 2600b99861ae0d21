import Foundation
import Inference
import Sessions
import Testing

/// Adaptive cadence over a socket: which frames the image model sees, and what the answers say of it.
@Suite struct CadenceTests {
    /// What the answers of a session say, one by one.
    private func fly(
        _ options: String, _ server: TestServer, frames: Int = 5
    ) async throws -> [(mode: String, reason: String?, keyframe: Bool, mask: [UInt8])] {
        let session = try await server.session(options)
        var answers: [(String, String?, Bool, [UInt8])] = []
        for k in 0..<frames {
            let answer = try await server.put(TestServer.frame(k), k, to: session)
            #expect(answer.status == 200)
            let links = try #require(answer.json["links"] as? [String: String])
            answers.append(
                (
                    try #require(answer.json["mode"] as? String), answer.json["reason"] as? String,
                    try #require(answer.json["keyframe"] as? Bool),
                    try await server.send("GET", try #require(links["mask"])).body
                ))
        }
        return answers
    }

    private static let adaptive = #"{"registration": "identity", "cadence": "adaptive", "#

    @Test func `The image model sees one frame of so many, and the answers say which`() async throws {
        let gate = Gate(open: true)
        try await withServer({ $0.gate = gate }) { server in
            let frames = try await fly(
                Self.adaptive + #""keyframe_interval": 3, "refresh_fraction": 1, "state_precision": "float32"}"#,
                server)
            #expect(frames.map(\.mode) == ["cold", "carried", "carried", "propagated", "carried"])
            #expect(frames.map(\.reason) == [nil, nil, nil, "keyframe-interval", nil])
            #expect(frames.map(\.keyframe) == [true, false, false, true, false])
            #expect(await gate.passed == 2)
            // Without registration the camera stands still, and so does what is carried.
            #expect(frames[1].mask == frames[0].mask && frames[2].mask == frames[0].mask)
            #expect(frames[3].mask != frames[0].mask)
        }
    }

    @Test func `A frame of which too much was not in view is a key frame`() async throws {
        try await withServer { server in
            let session = try await server.session(
                Self.adaptive + #""keyframe_interval": 100, "refresh_fraction": 0.2}"#)
            // To the right by a quarter of the frame, and by a tenth, since the last key frame.
            let motions = ["", "?homography=1,0,40,0,1,0,0,0,1", "?homography=1,0,16,0,1,0,0,0,1"]
            var reasons: [String?] = []
            var keyframes: [Bool?] = []
            for (k, motion) in motions.enumerated() {
                let answer = try await server.put(TestServer.frame(k), k, to: session, query: motion)
                reasons.append(answer.json["reason"] as? String)
                keyframes.append(answer.json["keyframe"] as? Bool)
            }
            #expect(reasons == [nil, "keyframe-stale", nil])
            #expect(keyframes == [true, true, false])
        }
    }

    @Test func `With a key frame at every turn, masks are those of every frame seen`() async throws {
        try await withServer { server in
            let adaptive = try await fly(Self.adaptive + #""keyframe_interval": 1}"#, server)
            let every = try await fly(#"{"registration": "identity"}"#, server)
            #expect(adaptive.map(\.mask) == every.map(\.mask))
            #expect(adaptive.map(\.mode) == every.map(\.mode))
        }
    }

    @Test func `A frame that cannot be registered is a key frame, and begins anew`() async throws {
        try await withServer { server in
            let session = try await server.session(#"{"cadence": "adaptive", "refresh_fraction": 1}"#)
            _ = try await server.put(TestServer.frame(0), 0, to: session)
            let answer = try await server.put(TestServer.blank(), 1, to: session)
            #expect(answer.json["mode"] as? String == "reset")
            #expect(answer.json["reason"] as? String == "registration")
            #expect(answer.json["keyframe"] as? Bool == true)
        }
    }

    @Test func `Frames carried along are found by their mode`() async throws {
        try await withServer { server in
            _ = try await fly(Self.adaptive + #""keyframe_interval": 3, "refresh_fraction": 1}"#, server)
            let found = try await server.send("GET", "/v1/frames?mode=carried")
            let items = try #require(found.json["items"] as? [[String: Any]])
            #expect(items.compactMap { $0["sequence"] as? Int } == [4, 2, 1])
        }
    }

    @Test func `A model without a first stage has no adaptive cadence, and says so`() async throws {
        try await withServer { server in
            let answer = try await server.send(
                "POST", "/v1/sessions", headers: ["Content-Type": "application/json"],
                body: Array(#"{"model": "golden-21", "cadence": "adaptive"}"#.utf8))
            #expect(answer.status == 422)
            #expect(answer.problem == "cadence-unsupported")
            #expect(answer.json["field"] as? String == "cadence")
            let models = try await server.send("GET", "/v1/models/golden-7")
            #expect(models.json["adaptive_cadence"] as? Bool == true)
            #expect(models.json["precision"] as? String != nil)
        }
    }

    @Test(
        "Options out of range are named",
        arguments: [
            (#""keyframe_interval": 0"#, "keyframe_interval"), (#""refresh_fraction": 1.5"#, "refresh_fraction"),
            (#""cadence": "often""#, "cadence"),
        ])
    func options(member: String, field: String) async throws {
        try await withServer { server in
            let answer = try await server.send(
                "POST", "/v1/sessions", headers: ["Content-Type": "application/json"], body: Array("{\(member)}".utf8))
            #expect(answer.status == 400)
            #expect(answer.json["field"] as? String == field)
        }
    }
}
