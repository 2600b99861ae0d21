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
