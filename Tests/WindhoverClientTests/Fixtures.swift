import Foundation
import Synchronization
import WindhoverClient

/// A sleeper that does not sleep, but remembers how long it was asked to.
final class Naps: Sendable {
    private let taken = Mutex<[Duration]>([])

    var all: [Duration] { taken.withLock { $0 } }

    func sleep(_ duration: Duration) {
        taken.withLock { $0.append(duration) }
    }
}

func makeClient(
    _ server: ScriptedServer, naps: Naps = Naps(), apiKey: String? = nil, retry: RetryPolicy = RetryPolicy(),
    resumesIdleSessions: Bool = true
) -> WindhoverClient {
    WindhoverClient(
        baseURL: server.url, apiKey: apiKey, retry: retry, resumesIdleSessions: resumesIdleSessions,
        sleep: { naps.sleep($0) }, jitter: { 0 })
}

enum Fixture {
    static let record = """
        {"id": "0197", "session_id": "s1", "sequence": 3, "captured_at": "2026-06-01T08:00:00.250Z",
         "received_at": "2026-06-01T08:00:01Z", "drone_id": null, "mission_id": "m", "model": "town",
         "model_version": "1", "width": 640, "height": 360, "mode": "propagated", "reason": null, "gap_frames": 0,
         "gap_ms": 100, "registration": {"method": "klt", "ok": true, "matches": 400, "inliers": 380,
         "homography": [1, 0, 2.5, 0, 1, 0, 0, 0, 1]}, "similarity_mean": 0.8, "changed_fraction": 0.03,
         "position": {"lat": 49.5, "lon": 8.4, "alt_m": 60, "heading_deg": 270},
         "telemetry": {"lat": 49.5, "lon": 8.4, "alt_m": 60, "agl_m": null, "heading_deg": 270,
         "origin": {"lat": "explicit", "lon": "explicit", "alt_m": "xmp", "heading_deg": "exif"},
         "footprint": {"type": "Polygon", "coordinates": [[[8.1, 49.1], [8.2, 49.1], [8.2, 49.2], [8.1, 49.1]]]},
         "footprint_reason": null},
         "classes": [{"value": 0, "name": "building", "pixels": 23040, "fraction": 0.1}],
         "stage_ms": {"decode": 4.5, "image_model": 80}, "weather": {"invented": "later"},
         "links": {"mask": "/v1/frames/0197/mask", "overlay": null, "depth": "/v1/frames/0197/depth"}}
        """

    static let session = """
        {"id": "s1", "drone_id": "kestrel", "mission_id": null, "model": "town", "model_version": "1",
         "state": "active", "created_at": "2026-06-01T08:00:00Z", "last_frame_at": null, "last_sequence": null,
         "next_sequence": 0, "frames": 0, "state_bytes": 1000,
         "options": {"propagation": "model", "max_gap_ms": 1000, "state_precision": "float32"}}
        """

    static func problem(_ kind: String, _ status: Int, _ more: String = "") -> String {
        """
        {"type": "urn:windhover:problem:\(kind)", "title": "A problem", "status": \(status),
         "detail": "More about it", "request_id": "r1"\(more)}
        """
    }

    /// Large enough for libcurl to consider asking before it sends (`Expect: 100-continue`).
    static let jpeg = Data([0xFF, 0xD8, 0xFF]) + Data((0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
}
