import API
import Foundation
import Imaging
import Testing

/// What a session sees now, over a real socket.
@Suite(.serialized) struct PictureTests {
    @Test func `The newest frame can be had in every view`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity", "store_images": "original"}"#)
            let none = try await server.send("GET", "/v1/sessions/\(id)/latest.jpg")
            #expect(none.status == 404 && none.problem == "no-frame")
            for k in 0..<2 { _ = try await server.put(TestServer.frame(k), k, to: id) }
            var pictures: [String: [UInt8]] = [:]
            for view in ["overlay", "mask", "similarity", "image"] {
                let answer = try await server.send("GET", "/v1/sessions/\(id)/latest.jpg?view=\(view)")
                #expect(answer.status == 200 && answer.headers["content-type"] == "image/jpeg", "\(view)")
                #expect(answer.headers["windhover-sequence"] == "1")
                let frame = try ImageCodec.decode(answer.body)
                #expect(frame.width == 160 && frame.height == 96, "\(view)")
                pictures[view] = answer.body
            }
            #expect(Set(pictures.values).count == 4)
            // What a frame's own address gives, it gives too.
            let frame = try #require(
                try await server.send("GET", "/v1/frames?session=\(id)&limit=1").json["items"] as? [[String: Any]])
            let path = "/v1/frames/\(try #require(frame[0]["id"] as? String))"
            #expect(try await server.send("GET", path + "/overlay").body == pictures["overlay"])
            let image = try await server.send("GET", path + "/image")
            #expect(image.body == (try TestServer.frame(1)) && image.headers["content-type"] == "image/png")
            // The mask's colours are the classes'.
            let grey = try ImageCodec.decode(try #require(pictures["similarity"]))
            #expect(stride(from: 0, to: grey.pixels.count, by: 3).allSatisfy { grey.pixels[$0] == grey.pixels[$0 + 1] })

            let first = try await server.send("GET", "/v1/sessions/\(id)/latest.jpg")
            let tag = try #require(first.headers["etag"])
            let again = try await server.send(
                "GET", "/v1/sessions/\(id)/latest.jpg", headers: ["If-None-Match": tag])
            #expect(again.status == 304 && again.body.isEmpty)
        }
    }

    @Test func `Live pictures come as frames do, with their numbers`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            let stream = try PictureStream(port: server.port, "/v1/sessions/\(id)/live.mjpeg?fps=30&view=mask")
            #expect(stream.head.contains("multipart/x-mixed-replace; boundary=windhover"))
            for k in 0..<3 {
                _ = try await server.put(TestServer.frame(k), k, to: id)
                let picture = try #require(stream.next())
                #expect(picture.sequence == k)
                #expect(try ImageCodec.decode(picture.jpeg).width == 160)
            }
        }
    }

    @Test func `Silence is broken by the last picture, and a session that has ended still shows it`() async throws {
        try await withServer({ $0.server.heartbeat = .milliseconds(50) }) { server in
            let id = try await server.session()
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            _ = try await server.send("DELETE", "/v1/sessions/\(id)")
            let stream = try PictureStream(port: server.port, "/v1/sessions/\(id)/live.mjpeg")
            let pictures = try (0..<3).map { _ in try #require(stream.next()) }
            #expect(pictures.allSatisfy { $0.sequence == 0 && $0.jpeg == pictures[0].jpeg })
        }
    }

    @Test func `The view of similarity waits for frames that have one`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            let cold = try await server.send("GET", "/v1/sessions/\(id)/latest.jpg?view=similarity")
            #expect(cold.status == 404 && cold.problem == "no-similarity")
            let stream = try PictureStream(port: server.port, "/v1/sessions/\(id)/live.mjpeg?view=similarity&fps=30")
            _ = try await server.put(TestServer.frame(1), 1, to: id)
            #expect(stream.next()?.sequence == 1)
        }
    }

    @Test func `A slow viewer skips frames and ends at the newest`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            let stream = try PictureStream(
                port: server.port, "/v1/sessions/\(id)/live.mjpeg?fps=0.1&view=mask")
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            #expect(stream.next()?.sequence == 0)
            // Within the ten seconds until the next picture there are four more frames.
            for k in 1..<5 { _ = try await server.put(TestServer.frame(k), k, to: id) }
            #expect(stream.next()?.sequence == 4)
        }
    }

    @Test func `What a session does not store cannot be shown, and the answer says by which option`() async throws {
        try await withServer { server in
            let bare = try await server.session(#"{"store_masks": false}"#)
            let blind = try await server.session(#"{"store_images": "none"}"#)
            for id in [bare, blind] { _ = try await server.put(TestServer.frame(0), 0, to: id) }
            for file in ["latest.jpg", "live.mjpeg"] {
                for (id, view, problem, option) in [
                    (bare, "mask", "mask-not-stored", "store_masks"),
                    (bare, "overlay", "image-not-stored", "store_masks"),
                    (blind, "overlay", "image-not-stored", "store_images"),
                    (blind, "image", "image-not-stored", "store_images"),
                ] {
                    let answer = try await server.send("GET", "/v1/sessions/\(id)/\(file)?view=\(view)")
                    #expect(answer.status == 404 && answer.problem == problem)
                    #expect((answer.json["detail"] as? String)?.contains(option) == true)
                }
                let nobody = try await server.send("GET", "/v1/sessions/nobody/\(file)")
                #expect(nobody.status == 404 && nobody.problem == "session-not-found")
                let wrong = try await server.send("GET", "/v1/sessions/\(blind)/\(file)?view=heat")
                #expect(wrong.status == 400 && wrong.json["field"] as? String == "view")
            }
            let mask = try await server.send("GET", "/v1/sessions/\(blind)/latest.jpg?view=mask")
            #expect(mask.status == 200)
        }
    }
}
