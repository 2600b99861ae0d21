import Foundation
import Testing
import WindhoverClient

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite struct UploadTests {
    @Test("An upload carries the picture, its type and all that is known of it")
    func request() async throws {
        let server = try ScriptedServer([.answer(200, body: Fixture.record)])
        defer { server.stop() }
        let frame = FrameUpload(
            image: Fixture.jpeg, capturedAt: Date(timeIntervalSince1970: 1_780_300_800.25),
            telemetry: FrameTelemetry(
                lat: 49.5, lon: -8.4, altM: 160, aglM: 60, headingDeg: 270, gimbalYawDeg: -90, gimbalPitchDeg: -55.5,
                gimbalRollDeg: 0.5, fovVDeg: 45, speedMps: 7), isFromSidecar: true, assumesNadir: true,
            homography: [1, 0, 2.5, 0, 1, -3e-7, 0, 0, 1])
        let receipt = try await makeClient(server, apiKey: "secret").upload(frame, to: "s 1", sequence: 3)

        let request = try #require(server.requests.first)
        #expect(request.method == "PUT")
        #expect(
            request.target == "/v1/sessions/s%201/frames/3?captured_at=2026-06-01T08%3A00%3A00.250Z&lat=49.5&lon=-8.4"
                + "&alt_m=160.0&agl_m=60.0&heading_deg=270.0&gimbal_yaw_deg=-90.0&gimbal_pitch_deg=-55.5"
                + "&gimbal_roll_deg=0.5&fov_v_deg=45.0&speed_mps=7.0&sidecar=true&assume_nadir=true"
                + "&homography=1.0%2C0.0%2C2.5%2C0.0%2C1.0%2C-3e-07%2C0.0%2C0.0%2C1.0")
        #expect(request.headers["content-type"] == "image/jpeg")
        #expect(request.headers["authorization"] == "Bearer secret")
        #expect(request.body == Fixture.jpeg)
        // A server that waits for the body while libcurl waits for "100 Continue" costs a second a frame.
        #expect(request.headers["expect"] == nil)
        #expect(receipt.attempts == 1)
        #expect(!receipt.isReplay)
        #expect(receipt.record.mode == .propagated)
    }

    @Test("PNG is recognised by its first bytes")
    func png() async throws {
        let server = try ScriptedServer([.answer(200, body: Fixture.record)])
        defer { server.stop() }
        _ = try await makeClient(server).upload(
            FrameUpload(image: Data([0x89, 0x50, 0x4E, 0x47])), to: "s", sequence: 0)
        #expect(server.requests[0].headers["content-type"] == "image/png")
        #expect(server.requests[0].target == "/v1/sessions/s/frames/0")
    }

    @Test("Refused, cut off and refused again, a frame is sent until it is answered, the same bytes to the same number")
    func retries() async throws {
        let server = try ScriptedServer([
            .answer(503, headers: ["Retry-After": "2"], body: Fixture.problem("draining", 503)),
            .hangUpMidAnswer,
            .hangUp,
            .answer(429, body: Fixture.problem("queue-full", 429)),
            .answer(200, headers: ["Idempotent-Replayed": "true"], body: Fixture.record),
        ])
        defer { server.stop() }
        let naps = Naps()
        let frame = FrameUpload(image: Fixture.jpeg, capturedAt: Date(timeIntervalSince1970: 1_780_300_800))
        let receipt = try await makeClient(server, naps: naps).upload(frame, to: "s1", sequence: 3)

        #expect(receipt.isReplay)
        #expect(receipt.attempts == 5)
        let requests = server.requests
        #expect(requests.count == 5)
        #expect(Set(requests.map(\.target)) == ["/v1/sessions/s1/frames/3?captured_at=2026-06-01T08%3A00%3A00.000Z"])
        #expect(requests.allSatisfy { $0.body == Fixture.jpeg })
        #expect(naps.all == [.seconds(2), .milliseconds(500), .seconds(1), .seconds(2)])
    }

    @Test("What cannot become better is not tried again", arguments: [400, 401, 409, 413, 422, 500])
    func noRetry(status: Int) async throws {
        let server = try ScriptedServer([.answer(status, body: Fixture.problem("frame-conflict", status))])
        defer { server.stop() }
        await #expect(throws: Problem.self) {
            try await makeClient(server).upload(FrameUpload(image: Data()), to: "s1", sequence: 3)
        }
        #expect(server.requests.count == 1)
    }

    @Test("A frame dropped for newer ones stays dropped")
    func dropped() async throws {
        let server = try ScriptedServer([.answer(503, body: Fixture.problem("frame-dropped", 503))])
        defer { server.stop() }
        let problem = await #expect(throws: Problem.self) {
            try await makeClient(server).upload(FrameUpload(image: Data()), to: "s1", sequence: 3)
        }
        #expect(problem?.kind == .frameDropped)
        #expect(server.requests.count == 1)
    }

    @Test("After the last attempt the last problem is thrown")
    func attemptsEnd() async throws {
        let server = try ScriptedServer(
            Array(repeating: .answer(503, body: Fixture.problem("draining", 503)), count: 9))
        defer { server.stop() }
        let client = makeClient(server, retry: RetryPolicy(maxAttempts: 3))
        let problem = await #expect(throws: Problem.self) {
            try await client.upload(FrameUpload(image: Data()), to: "s1", sequence: 3)
        }
        #expect(problem?.status == 503)
        #expect(server.requests.count == 3)
    }

    @Test("An idle session is reset, and the frame sent again")
    func resumes() async throws {
        let server = try ScriptedServer([
            .answer(410, body: Fixture.problem("session-idle", 410, #", "last_sequence": 2"#)),
            .answer(200, body: Fixture.session),
            .answer(200, body: Fixture.record),
        ])
        defer { server.stop() }
        let receipt = try await makeClient(server).upload(FrameUpload(image: Fixture.jpeg), to: "s1", sequence: 3)
        #expect(server.requests.map(\.method) == ["PUT", "POST", "PUT"])
        #expect(server.requests[1].target == "/v1/sessions/s1/reset")
        #expect(server.requests[0].target == server.requests[2].target)
        #expect(server.requests[2].body == Fixture.jpeg)
        #expect(receipt.attempts == 2)
    }

    @Test("A client that does not resume reports the idle session")
    func doesNotResume() async throws {
        let server = try ScriptedServer([
            .answer(410, body: Fixture.problem("session-idle", 410, #", "last_sequence": 2"#))
        ])
        defer { server.stop() }
        let client = makeClient(server, resumesIdleSessions: false)
        let problem = await #expect(throws: Problem.self) {
            try await client.upload(FrameUpload(image: Data()), to: "s1", sequence: 3)
        }
        #expect(problem?.kind == .sessionIdle)
        #expect(problem?.lastSequence == 2)
        #expect(server.requests.count == 1)
    }

    @Test("Cancelling the task ends an upload that nobody answers")
    func cancellation() async throws {
        let server = try ScriptedServer([.silence])
        defer { server.stop() }
        let client = makeClient(server)
        let upload = Task { try await client.upload(FrameUpload(image: Fixture.jpeg), to: "s1", sequence: 3) }
        for await _ in server.requestsArriving { break }
        upload.cancel()
        await #expect(throws: CancellationError.self) { try await upload.value }
        #expect(server.requests.count == 1)
    }

    @Test("One connection serves one upload after the other")
    func manyUploads() async throws {
        let server = try ScriptedServer(Array(repeating: .answer(200, body: Fixture.record), count: 30))
        defer { server.stop() }
        let client = makeClient(server)
        for sequence in 0..<30 {
            _ = try await client.upload(FrameUpload(image: Data([0xFF, 0xD8, 1])), to: "s1", sequence: sequence)
        }
        #expect(server.requests.count == 30)
        #expect(server.connections == 1)
    }
}
