import Foundation
import Imaging
import Testing

/// What can be asked of stored frames, and how requests are read.
@Suite(.serialized) struct ResourceTests {
    @Test func `A stored frame gives its record, mask, overlay, similarity, RLE and polygons`() async throws {
        try await withServer { server in
            let id = try await server.session(#"{"registration": "identity"}"#)
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            let frame = try await server.put(TestServer.frame(1), 1, to: id)
            let path = "/v1/frames/\(try #require(frame.json["id"] as? String))"
            #expect(try await server.send("GET", path).body == frame.body)

            let mask = try await server.send("GET", "\(path)/mask")
            #expect(mask.status == 200 && mask.headers["content-type"] == "image/png")
            let labels = try LabelMap.decodePNG(mask.body)
            #expect(labels.width == 160 && labels.height == 96)
            let classes = try #require(frame.json["classes"] as? [[String: Any]])
            #expect(labels.histogram(classes: 8) == classes.compactMap { $0["pixels"] as? Int })

            let overlay = try await server.send("GET", "\(path)/overlay?alpha=0.3&legend=false")
            #expect(overlay.status == 200 && overlay.headers["content-type"] == "image/jpeg")
            #expect(try ImageCodec.decode(overlay.body).width == 160)

            let similarity = try await server.send("GET", "\(path)/similarity")
            let map = try GreyMap.decodePNG(similarity.body)
            #expect(map.width == 160 && map.height == 96)
            let mean = Double(map.pixels.reduce(0) { $0 + Int($1) }) / Double(map.pixels.count) / 255
            #expect(abs(mean - (try #require(frame.json["similarity_mean"] as? Double))) < 0.01)

            let rle = try await server.send("GET", "\(path)/rle")
            for item in try #require(rle.json["classes"] as? [[String: Any]]) {
                let value = try #require(item["value"] as? Int)
                let encoded = try JSONDecoder().decode(
                    COCORLE.self, from: JSONSerialization.data(withJSONObject: try #require(item["rle"])))
                let decoded = try encoded.decode()
                #expect(decoded.classes == labels.classes.map { $0 == value ? 1 : 0 })
            }

            let polygons = try await server.send("GET", "\(path)/polygons?class=road,tree")
            let items = try #require(polygons.json["classes"] as? [[String: Any]])
            #expect(items.compactMap { $0["name"] as? String } == ["road", "tree"])
            for item in items {
                let areas = (item["polygons"] as? [[String: Any]] ?? []).compactMap { $0["area"] as? Int }
                let value = try #require(item["value"] as? Int)
                #expect(areas.reduce(0, +) == labels.classes.count { Int($0) == value })
            }
        }
    }

    @Test func `What was not stored is 404 and names the option`() async throws {
        try await withServer { server in
            let bare = try await server.session(#"{"store_masks": false}"#)
            let frame = try await server.put(TestServer.frame(0), 0, to: bare)
            let path = "/v1/frames/\(try #require(frame.json["id"] as? String))"
            #expect((frame.json["links"] as? [String: String])?.keys.sorted() == ["self"])
            for picture in ["mask", "rle", "polygons"] {
                let answer = try await server.send("GET", "\(path)/\(picture)")
                #expect(answer.status == 404 && answer.problem == "mask-not-stored")
            }
            let now = try await server.put(TestServer.frame(1), 1, to: bare, headers: ["Accept": "image/png"])
            #expect(now.status == 200 && now.headers["content-type"] == "image/png")

            let plain = try await server.session(#"{"store_images": "none"}"#)
            let cold = try await server.put(TestServer.frame(0), 0, to: plain)
            let other = "/v1/frames/\(try #require(cold.json["id"] as? String))"
            #expect(try await server.send("GET", "\(other)/overlay").problem == "image-not-stored")
            #expect(try await server.send("GET", "\(other)/similarity").problem == "no-similarity")
            #expect(try await server.send("GET", "/v1/frames/nothing").problem == "frame-not-found")
            #expect(try await server.send("GET", "/v1/sessions/nothing").problem == "session-not-found")
        }
    }

    @Test func `Frames are filtered by each filter and paged by cursor`() async throws {
        try await withServer { server in
            let a = try await server.session(#"{"drone_id": "a", "mission_id": "m", "registration": "identity"}"#)
            let b = try await server.session(#"{"drone_id": "b", "propagation": "none"}"#)
            for k in 0..<3 {
                _ = try await server.put(TestServer.frame(k), k, to: a, query: "?captured_at=2026-05-04T12:00:0\(k)Z")
                _ = try await server.put(TestServer.frame(k), k, to: b, query: "?captured_at=2026-05-05T12:00:0\(k)Z")
            }
            func ask(_ query: String) async throws -> [[String: Any]] {
                try await server.send("GET", "/v1/frames?\(query)").json["items"] as? [[String: Any]] ?? []
            }
            let all = try await ask("")
            #expect(all.count == 6)
            let times = all.compactMap { $0["captured_at"] as? String }
            #expect(times == times.sorted(by: >))
            #expect(try await ask("drone=a").count == 3)
            #expect(try await ask("session=\(b)").count == 3)
            #expect(try await ask("mission=m&mode=propagated").count == 2)
            #expect(try await ask("mode=stateless").count == 3)
            #expect(try await ask("model=golden-7").count == 6)
            #expect(try await ask("model=other").isEmpty)
            #expect(try await ask("from=2026-05-04T12:00:01Z&to=2026-05-05T12:00:00Z").count == 2)
            let fractions = all.map { frame -> Double in
                let classes = frame["classes"] as? [[String: Any]] ?? []
                return classes.first { $0["name"] as? String == "water" }?["fraction"] as? Double ?? 0
            }
            let limit = fractions.sorted()[3]
            #expect(try await ask("class=water&min_fraction=\(limit)").count == fractions.count { $0 >= limit })

            var seen: [String] = []
            var path = "/v1/frames?limit=4"
            while true {
                let page = try await server.send("GET", path)
                seen += (page.json["items"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
                guard let cursor = page.json["next_cursor"] as? String else { break }
                path = "/v1/frames?limit=4&cursor=\(cursor)"
                let misused = try await server.send("GET", "/v1/frames?drone=a&cursor=\(cursor)")
                #expect(misused.status == 400 && misused.json["field"] as? String == "cursor")
            }
            #expect(seen == all.compactMap { $0["id"] as? String })
        }
    }

    @Test(
        "A malformed request is 400 and names the field",
        arguments: [
            ("GET", "/v1/frames?colour=red", "colour"), ("GET", "/v1/frames?limit=0", "limit"),
            ("GET", "/v1/frames?limit=1001", "limit"), ("GET", "/v1/frames?limit=10&limit=20", "limit"),
            ("GET", "/v1/frames?from=yesterday", "from"), ("GET", "/v1/frames?mode=warm", "mode"),
            ("GET", "/v1/frames?min_fraction=0.5", "min_fraction"), ("GET", "/v1/frames?cursor=abc", "cursor"),
            ("GET", "/v1/frames?drone=", "drone"), ("GET", "/v1/frames?drone=%00", "drone"),
            ("GET", "/v1/sessions?state=tired", "state"), ("GET", "/v1/models?x=1", "x"),
        ])
    func malformed(method: String, path: String, field: String) async throws {
        try await withServer { server in
            let answer = try await server.send(method, path)
            #expect(answer.status == 400 && answer.problem == "validation")
            #expect(answer.json["field"] as? String == field)
            #expect(answer.json["request_id"] as? String == answer.headers["x-request-id"])
        }
    }

    @Test func `Session members that are unknown or wrong are named`() async throws {
        try await withServer { server in
            let wrong: [(String, String)] = [
                (#"{"dronе": "x"}"#, "dronе"), (#"{"max_gap_ms": "1000"}"#, "max_gap_ms"),
                (#"{"max_gap_ms": 0}"#, "max_gap_ms"),
                (#"{"store_masks": 1}"#, "store_masks"), (#"{"late": "never"}"#, "late"),
                (#"{"drone_id": ""}"#, "drone_id"),
                (#"{"drone_id": 7}"#, "drone_id"), (#"{"registration": "sift"}"#, "registration"), ("[]", "body"),
                ("{", "body"),
            ]
            for (json, field) in wrong {
                let answer = try await server.send(
                    "POST", "/v1/sessions", headers: ["Content-Type": "application/json"], body: Array(json.utf8))
                #expect(answer.status == 400 && answer.json["field"] as? String == field, "\(json)")
            }
            let unknown = try await server.send(
                "POST", "/v1/sessions", headers: ["Content-Type": "application/json"],
                body: Array(#"{"model": "x"}"#.utf8))
            #expect(unknown.status == 422 && unknown.problem == "model-not-found")
        }
    }

    @Test func `Uploads are held to their types, numbers and metadata`() async throws {
        try await withServer { server in
            let id = try await server.session()
            let image = try TestServer.frame(0)
            let typeless = try await server.put(image, 0, to: id, headers: ["Content-Type": "text/plain"])
            #expect(typeless.status == 415 && typeless.problem == "unsupported-media-type")
            let plain = try await server.put(image, 0, to: id, headers: ["Content-Type": "application/octet-stream"])
            #expect(plain.status == 200)
            let xml = try await server.put(image, 0, to: id, headers: ["Accept": "application/xml"])
            #expect(xml.status == 406 && xml.problem == "not-acceptable")
            for number in ["-1", "01", "1.5", "x", "9007199254740992"] {
                let answer = try await server.send(
                    "PUT", "/v1/sessions/\(id)/frames/\(number)", headers: ["Content-Type": "image/png"], body: image)
                #expect(answer.status == 400 && answer.json["field"] as? String == "sequence", "\(number)")
            }
            for (query, field) in [
                ("lat=91", "lat"), ("lon=x", "lon"), ("homography=1,2,3", "homography"),
                ("homography=1,2,3,2,4,6,0,0,1", "homography"), ("heading_deg=nan", "heading_deg"),
                ("speed=3", "speed"),
            ] {
                let answer = try await server.put(image, 0, to: id, query: "?\(query)")
                #expect(answer.status == 400 && answer.json["field"] as? String == field, "\(query)")
            }
            #expect(try await server.put(image, 0, to: "nobody").problem == "session-not-found")
            let good = try await server.put(
                image, 1, to: id,
                query: "?lat=49.5&lon=8.4&alt_m=120.5&heading_deg=270&captured_at=2026-05-04T12:00:00Z")
            let position = try #require(good.json["position"] as? [String: Any])
            #expect(position["lat"] as? Double == 49.5 && position["heading_deg"] as? Double == 270)
        }
    }

    @Test func `A multipart frame is the same as a raw one`() async throws {
        try await withServer { server in
            let id = try await server.session()
            let image = try TestServer.frame(0)
            func multipart(_ meta: String, _ name: String = "image") -> [UInt8] {
                Array(
                    "preamble\r\n--b0\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json\r\n\r\n\(meta)\r\n--b0\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"a.png\"\r\n\r\n"
                        .utf8) + image + Array("\r\n--b0--\r\n".utf8)
            }
            let headers = ["Content-Type": "multipart/form-data; boundary=\"b0\""]
            let meta =
                #"{"captured_at": "2026-05-04T12:00:00Z", "lat": 1.5, "lon": -2, "homography": [1,0,0,0,1,0,0,0,1]}"#
            let answer = try await server.put(multipart(meta), 0, to: id, headers: headers)
            #expect(answer.status == 200)
            #expect((answer.json["position"] as? [String: Any])?["lat"] as? Double == 1.5)
            #expect(try await server.put(image, 0, to: id).headers["idempotent-replayed"] == "true")
            #expect(
                try await server.put(multipart(#"{"speed": 1}"#), 1, to: id, headers: headers).json["field"] as? String
                    == "speed")
            #expect(try await server.put(multipart("{}", "picture"), 1, to: id, headers: headers).status == 400)
            #expect(
                try await server.put(Array(multipart(meta).dropLast(10)), 1, to: id, headers: headers).status == 400)
        }
    }

    @Test func `Models, probes and metrics answer`() async throws {
        try await withServer { server in
            let models = try await server.send("GET", "/v1/models")
            #expect((models.json["items"] as? [[String: Any]])?.count == 2)
            let model = try await server.send("GET", "/v1/models/golden-7")
            #expect(model.json["default"] as? Bool == true)
            #expect((model.json["classes"] as? [[String: Any]])?.first?["color"] as? String == "#ff0000")
            #expect(try await server.send("GET", "/v1/models/none").problem == "model-not-found")
            let id = try await server.session()
            _ = try await server.put(TestServer.frame(0), 0, to: id)
            let metrics = String(decoding: try await server.send("GET", "/metrics").body, as: UTF8.self)
            #expect(metrics.contains("windhover_frames_total{outcome=\"stored\",mode=\"cold\"} 1"))
            #expect(metrics.contains("windhover_stage_seconds_count{stage=\"image\"} 1"))
            #expect(!metrics.contains(id))
        }
    }

    @Test func `A path for other methods is 405, an unknown one 404`() async throws {
        try await withServer { server in
            let answer = try await server.send("PATCH", "/v1/sessions")
            #expect(answer.status == 405 && answer.problem == "method-not-allowed")
            #expect(answer.headers["allow"] == "GET, POST")
            #expect(try await server.send("GET", "/v2/infer").problem == "not-found")
            let head = try await server.send("HEAD", "/v1/models")
            #expect(head.status == 200 && head.body.isEmpty && head.headers["content-type"] == "application/json")
        }
    }
}
