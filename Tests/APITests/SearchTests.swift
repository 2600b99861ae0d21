import Foundation
import Results
import Testing

@Suite struct SearchTests {
    /// Five frames of a drone that flies across the antimeridian, three of one that tells no position.
    private static func fill(_ server: TestServer) async throws {
        let a = try await server.session(#"{"drone_id": "a", "mission_id": "m", "registration": "identity"}"#)
        let b = try await server.session(#"{"drone_id": "b", "propagation": "none"}"#)
        for k in 0..<5 {
            let lon = k < 3 ? 179.997 + Double(k) / 1000 : -180 + Double(k - 3) / 1000
            _ = try await server.put(
                TestServer.frame(k), k, to: a,
                query: "?captured_at=2026-05-04T12:00:0\(k)Z&lat=-16.8&lon=\(lon)&alt_m=50&heading_deg=90")
        }
        for k in 0..<3 {
            _ = try await server.put(TestServer.frame(k), k, to: b, query: "?captured_at=2026-05-05T12:00:0\(k)Z")
        }
    }

    @Test func `every parameter narrows the list as it says`() async throws {
        try await withServer { server in
            try await Self.fill(server)
            func ask(_ query: String) async throws -> [[String: Any]] {
                let answer = try await server.send("GET", "/v1/frames?\(query)")
                #expect(answer.status == 200, "\(query): \(answer.json)")
                return answer.json["items"] as? [[String: Any]] ?? []
            }
            let all = try await ask("")
            #expect(all.count == 8)
            let counts: [(String, Int)] = [
                ("drone=a,b", 8), ("drone=b,c", 3), ("model=golden-7,other", 8), ("mode=cold,propagated", 5),
                ("reason=none", 5), ("reason=propagation-none", 3), ("registration=identity", 4),
                ("registration=none", 4), ("registration_ok=true", 4), ("registration_ok=false", 0),
                ("bbox=179.9965,-17,179.9985,-16", 2), ("bbox=179.9985,-17,-179.9995,-16", 2),
                ("bbox=-180,-90,180,90", 5), ("bbox=170,-10,-170,10", 0),
                ("datetime=2026-05-04T12:00:01Z", 1), ("datetime=2026-05-04T12:00:01Z/2026-05-04T12:00:03Z", 3),
                ("datetime=../2026-05-04T12:00:01Z", 2), ("datetime=2026-05-04T12:00:03Z/..", 5),
                ("datetime=2026-05-05", 3), ("datetime=2026-05-04/2026-05-05", 8), ("datetime=../..", 8),
                ("datetime=2026-05-04T14:00:01%2B02:00", 1), ("min_inliers=1", 0), ("max_inliers=0", 4),
            ]
            for (query, count) in counts { #expect(try await ask(query).count == count, "\(query)") }

            func values(_ name: String) -> [Double] { all.compactMap { $0[name] as? Double }.sorted() }
            // Between two: what JSON makes of a number may differ in its last bit.
            let similarity = values("similarity_mean")
            let middle = (similarity[1] + similarity[2]) / 2
            #expect(try await ask("min_similarity=\(middle)").count == similarity.count - 2)
            #expect(try await ask("max_similarity=\(middle)").count == 2)
            let changed = values("changed_fraction")
            let half = (changed[1] + changed[2]) / 2
            #expect(try await ask("min_changed=\(half)").count == changed.count - 2)
            #expect(try await ask("max_changed=\(half)").count == 2)

            func fractions(_ frame: [String: Any]) -> [String: Double] {
                let items = frame["classes"] as? [[String: Any]] ?? []
                return Dictionary(
                    uniqueKeysWithValues: items.map { ($0["name"] as! String, $0["fraction"] as! Double) })
            }
            let names = fractions(all[0]).sorted { $0.value > $1.value }.map(\.key)
            let (first, second) = (fractions(all[0])[names[0]]!, fractions(all[0])[names[1]]!)
            let both = all.count { fractions($0)[names[0]]! >= first && fractions($0)[names[1]]! >= second }
            let either = all.count { fractions($0)[names[0]]! >= first || fractions($0)[names[1]]! >= second }
            let query = "class=\(names[0]),\(names[1])&min_fraction=\(first),\(second)"
            #expect(try await ask(query).count == both)
            #expect(try await ask("\(query)&class_match=any").count == either)
            let pixels = Int((first * 160 * 96).rounded())
            #expect(
                try await ask("class=\(names[0])&min_pixels=\(pixels)").count
                    == all.count { fractions($0)[names[0]]! >= first })

            let times = try await ask("sort=captured_at").compactMap { $0["captured_at"] as? String }
            #expect(times == times.sorted() && times.count == 8)
            let chosen = try await ask("fields=id,captured_at,classes&limit=1")[0]
            #expect(Set(chosen.keys) == ["id", "captured_at", "classes"])
        }
    }

    @Test(
        "A parameter that makes no sense, or contradicts another, is 400 and named",
        arguments: [
            ("frames?bbox=1,2,3", "bbox"), ("frames?bbox=1,2,3,x", "bbox"), ("frames?bbox=0,10,1,5", "bbox"),
            ("frames?bbox=0,-91,1,5", "bbox"), ("frames?bbox=0,0,0,1,1,1", "bbox"), ("frames?bbox=0,0,181,1", "bbox"),
            ("frames?datetime=tuesday", "datetime"), ("frames?datetime=2026-05-05/2026-05-04", "datetime"),
            ("frames?datetime=2026-05-05/2026-05-06/2026-05-07", "datetime"),
            ("frames?datetime=2026-05-05&from=2026-05-04T00:00:00Z", "from"),
            ("frames?from=2026-05-05T00:00:00Z&to=2026-05-05T00:00:00Z", "to"),
            ("frames?drone=a,,b", "drone"), ("frames?drone=a,a", "drone"), ("frames?mode=cold,warm", "mode"),
            ("frames?class=road,water&min_fraction=0.1,0.2,0.3", "min_fraction"), ("frames?min_pixels=5", "min_pixels"),
            ("frames?class=road&min_fraction=2", "min_fraction"), ("frames?class_match=all", "class_match"),
            ("frames?class=road&class_match=none", "class_match"),
            ("frames?min_similarity=0.5&max_similarity=0.4", "max_similarity"),
            ("frames?min_changed=1.5", "min_changed"), ("frames?min_inliers=5&max_inliers=4", "max_inliers"),
            ("frames?registration=guess", "registration"),
            ("frames?registration=none&registration_ok=true", "registration"),
            ("frames?registration_ok=maybe", "registration_ok"), ("frames?sort=size", "sort"),
            ("frames?fields=id,colour", "fields"), ("frames?f=kml", "f"),
            ("summary?group_by=colour", "group_by"), ("summary?group_by=hour,day", "group_by"),
            ("summary?group_by=drone,drone", "group_by"), ("summary?cell=0.01", "cell"),
            ("summary?group_by=cell&cell=0.5", "cell"), ("summary?group_by=cell&cell=0.001", "cell"),
            ("summary?group_by=cell&cell=0.001&bbox=8,49,9,50", "cell"), ("summary?limit=10001", "limit"),
            ("summary?mode=cold", "mode"), ("summary?cursor=abc", "cursor"), ("ogc?x=1", "x"),
            ("ogc/collections/frames/items?colour=red", "colour"),
        ])
    func contradictory(path: String, field: String) async throws {
        try await withServer { server in
            let answer = try await server.send("GET", "/v1/\(path)")
            #expect(answer.status == 400 && answer.problem == "validation", "\(answer.json)")
            #expect(answer.json["field"] as? String == field, "\(answer.json)")
        }
    }

    @Test func `frames come as features where that is asked for, page by page through links`() async throws {
        try await withServer { server in
            try await Self.fill(server)
            let base = "http://127.0.0.1:\(server.port)"
            let json: [String: String] = ["Accept": "application/geo+json"]
            for (path, headers) in [
                ("/v1/frames?limit=3&sort=captured_at", json), ("/v1/frames?f=geojson&limit=3&sort=captured_at", [:]),
                ("/v1/ogc/collections/frames/items?limit=3&sort=captured_at", [:]),
            ] {
                var features: [[String: Any]] = []
                var next: String? = path
                while let path = next {
                    let page = try await server.send("GET", path, headers: headers)
                    #expect(page.headers["content-type"] == "application/geo+json")
                    #expect(page.json["type"] as? String == "FeatureCollection")
                    let items = try #require(page.json["features"] as? [[String: Any]])
                    #expect(page.json["numberReturned"] as? Int == items.count && page.json["timeStamp"] is String)
                    features += items
                    let links = try #require(page.json["links"] as? [[String: String]])
                    #expect(links.first { $0["rel"] == "self" }?["href"] == base + path)
                    next = links.first { $0["rel"] == "next" }?["href"].map { String($0.dropFirst(base.count)) }
                }
                #expect(features.count == 8)
                #expect(
                    features.map { $0["geometry"] is NSNull } == [false, false, false, false, false, true, true, true])
                let feature = features[3]
                let geometry = try #require(feature["geometry"] as? [String: Any])
                #expect(geometry["type"] as? String == "Point")
                #expect(geometry["coordinates"] as? [Double] == [-180, -16.8])
                #expect(feature["collection"] as? String == "frames" && feature["stac_version"] is String)
                let properties = try #require(feature["properties"] as? [String: Any])
                #expect(properties["datetime"] as? String == "2026-05-04T12:00:03.000000Z")
                #expect(properties["drone_id"] as? String == "a" && properties["alt_m"] as? Double == 50)
                #expect(properties["registration"] as? String == "identity" && properties["fraction_water"] is Double)
                // What the links name is there.
                let assets = try #require(feature["assets"] as? [String: [String: Any]])
                #expect(Set(assets.keys) == ["mask", "polygons", "overlay", "image", "similarity"])
                for asset in assets.values {
                    let href = try #require(asset["href"] as? String)
                    let answer = try await server.send("GET", String(href.dropFirst(base.count)))
                    #expect(answer.status == 200 && answer.headers["content-type"] == asset["type"] as? String)
                }
                let links = try #require(feature["links"] as? [[String: String]])
                for link in links {
                    let answer = try await server.send("GET", String(link["href"]!.dropFirst(base.count)))
                    #expect(answer.status == 200 && answer.headers["content-type"] == link["type"], "\(link)")
                }
                let one = try await server.send(
                    "GET", String(links.first { $0["rel"] == "self" }!["href"]!.dropFirst(base.count)))
                #expect(one.json["id"] as? String == feature["id"] as? String)
            }
            let few = try await server.send("GET", "/v1/frames?f=geojson&fields=mode&limit=1")
            let properties = (few.json["features"] as? [[String: Any]])?.first?["properties"] as? [String: Any]
            #expect(Set(properties?.keys.map { $0 } ?? []) == ["datetime", "mode"])
            #expect(
                try await server.send("GET", "/v1/ogc/collections/frames/items/nothing").problem == "frame-not-found")
        }
    }

    @Test func `the collection says where and when its frames are`() async throws {
        try await withServer { server in
            #expect(try await server.send("GET", "/v1/ogc/collections/frames").status == 200)
            try await Self.fill(server)
            let landing = try await server.send("GET", "/v1/ogc")
            for link in try #require(landing.json["links"] as? [[String: String]]) {
                let path = link["href"]!.dropFirst("http://127.0.0.1:\(server.port)".count)
                let answer = try await server.send("GET", String(path))
                #expect(answer.status == 200 && answer.headers["content-type"] == link["type"], "\(link)")
            }
            let list = try await server.send("GET", "/v1/ogc/collections")
            let collection = try #require((list.json["collections"] as? [[String: Any]])?.first)
            let extent = try #require(collection["extent"] as? [String: [String: Any]])
            let box = try #require(extent["spatial"]?["bbox"] as? [[Double]]).map {
                $0.map { ($0 * 1e6).rounded() / 1e6 }
            }
            #expect(box == [[-180, -16.8, 179.999, -16.8]])
            #expect(
                extent["temporal"]?["interval"] as? [[String]] == [
                    ["2026-05-04T12:00:00.000000Z", "2026-05-05T13:00:00.000000Z"]
                ])
        }
    }

    @Test func `a summary adds up what the list lists`() async throws {
        try await withServer { server in
            try await Self.fill(server)
            func ask(_ query: String) async throws -> [[String: Any]] {
                let answer = try await server.send("GET", "/v1/summary?\(query)")
                #expect(answer.status == 200, "\(query): \(answer.json)")
                return answer.json["items"] as? [[String: Any]] ?? []
            }
            let all = try await ask("")
            #expect(all.count == 1 && all[0]["frames"] as? Int == 8 && all[0]["found_registrations"] as? Int == 4)
            #expect(all[0]["lost_registrations"] as? Int == 0 && all[0]["resets"] as? Int == 0)
            let drones = try await ask("group_by=drone")
            #expect(drones.map { $0["drone_id"] as? String } == ["a", "b"])
            #expect(drones.map { $0["frames"] as? Int } == [5, 3])
            #expect(drones[1]["similarity_mean"] is NSNull)
            #expect(try await ask("group_by=mission").first?["mission_id"] is NSNull)
            let hours = try await ask("group_by=hour,class&drone=a")
            let listed = try await server.send("GET", "/v1/frames?drone=a").json["items"] as? [[String: Any]] ?? []
            for group in hours {
                #expect(group["hour"] as? String == "2026-05-04T12:00:00.000000Z")
                let name = try #require(group["class"] as? String)
                let items = listed.compactMap { frame in
                    (frame["classes"] as? [[String: Any]])?.first { $0["name"] as? String == name }
                }
                let pixels = items.compactMap { $0["pixels"] as? Int }
                #expect(group["pixels"] as? Int == pixels.reduce(0, +))
                #expect(group["frames_with_class"] as? Int == pixels.count { $0 > 0 })
                let mean = items.compactMap { $0["fraction"] as? Double }.reduce(0, +) / 5
                #expect(abs(try #require(group["fraction"] as? Double) - mean) < 1e-9)
            }
            #expect(hours.count == (listed[0]["classes"] as? [Any])?.count)
            #expect(try await ask("group_by=day").map { $0["day"] as? String } == ["2026-05-04", "2026-05-05"])
            let inside = try await server.send(
                "GET", "/v1/summary?bbox=179.9985,-17,-179.9995,-16&datetime=2026-05-04T12:30:00Z/..")
            #expect(inside.json["bbox"] as? [Double] == [179.998, -17, -179.999, -16])
            #expect(inside.json["datetime"] as? String == "2026-05-04T12:00:00.000000Z/..")
            #expect((inside.json["items"] as? [[String: Any]])?.first?["frames"] as? Int == 3)
            let cells = try await ask("group_by=cell&cell=0.001&bbox=179.99,-16.9,-179.99,-16.7")
            #expect(cells.map { $0["frames"] as? Int } == [1, 1, 1, 1, 1])
            #expect(cells[0]["cell"] as? [Double] == [-180, -16.8, -179.999, -16.799])
            let first = try await server.send("GET", "/v1/summary?group_by=drone&limit=1")
            let cursor = try #require(first.json["next_cursor"] as? String)
            let second = try await server.send("GET", "/v1/summary?group_by=drone&limit=1&cursor=\(cursor)")
            #expect((second.json["items"] as? [[String: Any]])?.first?["drone_id"] as? String == "b")
            #expect(second.json["next_cursor"] is NSNull)
        }
    }

    @Test func `a query that takes too long is a problem of its own`() async throws {
        try await withServer {
            $0.store.queryTime = .zero
        } _: { server in
            for path in ["frames", "summary", "ogc/collections/frames/items"] {
                let answer = try await server.send("GET", "/v1/\(path)")
                #expect(answer.status == 503 && answer.problem == "query-timeout")
            }
        }
    }
}
