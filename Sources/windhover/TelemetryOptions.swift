import ArgumentParser
import Foundation
import Telemetry

/// What `windhover send` knows of the camera beside the pictures.
struct TelemetryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take positions, heights and attitudes from this log: CSV, DJI's SRT, or GPX.",
            discussion: """
                CSV has names in its first line: lat, lon, alt_m, agl_m, heading_deg, gimbal_yaw_deg, gimbal_pitch_deg, \
                gimbal_roll_deg, fov_h_deg, fov_v_deg, focal_35mm, speed_mps; and file, frame, captured_at or elapsed_s, \
                by which pictures find their lines. Many other names are understood, units in parentheses too. Between \
                lines values are interpolated. What the log does not say is taken from flight.jsonl, and from the pictures.
                """))
    var telemetry: String?

    @Option(help: "Seconds that the log's clock, or its beginning, is ahead of the pictures'.")
    var telemetryOffset = 0.0

    @Option(
        help: "When the first picture was taken (RFC 3339), where neither it nor flight.jsonl says: of a video, say.")
    var start: Timestamp?

    @Option(help: "Horizontal field of view of the camera, degrees, where nothing else tells it.")
    var fov: Double?

    @Flag(help: "Where nothing tells where the camera looks, it looks straight down.")
    var assumeNadir = false

    func validate() throws {
        if telemetryOffset != 0, telemetry == nil { throw ValidationError("--telemetry-offset needs --telemetry") }
        if let fov, !TelemetryValue.horizontalFieldOfView.range.contains(fov) {
            throw ValidationError("--fov must be 0.1 to 170")
        }
    }

    /// The source with what these options know of its frames.
    func attached(to source: any FrameSource) throws -> any FrameSource {
        let track = try telemetry.map(Self.read)
        if track?.needsTimes == true, start == nil, source is VideoSource {
            throw ValidationError("this log goes by the clock: say with --start when the video began")
        }
        if track == nil, start == nil, fov == nil, !assumeNadir { return source }
        return TrackedSource(source, track: track, options: self)
    }

    private static func read(_ path: String) throws -> TelemetryTrack {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("there is no \(path)")
        }
        do {
            return try TelemetryTrack(String(decoding: data, as: UTF8.self), fileName: path)
        } catch {
            throw Failure("\(path): \(error)")
        }
    }
}
