import API
import Foundation
import Testing
import Videos

/// Uploads that go on where they broke off.
@Suite(.enabled(if: Clips.isPossible, "needs ffmpeg and ffprobe"), .timeLimit(.minutes(3)))
struct VideoUploadTests {
    private static let type = "application/offset+octet-stream"

    private static func begin(
        _ length: Int, _ server: TestServer, query: String = "", headers: [String: String] = [:]
    ) async throws -> String {
        let answer = try await server.send(
            "POST", "/v1/videos\(query)",
            headers: ["Tus-Resumable": "1.0.0", "Upload-Length": "\(length)"].merging(headers) { $1 })
        guard answer.status == 201, let place = answer.headers["location"] else {
            throw TestFailure("\(answer.status) \(answer.json)")
        }
        return place
    }

    private static func append(
        _ bytes: some Collection<UInt8>, to place: String, at offset: Int, _ server: TestServer
    ) async throws -> TestServer.Answer {
        try await server.send(
            "PATCH", place,
            headers: ["Tus-Resumable": "1.0.0", "Upload-Offset": "\(offset)", "Content-Type": type],
            body: Array(bytes))
    }

    @Test func `A file comes in pieces, and is run when it is whole`() async throws {
        let clip = try await Clips.make()
        try await withServer { server in
            let abilities = try await server.send("OPTIONS", "/v1/videos")
            #expect(abilities.status == 204 && abilities.headers["tus-version"] == "1.0.0")
            #expect(abilities.headers["tus-extension"]?.contains("creation") == true)

            let place = try await Self.begin(
                clip.count, server, query: "?drone=d", headers: ["Upload-Metadata": "filename ZmxpZ2h0Lm1wNA==,x"])
            let half = clip.count / 2
            let first = try await Self.append(clip[..<half], to: place, at: 0, server)
            #expect(first.status == 204 && first.headers["upload-offset"] == "\(half)")
            #expect(first.headers["upload-expires"]?.hasSuffix(" GMT") == true)
            let head = try await server.send("HEAD", place)
            #expect(head.status == 200 && head.headers["upload-offset"] == "\(half)")
            #expect(head.headers["upload-length"] == "\(clip.count)" && head.headers["cache-control"] == "no-store")
            let state = try await server.send("GET", place).json
            #expect(state["state"] as? String == "uploading" && state["offset"] as? Int == half)
            #expect(state["name"] as? String == "flight.mp4" && state["session_id"] is NSNull)

            let wrong = try await Self.append(clip[half...], to: place, at: half - 1, server)
            #expect(wrong.status == 409 && wrong.problem == "upload-offset")
            #expect(wrong.json["expected_offset"] as? Int == half)
            let long = try await Self.append(clip, to: place, at: half, server)
            #expect(long.status == 413)
            #expect(try await Self.append(clip[half...], to: place, at: half, server).status == 204)
            let again = try await Self.append([], to: place, at: clip.count, server)
            #expect(again.status == 409 && again.problem == "upload-complete")
            let video = try await server.finished(String(place.split(separator: "/").last!))
            #expect(video["state"] as? String == "done" && video["frames"] as? Int == 20)
        }
    }

    @Test func `A connection that is cut loses nothing that came, and holds nobody up who goes on`() async throws {
        let clip = try await Clips.make()
        try await withServer { server in
            let place = try await Self.begin(clip.count, server)
            let third = clip.count / 3
            var dead: RawConnection? = try RawConnection(port: server.port)
            dead?.send(
                """
                PATCH \(place) HTTP/1.1\r\nHost: x\r\nContent-Type: \(Self.type)\r\nUpload-Offset: 0\r\n\
                Content-Length: \(clip.count)\r\n\r\n
                """)
            dead?.send(Array(clip[..<third]))
            dead = nil
            var offset = 0
            while offset < third {
                offset = Int(try await server.send("HEAD", place).headers["upload-offset"] ?? "") ?? 0
                await Task.yield()
            }
            #expect(offset == third)

            // This one is cut off without our being told: it is there, and silent.
            let silent = try RawConnection(port: server.port)
            silent.send(
                """
                PATCH \(place) HTTP/1.1\r\nHost: x\r\nContent-Type: \(Self.type)\r\nUpload-Offset: \(third)\r\n\
                Content-Length: \(clip.count - third)\r\nExpect: 100-continue\r\n\r\n
                """)
            #expect(silent.receiveHead()?.contains(" 100 ") == true)
            // The last to begin has it, and on a busy machine that may be the silent one: then we begin once more.
            var status = 0
            repeat {
                status = try await Self.append(clip[third...], to: place, at: third, server).status
            } while status == 409
            #expect(status == 204)
            silent.send(Array(clip[third...]))
            #expect(silent.receiveHead()?.contains(" 409 ") == true)
            let video = try await server.finished(String(place.split(separator: "/").last!))
            #expect(video["state"] as? String == "done" && video["frames"] as? Int == 20, "\(video)")
        }
    }

    @Test func `An upload goes on after a restart of the server`() async throws {
        let clip = try await Clips.make()
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        let place = try await withServer({ $0.data = data }) { server in
            let place = try await Self.begin(clip.count, server)
            #expect(try await Self.append(clip[..<100], to: place, at: 0, server).status == 204)
            return place
        }
        try await withServer({ $0.data = data }) { server in
            #expect(try await server.send("HEAD", place).headers["upload-offset"] == "100")
            #expect(try await Self.append(clip[100...], to: place, at: 100, server).status == 204)
            let video = try await server.finished(String(place.split(separator: "/").last!))
            #expect(video["frames"] as? Int == 20, "\(video)")
        }
    }

    @Test func `An upload can begin with its first bytes, and be given up`() async throws {
        let clip = try await Clips.make()
        try await withServer { server in
            let begun = try await server.send(
                "POST", "/v1/videos",
                headers: ["Tus-Resumable": "1.0.0", "Upload-Length": "\(clip.count)", "Content-Type": Self.type],
                body: Array(clip[..<50]))
            #expect(begun.status == 201 && begun.headers["upload-offset"] == "50")
            let place = try #require(begun.headers["location"])
            let ended = try await server.send("DELETE", place, headers: ["Tus-Resumable": "1.0.0"])
            #expect(ended.status == 204)
            #expect(try await server.send("HEAD", place).status == 404)
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.path + "/videos").isEmpty)
        }
    }

    @Test func `What does not keep to the protocol is told so`() async throws {
        try await withServer { server in
            let old = try await server.send(
                "POST", "/v1/videos", headers: ["Tus-Resumable": "0.2.2", "Upload-Length": "100"])
            #expect(old.status == 412 && old.problem == "tus-version")
            let endless = try await server.send(
                "POST", "/v1/videos", headers: ["Tus-Resumable": "1.0.0", "Upload-Defer-Length": "1"])
            #expect(endless.json["field"] as? String == "Upload-Defer-Length")
            let place = try await Self.begin(100, server)
            let typeless = try await server.send("PATCH", place, headers: ["Upload-Offset": "0"], body: [1])
            #expect(typeless.status == 415)
            let placeless = try await server.send("PATCH", place, headers: ["Content-Type": Self.type], body: [1])
            #expect(placeless.status == 400 && placeless.json["field"] as? String == "Upload-Offset")
            // Not a video: nothing of it stays.
            let text = try await Self.append(Array("no video at all".utf8), to: place, at: 0, server)
            #expect(text.status == 415)
            #expect(try await server.send("HEAD", place).status == 404)
            #expect(try await Self.append([1], to: place, at: 0, server).status == 404)
        }
    }

    @Test func `Nobody is promised room twice`() async throws {
        try await withServer({ $0.server.videos.space = 1000 }) { server in
            _ = try await Self.begin(600, server)
            let second = try await server.send("POST", "/v1/videos", headers: ["Upload-Length": "600"])
            #expect(second.status == 507)
            _ = try await Self.begin(400, server)
        }
    }
}
