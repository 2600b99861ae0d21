/// One number that is known of a camera when it took a frame.
///
/// The raw value is its name in requests, answers, tables and CSV files.
package enum TelemetryValue: String, Sendable, CaseIterable, Codable {
    /// Degrees WGS 84; latitude and longitude are known together or not at all.
    case latitude = "lat"
    case longitude = "lon"
    /// Metres above sea level.
    case altitude = "alt_m"
    /// Metres above the ground below the camera.
    case heightAboveGround = "agl_m"
    /// Where the aircraft's nose, or the camera if nothing else is known of it, points: degrees clockwise from north.
    case heading = "heading_deg"
    /// The camera's own attitude in the order yaw, pitch, roll, as DJI has it: yaw clockwise from true north (not from
    /// the nose), pitch above the horizon (−90 looks straight down), roll clockwise about the line of sight.
    case gimbalYaw = "gimbal_yaw_deg"
    case gimbalPitch = "gimbal_pitch_deg"
    case gimbalRoll = "gimbal_roll_deg"
    /// Degrees over the upright frame's width and height.
    case horizontalFieldOfView = "fov_h_deg"
    case verticalFieldOfView = "fov_v_deg"
    /// Metres a second over ground.
    case speed = "speed_mps"

    /// What makes sense; anything else is refused, or passed over where nobody asked for it.
    package var range: ClosedRange<Double> {
        switch self {
        case .latitude: -90...90
        case .longitude: -180...180
        case .altitude, .heightAboveGround: -1000...100_000
        case .heading, .gimbalYaw: -360...360
        case .gimbalPitch, .gimbalRoll: -180...180
        case .horizontalFieldOfView, .verticalFieldOfView: 0.1...170
        case .speed: 0...1000
        }
    }

    /// Whether it goes round: what lies between 350 and 10 is 0, not 180.
    package var isAngle: Bool {
        switch self {
        case .longitude, .heading, .gimbalYaw, .gimbalRoll: true
        default: false
        }
    }
}

/// Where a value is from; the earlier counts before the later.
package enum TelemetryOrigin: String, Sendable, CaseIterable, Codable {
    /// Told with the upload, by somebody who knows.
    case explicit
    /// Told with the upload, from a log that was kept beside the pictures.
    case sidecar
    /// The picture's XMP, as DJI writes it.
    case xmp
    /// The picture's EXIF.
    case exif
    /// Nobody knows: the client said that the camera looks straight down.
    case assumed
}
