import Foundation
import Results
import Testing

@Suite struct ExportTests {
    private static let session =
        #"{"drone_id": "a, \"the first\"", "registration": "identity", "store_images": "original"}"#

    private static func fill(_ server: TestServer, frames: Int = 5) async throws -> [String] {
        let id = try await server.session(session)
        var ids: [String] = []
        for k in 0..<frames {
            let answer = try await server.put(
                TestServer.frame(k), k, to: id,
                query: "?captured_at=2026-05-04T12:00:0\(k)Z&lat=49.5&lon=8.4\(k)&alt_m=9")
            ids.append(try #require(answer.json["id"] as? String))
        }
        return ids.reversed()
    }

    private static func lines(_ answer: TestServer.Answer) -> [String] {
        String(decoding: answer.body, as: UTF8.self).replacing("\r\n", with: "\n").split(separator: "\n")
            .map(String.init)
    }

    private static func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }

    @Test func `lines are the records of the list, and go on behind the last that arrived`() async throws {
        try await withServer { server in
            let ids = try await Self.fill(server)
            let whole = try await server.send("GET", "/v1/exports/frames.ndjson")
            #expect(whole.status == 200 && whole.headers["content-type"] == "application/x-ndjson")
            #expect(whole.headers["content-disposition"] == "attachment; filename=\"frames.ndjson\"")
            let list = try await server.send("GET", "/v1/frames")
            let records = try #require(list.json["items"] as? [[String: Any]])
            let found = try Self.lines(whole).map(Self.object)
            #expect(found.map { NSDictionary(dictionary: $0) } == records.map { NSDictionary(dictionary: $0) })
            #expect(found.count == 5)
            func ask(_ query: String) async throws -> [String?] {
                try Self.lines(await server.send("GET", "/v1/exports/frames.ndjson?\(query)")).map {
                    try Self.object($0)["id"] as? String
                }
            }
            #expect(try await ask("after=\(ids[1])") == Array(ids[2...]))
            #expect(try await ask("after=\(ids[1])&limit=2") == Array(ids[2...3]))
            #expect(try await ask("after=\(ids[1])&sort=captured_at") == [ids[0]])
            #expect(try await ask("after=\(ids[4])").isEmpty)
            #expect(try await ask("mode=cold") == [ids[4]])
            #expect(try await ask("mode=cold&fields=mode") == [ids[4]])
            #expect(try await ask("drone=nobody").isEmpty)
        }
    }

    @Test func `a table has a line of names, and cells that commas and quotes do not break`() async throws {
        try await withServer { server in
            let ids = try await Self.fill(server)
            let lines = Self.lines(try await server.send("GET", "/v1/exports/frames.csv"))
            let names = lines[0].split(separator: ",").map(String.init)
            #expect(
                lines.count == 6 && names.starts(with: ["id", "captured_at", "received_at", "session_id", "drone_id"]))
            let classes = names.filter { $0.hasPrefix("fraction_") }
            #expect(classes.count == 8 && classes.contains("fraction_road"))
            #expect(lines[1].hasPrefix("\(ids[0]),2026-05-04T12:00:04.000000Z,"))
            #expect(lines[1].contains(",\"a, \"\"the first\"\"\",,4,"))
            let few = Self.lines(
                try await server.send("GET", "/v1/exports/frames.csv?fields=position,mode,classes&limit=1"))
            #expect(few[0].hasPrefix("id,mode,lat,lon,alt_m,heading_deg,fraction_") && few.count == 2)
            #expect(few[1].hasPrefix("\(ids[0]),propagated,49.5,8.44,9.0,,0."))
        }
    }

    @Test func `features are those of the list`() async throws {
        try await withServer { server in
            let ids = try await Self.fill(server)
            let answer = try await server.send("GET", "/v1/exports/frames.geojson")
            let features = try #require(answer.json["features"] as? [[String: Any]])
            #expect(answer.json["type"] as? String == "FeatureCollection")
            #expect(features.map { $0["id"] as? String } == ids)
            let list = try await server.send("GET", "/v1/frames?f=geojson")
            let listed = try #require(list.json["features"] as? [[String: Any]])
            #expect(features.map { NSDictionary(dictionary: $0) } == listed.map { NSDictionary(dictionary: $0) })
            let none = try await server.send("GET", "/v1/exports/frames.geojson?drone=nobody")
            #expect((none.json["features"] as? [Any])?.isEmpty == true)
        }
    }

    @Test(
        "what makes no sense is refused before a byte is sent",
        arguments: [
            ("frames.ndjson?limit=0", 400, "limit"), ("frames.csv?cursor=x", 400, "cursor"),
            ("frames.csv?colour=red", 400, "colour"), ("frames.geojson?f=json", 400, "f"),
            ("coco.zip?limit=100001", 400, "limit"), ("coco.zip?images=perhaps", 400, "images"),
            ("coco.zip?fields=id", 400, "fields"), ("frames.ndjson?fields=colour", 400, "fields"),
            ("frames.ndjson?after=nothing", 404, "after"),
        ])
    func refusals(path: String, status: Int, field: String) async throws {
        try await withServer { server in
            let answer = try await server.send("GET", "/v1/exports/\(path)")
            #expect(answer.status == status && answer.json["field"] as? String == field, "\(answer.json)")
        }
    }

    @Test func `whoever hangs up ends the search`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"drone_id": "a"}"#)
            // More than the sockets' buffers hold, so that the search waits for its reader.
            let first = try await server.put(TestServer.frame(0), 0, to: id)
            let sent = try #require(first.json["id"] as? String)
            let model = try #require(try await server.store.frame(sent))
            let frames = (1..<30_000).map { number in
                var frame = model
                (frame.id, frame.sequence) = (UUID().uuidString.lowercased(), number)
                (frame.mask, frame.similarity, frame.image) = (nil, nil, nil)
                return frame
            }
            try await server.store.fill(sessions: [], frames: frames)
            func readers() async throws -> Bool {
                let text = try await server.send("GET", "/metrics").body
                return String(decoding: text, as: UTF8.self).contains("windhover_live_readers{kind=\"export\"} 1")
            }
            do {
                let reader = try RawConnection(port: server.port, receiveBuffer: 4096)
                reader.send("GET /v1/exports/frames.ndjson HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(reader.receiveHead()?.hasPrefix("HTTP/1.1 200") == true)
                #expect(try await readers())
            }
            // The connection is closed now; the test's time limit ends this if the search does not end.
            while try await readers() {}
            let whole = try await server.send("GET", "/v1/exports/frames.ndjson?fields=id")
            #expect(Self.lines(whole).count == 30_000)
        }
    }
}
