import Foundation
import Testing
import WindhoverClient

@Suite struct VideoTests {
    private func video(_ state: String, offset: Int) -> String {
        """
        {"id": "v1", "name": "flight.mp4", "state": "\(state)", "phase": null, "session_id": null, "model": "town",
         "length": 25, "offset": \(offset), "frames": 0, "frames_total": null, "overlay_frames": null, "rate": null,
         "seconds_left": null, "error": null, "warning": null, "links": {"self": "/v1/videos/v1"}}
        """
    }

    @Test("A file is sent in pieces from where its upload stands; the server is asked where an answer was lost")
    func pieces() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "windhover-\(UUID().uuidString).mp4")
        let bytes = Data((0..<25).map { UInt8($0) })
        try bytes.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let server = try ScriptedServer([
            .answer(201, body: video("uploading", offset: 0)),
            .answer(200, body: video("uploading", offset: 5)),
            .answer(204, headers: ["Upload-Offset": "15"], body: ""),
            .hangUpMidAnswer,
            .answer(409, body: Fixture.problem("upload-complete", 409)),
            .answer(200, body: video("queued", offset: 25)),
        ])
        defer { server.stop() }
        let client = makeClient(server)
        let request = VideoRequest(
            name: "flight.mp4", droneID: "kestrel 1", fps: 2.5, overlay: true,
            options: SessionOptions(maxGapMs: 2000, storeMasks: true))
        let begun = try await client.createVideo(request, length: bytes.count)
        var told: [Int] = []
        let ended = try await client.uploadVideo(file, to: begun.id, piece: 10) { told.append($0) }
        #expect(ended.state == .queued && !ended.isOver)
        #expect(told == [5, 15, 25])

        let requests = server.requests
        #expect(requests.map(\.method) == ["POST", "GET", "PATCH", "PATCH", "PATCH", "GET"])
        #expect(
            requests[0].target
                == "/v1/videos?name=flight.mp4&drone=kestrel%201&fps=2.5&overlay=true&max_gap_ms=2000&store_masks=true")
        #expect(requests[0].headers["upload-length"] == "25" && requests[0].headers["tus-resumable"] == "1.0.0")
        #expect(requests[2].headers["upload-offset"] == "5")
        #expect(requests[2].headers["content-type"] == "application/offset+octet-stream")
        #expect(requests[2].body == bytes[5..<15])
        // The same bytes to the same place.
        #expect(requests[3].headers["upload-offset"] == "15" && requests[3].body == bytes[15...])
        #expect(requests[4].headers["upload-offset"] == "15" && requests[4].body == bytes[15...])
    }

    @Test("What the server refuses of an upload is thrown")
    func refused() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "windhover-\(UUID().uuidString).mp4")
        try Data(count: 10).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let server = try ScriptedServer([
            .answer(200, body: video("uploading", offset: 0)),
            .answer(415, body: Fixture.problem("video-unsupported", 415)),
        ])
        defer { server.stop() }
        let problem = await #expect(throws: Problem.self) {
            _ = try await makeClient(server).uploadVideo(file, to: "v1")
        }
        #expect(problem?.kind == "video-unsupported")
    }
}
