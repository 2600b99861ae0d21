import Foundation
import Imaging
import Testing

/// What is told of the camera, how it is checked, and what comes back.
@Suite struct TelemetryTests {
    private static let pose =
        "lat=49.4875&lon=8.466&alt_m=160&agl_m=50&heading_deg=85&gimbal_yaw_deg=90&gimbal_pitch_deg=-90&fov_h_deg=90&speed_mps=7"

    @Test func `Telemetry comes back with origins and the ground in view`() async throws {
        try await withServer { server in
            let id = try await server.session()
            let time = "captured_at=2026-05-04T12:00:00Z"
            let frame = try await server.put(TestServer.frame(0), 0, to: id, query: "?\(Self.pose)&\(time)")
            let telemetry = try #require(frame.json["telemetry"] as? [String: Any])
            #expect(telemetry["agl_m"] as? Double == 50 && telemetry["gimbal_pitch_deg"] as? Double == -90)
            #expect(telemetry["gimbal_roll_deg"] is NSNull && telemetry["footprint_reason"] is NSNull)
            // 160 × 96 pixels: square.
            let vertical = try #require(telemetry["fov_v_deg"] as? Double)
            #expect(abs(tan(vertical * .pi / 360) - 0.6) < 1e-9)
            let origin = try #require(telemetry["origin"] as? [String: String])
            #expect(Set(origin.values) == ["explicit"] && origin.count == 11)
            #expect(origin["captured_at"] == "explicit" && origin["gimbal_roll_deg"] == nil)
            let position = try #require(frame.json["position"] as? [String: Any])
            #expect(position["alt_m"] as? Double == 160 && position.count == 4)

            let geometry = try #require(telemetry["footprint"] as? [String: Any])
            #expect(geometry["type"] as? String == "Polygon")
            let ring = try #require((geometry["coordinates"] as? [[[Double]]])?.first)
            #expect(ring.count == 5 && ring.first == ring.last)
            // It looks down with its right side to the south: 100 m from north to south, 60 m from east to west.
            let north = (ring.map { $0[1] }.max()! - ring.map { $0[1] }.min()!) * 111_219.2
            let east = (ring.map { $0[0] }.max()! - ring.map { $0[0] }.min()!) * 72_455
            #expect(abs(north - 100) < 0.01 && abs(east - 60) < 0.01)

            let stored = try await server.send("GET", "/v1/frames/\(try #require(frame.json["id"] as? String))")
            #expect(stored.body == frame.body)
        }
    }

    @Test func `Who tells nothing gets nothing, and who tells too little the reason`() async throws {
        try await withServer { server in
            let id = try await server.session()
            let silent = try await server.put(TestServer.frame(0), 0, to: id)
            #expect(silent.json["telemetry"] is NSNull && silent.json["position"] is NSNull)
            let place = try await server.put(
                TestServer.frame(1), 1, to: id, query: "?lat=49.5&lon=8.4&agl_m=30&heading_deg=3&fov_h_deg=60")
            let telemetry = try #require(place.json["telemetry"] as? [String: Any])
            #expect(telemetry["footprint"] is NSNull && telemetry["footprint_reason"] as? String == "no-gimbal")
            let told = try await server.put(
                TestServer.frame(2), 2, to: id,
                query: "?lat=49.5&lon=8.4&agl_m=30&heading_deg=3&focal_35mm=24&assume_nadir=true&sidecar=true")
            let assumed = try #require(told.json["telemetry"] as? [String: Any])
            #expect(assumed["footprint"] is [String: Any])
            let origin = try #require(assumed["origin"] as? [String: String])
            #expect(origin["gimbal_pitch_deg"] == "assumed" && origin["fov_v_deg"] == "sidecar")
        }
    }

    @Test(
        "A value that makes no sense is refused and named",
        arguments: [
            ("lat=90.5&lon=8", "lat"), ("lat=1", "lon"), ("lon=1", "lat"), ("lat=nan&lon=1", "lat"),
            ("lat=1&lon=-180.1", "lon"), ("agl_m=inf", "agl_m"), ("agl_m=x", "agl_m"),
            ("gimbal_pitch_deg=-181", "gimbal_pitch_deg"), ("gimbal_yaw_deg=400", "gimbal_yaw_deg"),
            ("fov_h_deg=0", "fov_h_deg"), ("fov_v_deg=180", "fov_v_deg"), ("focal_35mm=0", "focal_35mm"),
            ("focal_35mm=24&fov_v_deg=50", "focal_35mm"), ("speed_mps=-1", "speed_mps"), ("sidecar=1", "sidecar"),
            ("assume_nadir=yes", "assume_nadir"),
        ])
    func refused(query: String, field: String) async throws {
        try await withServer { server in
            let id = try await server.session()
            let answer = try await server.put(TestServer.frame(0), 0, to: id, query: "?\(query)")
            #expect(answer.status == 400 && answer.json["field"] as? String == field)
        }
    }
}

extension TelemetryTests {
    @Test func `A mask is laid on the map, class by class`() async throws {
        try await withServer { server in
            let id = try await server.session()
            let frame = try await server.put(TestServer.frame(0), 0, to: id, query: "?\(Self.pose)")
            let links = try #require(frame.json["links"] as? [String: String])
            let answer = try await server.send("GET", try #require(links["ground"]))
            #expect(answer.status == 200 && answer.headers["content-type"] == "application/geo+json")
            #expect(answer.json["type"] as? String == "FeatureCollection")
            #expect(answer.json["frame_id"] as? String == frame.json["id"] as? String)
            let features = try #require(answer.json["features"] as? [[String: Any]])
            let properties = features.compactMap { $0["properties"] as? [String: Any] }
            let area = properties.compactMap { $0["area_m2"] as? Double }.reduce(0, +)
            #expect(abs(area - 6000) < 0.01 * Double(features.count))
            #expect(properties.compactMap { $0["pixels"] as? Int }.reduce(0, +) == 160 * 96)
            let georef = try #require(answer.json["georef"] as? [String: Any])
            #expect(georef["method"] as? String == "flat-ground")
            let (error, worst) = (georef["error_m"] as? Double ?? 0, georef["worst_error_m"] as? Double ?? 0)
            #expect(error > 2 && worst > error)
            #expect(properties.allSatisfy { ($0["error_m"] as? Double ?? 99) <= worst })

            let only = try await server.send("GET", "\(try #require(links["ground"]))&class=road&min_area=50")
            let roads = only.json["features"] as? [[String: Any]] ?? []
            #expect(roads.allSatisfy { ($0["properties"] as? [String: Any])?["class"] as? String == "road" })
            #expect(roads.count < features.count)
        }
    }

    @Test func `A frame whose ground is not known is not laid on the map`() async throws {
        try await withServer { server in
            let id = try await server.session()
            for (number, (query, reason)) in [
                ("", "no-telemetry"), ("?lat=1&lon=2", "no-altitude-above-ground"),
                ("?lat=1&lon=2&agl_m=9&gimbal_pitch_deg=-5&heading_deg=0&fov_v_deg=40", "horizon-in-view"),
            ].enumerated() {
                let frame = try await server.put(TestServer.frame(number), number, to: id, query: query)
                #expect((frame.json["links"] as? [String: String])?["ground"] == nil)
                let path = "/v1/frames/\(try #require(frame.json["id"] as? String))/polygons?on=ground"
                let answer = try await server.send("GET", path)
                #expect(answer.status == 409 && answer.problem == "not-georeferenced")
                #expect(answer.json["reason"] as? String == reason)
            }
            let frame = try #require(try await server.put(TestServer.frame(0), 5, to: id).json["id"] as? String)
            let elsewhere = try await server.send("GET", "/v1/frames/\(frame)/polygons?on=water")
            #expect(elsewhere.status == 400 && elsewhere.json["field"] as? String == "on")
        }
    }
}

extension TelemetryTests {
    /// A JPEG that decodes, with an XMP packet of these properties behind its first marker.
    private static func jpeg(_ k: Int, xmp: String) throws -> [UInt8] {
        let plain = try ImageCodec.decode(TestServer.frame(k)).jpegData(quality: 90)
        let payload =
            Array("http://ns.adobe.com/xap/1.0/\0<rdf:Description \(xmp)/>".utf8)
        let length = payload.count + 2
        return plain.prefix(2) + [0xff, 0xe1, UInt8(length >> 8), UInt8(length & 255)] + payload + plain.dropFirst(2)
    }

    @Test func `What a JPEG says of its camera is kept, after what is told, and nonsense in it is passed over`()
        async throws
    {
        try await withServer { server in
            let id = try await server.session()
            let xmp = """
                drone-dji:GpsLatitude="49.4" drone-dji:GpsLongtitude="8.4" drone-dji:RelativeAltitude="+50.0" \
                drone-dji:GimbalPitchDegree="-90.00" drone-dji:GimbalYawDegree="+5.0" drone-dji:AbsoluteAltitude="nan"
                """
            let frame = try await server.put(
                Self.jpeg(0, xmp: xmp), 0, to: id, query: "?agl_m=40&fov_h_deg=60",
                headers: ["Content-Type": "image/jpeg"])
            let telemetry = try #require(frame.json["telemetry"] as? [String: Any])
            #expect(telemetry["agl_m"] as? Double == 40 && telemetry["lat"] as? Double == 49.4)
            #expect(telemetry["alt_m"] is NSNull && telemetry["footprint"] is [String: Any])
            let origin = try #require(telemetry["origin"] as? [String: String])
            #expect(origin["agl_m"] == "explicit" && origin["lat"] == "xmp" && origin["alt_m"] == nil)
            #expect((frame.json["position"] as? [String: Any])?["lon"] as? Double == 8.4)

            let broken = try await server.put(
                Self.jpeg(1, xmp: "drone-dji:GpsLatitude=\"490\" drone-dji:RelativeAltitude='"), 1, to: id,
                headers: ["Content-Type": "image/jpeg"])
            #expect(broken.status == 200 && broken.json["telemetry"] is NSNull)
        }
    }
}
