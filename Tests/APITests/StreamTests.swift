import API
import Foundation
import Sessions
import Testing

/// Frames that are pushed, over a real socket.
@Suite(.serialized) struct StreamTests {
    @Test func `Answers come while the upload goes on`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            let stream = try StreamConnection(port: server.port, session: id)
            for k in 0..<3 {
                stream.push(try TestServer.frame(k))
                let line = try #require(stream.next())
                #expect(line.event == "frame" && line.data["sequence"] as? Int == k)
                #expect(line.data["mode"] as? String == (k == 0 ? "cold" : "propagated"))
                let stored = try await server.send("GET", "/v1/frames/\(try #require(line.data["id"] as? String))")
                #expect(NSDictionary(dictionary: stored.json) == NSDictionary(dictionary: line.data))
            }
            stream.finish()
            let end = try #require(stream.next())
            #expect(end.event == "end" && end.data["frames"] as? Int == 3 && end.data["dropped"] as? Int == 0)
            #expect(stream.next() == nil)
            let head = try #require(stream.head)
            #expect(head.hasPrefix("HTTP/1.1 200") && head.contains("application/x-ndjson"))
        }
    }

    @Test func `Images after their lengths, and parts of another boundary, are frames too`() async throws {
        try await withServer { server in
            let image = try TestServer.frame(0)
            for (type, bytes) in [
                ("application/vnd.windhover.frames", (0..<4).map { UInt8(image.count >> (24 - $0 * 8) & 255) } + image),
                (
                    "multipart/x-mixed-replace; boundary=\"cut here\"",
                    Array("--cut here\r\nContent-Type: image/png\r\n\r\n".utf8) + image + Array("\r\n--cut here--".utf8)
                ),
            ] {
                let id = try await server.session()
                let stream = try StreamConnection(port: server.port, session: id, type: type)
                // In pieces that know nothing of frames.
                for start in stride(from: 0, to: bytes.count, by: 1000) {
                    stream.send(Array(bytes[start..<min(start + 1000, bytes.count)]))
                }
                stream.send([13, 10])
                stream.finish()
                let lines = stream.rest()
                #expect(lines.first?.event == "frame", "\(type)")
                #expect(lines.last?.data["frames"] as? Int == 1, "\(type)")
            }
        }
    }

    @Test func `The newest frame counts where they come faster than they are run, and drops are told`() async throws {
        let gate = Gate(open: false)
        try await withServer({ $0.gate = gate }) { server in
            let id = try await server.session(#"{"registration": "identity", "store_images": "original"}"#)
            let events = try EventStream(port: server.port, "/v1/sessions/\(id)/events?type=drop")
            let stream = try StreamConnection(port: server.port, session: id)
            // A test that fails must not leave frames at the gate.
            defer { Task { await gate.openUp() } }
            // One runs, one is looked at ahead, one waits; the others give way to it.
            stream.push(try TestServer.frame(0))
            try await gate.waiting(1)
            stream.push(try TestServer.frame(1))
            try await gate.waiting(2)
            for k in [2, 2, 2, 3] { stream.push(try TestServer.frame(k)) }
            try await eventually {
                try await server.send("GET", "/v1/sessions/\(id)").json["dropped"] as? Int == 3
            }
            await gate.openUp()
            stream.finish()
            let lines = stream.rest()
            #expect(lines.filter { $0.event == "frame" }.compactMap { $0.data["sequence"] as? Int } == [0, 1, 2])
            #expect(lines.filter { $0.event == "drop" }.compactMap { $0.data["count"] as? Int }.reduce(0, +) == 3)
            #expect(lines.last?.data["dropped"] as? Int == 3 && lines.last?.data["frames"] as? Int == 3)
            let last = try #require(lines.last { $0.event == "frame" }?.data["id"] as? String)
            #expect(try await server.send("GET", "/v1/frames/\(last)/image").body == TestServer.frame(3))
            #expect(events.next()?.data["count"] as? Int == 3)
            let metrics = String(decoding: try await server.send("GET", "/metrics").body, as: UTF8.self)
            #expect(metrics.contains("windhover_frames_total{outcome=\"dropped\",mode=\"\"} 3"))
        }
    }

    @Test func `A source that is to wait loses no frame`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            let stream = try StreamConnection(port: server.port, session: id, query: "?overflow=wait")
            for k in 0..<40 { stream.push(try TestServer.frame(k % 5)) }
            stream.finish()
            let lines = stream.rest()
            #expect(lines.filter { $0.event == "frame" }.compactMap { $0.data["sequence"] as? Int } == Array(0..<40))
            #expect(lines.last?.event == "end" && lines.last?.data["dropped"] as? Int == 0)
        }
    }

    @Test func `A client that does not read may ask for the sums alone, and is told nothing before`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            let stream = try StreamConnection(port: server.port, session: id, query: "?overflow=wait&answers=end")
            for k in 0..<5 { stream.push(try TestServer.frame(k)) }
            stream.push(Array("no image".utf8))
            stream.finish()
            let lines = stream.rest()
            #expect(lines.map(\.event) == ["problem", "end"])
            #expect(lines.last?.data["frames"] as? Int == 5 && lines.last?.data["failed"] as? Int == 1)
        }
    }

    @Test func `A frame cut off in the middle is dropped, and the next connection goes on`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            var stream: StreamConnection? = try StreamConnection(port: server.port, session: id)
            stream?.push(try TestServer.frame(0))
            #expect(stream?.next()?.data["sequence"] as? Int == 0)
            let part = StreamConnection.part(try TestServer.frame(1))
            stream?.send(Array(part.prefix(part.count / 2)))
            stream = nil
            let again = try StreamConnection(port: server.port, session: id)
            again.push(try TestServer.frame(2))
            let line = try #require(again.next())
            #expect(line.data["sequence"] as? Int == 1 && line.data["mode"] as? String == "propagated")
        }
    }

    @Test func `Who never reads the answers does not hold up the frames`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            let stream = try StreamConnection(
                port: server.port, session: id, query: "?overflow=wait", receiveBuffer: 4096)
            // Until more answers are on their way than the kernel's buffers take: each says that this is no image.
            let parts = Array(repeatElement(StreamConnection.part([1, 2, 3]), count: 500).joined())
            try await eventually {
                #expect(stream.send(parts))
                return String(decoding: try await server.send("GET", "/metrics").body, as: UTF8.self)
                    .contains("windhover_stream_answers_dropped_total")
            }
            #expect(stream.push(try TestServer.frame(0)))
            try await eventually {
                try await server.send("GET", "/v1/sessions/\(id)").json["frames"] as? Int == 1
            }
        }
    }

    @Test func `What is no image is a problem of its own, and the stream goes on`() async throws {
        try await withServer { server in
            let id = try await server.session()
            let stream = try StreamConnection(port: server.port, session: id)
            stream.push(Array("no image".utf8))
            let line = try #require(stream.next())
            #expect(line.event == "problem" && line.data["status"] as? Int == 422)
            #expect(line.data["type"] as? String == "urn:windhover:problem:image-undecodable")
            stream.push(try TestServer.frame(0))
            #expect(stream.next()?.event == "frame")
            stream.finish()
            #expect(stream.next()?.data["failed"] as? Int == 1)
        }
    }

    @Test func `A stream that makes no sense, or has too large a frame, ends with the reason`() async throws {
        try await withServer({ $0.server.maxBodyBytes = 50_000 }) { server in
            let id = try await server.session()
            let large = try StreamConnection(port: server.port, session: id)
            large.send(Array("--ffmpeg\r\nContent-length: 50001\r\n\r\n".utf8))
            #expect(large.next()?.data["type"] as? String == "urn:windhover:problem:body-too-large")
            #expect(large.next()?.event == "end")
            let text = try StreamConnection(port: server.port, session: id)
            text.send(Array("What a fine day\r\n".utf8))
            #expect(text.next()?.data["type"] as? String == "urn:windhover:problem:validation")
            #expect(text.next()?.event == "end")
            let typed = try await server.send(
                "POST", "/v1/sessions/\(id)/stream", headers: ["Content-Type": "video/mp4"], body: [1])
            #expect(typed.status == 415 && typed.problem == "unsupported-media-type")
            let wrong = try await server.send("POST", "/v1/sessions/\(id)/stream?overflow=reject", body: [1])
            #expect(wrong.status == 400 && wrong.json["field"] as? String == "overflow")
        }
    }

    @Test func `A session that has ended takes no stream, and ends the one it has`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            let stream = try StreamConnection(port: server.port, session: id)
            stream.push(try TestServer.frame(0))
            #expect(stream.next()?.event == "frame")
            _ = try await server.send("DELETE", "/v1/sessions/\(id)")
            stream.push(try TestServer.frame(1))
            #expect(stream.next()?.data["type"] as? String == "urn:windhover:problem:session-ended")
            #expect(stream.next()?.event == "end")
            #expect(stream.next() == nil)
            let type = ["Content-Type": "multipart/x-mixed-replace"]
            let refused = try await server.send("POST", "/v1/sessions/\(id)/stream", headers: type, body: [1])
            #expect(refused.status == 410 && refused.problem == "session-ended")
            let nobody = try await server.send("POST", "/v1/sessions/nobody/stream", headers: type, body: [1])
            #expect(nobody.status == 404)
        }
    }

    @Test func `A stream may last, but not stand still`() async throws {
        try await withServer({ $0.server.bodyTimeout = .milliseconds(400) }) { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            let stream = try StreamConnection(port: server.port, session: id)
            let start = ContinuousClock.now
            var frames = 0
            while ContinuousClock.now - start < .milliseconds(1000) {
                stream.push(try TestServer.frame(frames % 5))
                #expect(stream.next()?.data["sequence"] as? Int == frames)
                frames += 1
            }
            // Half a frame, and nothing more: it is cut off.
            stream.send(Array(StreamConnection.part(try TestServer.frame(0)).prefix(500)))
            _ = stream.rest()
            #expect(try await server.send("GET", "/v1/sessions/\(id)").json["frames"] as? Int == frames)
        }
    }
}
