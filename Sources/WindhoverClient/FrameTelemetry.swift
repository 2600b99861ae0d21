/// What is known of a camera when it took a frame.
///
/// Degrees, metres, seconds. Told with an upload, and in a record with where each value is from.
public struct FrameTelemetry: Codable, Sendable, Equatable {
    /// WGS 84; both or neither.
    public var lat: Double?
    public var lon: Double?
    /// Above sea level.
    public var altM: Double?
    /// Above the ground below the camera.
    public var aglM: Double?
    /// Of the aircraft's nose, clockwise from north.
    public var headingDeg: Double?
    /// Of the camera itself, clockwise from north.
    public var gimbalYawDeg: Double?
    /// Above the horizon: −90 looks straight down.
    public var gimbalPitchDeg: Double?
    /// Clockwise about the line of sight.
    public var gimbalRollDeg: Double?
    /// Over the frame's width; the server works out what is missing of the two.
    public var fovHDeg: Double?
    /// Over the frame's height.
    public var fovVDeg: Double?
    /// Instead of a field of view, the focal length of a lens that sees as much on 35 mm film; only in uploads.
    public var focal35mm: Double?
    public var speedMps: Double?

    /// Where each value, and `captured_at`, is from: `explicit`, `sidecar`, `xmp`, `exif` or `assumed`.
    ///
    /// Only in records.
    public var origin: [String: String]?
    /// The ground that the frame shows; only in records, and nil where it is not known.
    public var footprint: GroundPolygon?
    /// Why there is no footprint, such as `no-gimbal` or `horizon-in-view`; only in records.
    public var footprintReason: String?

    public init(
        lat: Double? = nil, lon: Double? = nil, altM: Double? = nil, aglM: Double? = nil, headingDeg: Double? = nil,
        gimbalYawDeg: Double? = nil, gimbalPitchDeg: Double? = nil, gimbalRollDeg: Double? = nil,
        fovHDeg: Double? = nil, fovVDeg: Double? = nil, focal35mm: Double? = nil, speedMps: Double? = nil
    ) {
        self.lat = lat
        self.lon = lon
        self.altM = altM
        self.aglM = aglM
        self.headingDeg = headingDeg
        self.gimbalYawDeg = gimbalYawDeg
        self.gimbalPitchDeg = gimbalPitchDeg
        self.gimbalRollDeg = gimbalRollDeg
        self.fovHDeg = fovHDeg
        self.fovVDeg = fovVDeg
        self.focal35mm = focal35mm
        self.speedMps = speedMps
    }

    enum CodingKeys: String, CodingKey {
        case lat, lon, origin, footprint
        case altM = "alt_m"
        case aglM = "agl_m"
        case headingDeg = "heading_deg"
        case gimbalYawDeg = "gimbal_yaw_deg"
        case gimbalPitchDeg = "gimbal_pitch_deg"
        case gimbalRollDeg = "gimbal_roll_deg"
        case fovHDeg = "fov_h_deg"
        case fovVDeg = "fov_v_deg"
        case focal35mm = "focal_35mm"
        case speedMps = "speed_mps"
        case footprintReason = "footprint_reason"
    }

    /// The values as an upload tells them.
    var query: [(name: String, value: String)] {
        let all: [(CodingKeys, Double?)] = [
            (.lat, lat), (.lon, lon), (.altM, altM), (.aglM, aglM), (.headingDeg, headingDeg),
            (.gimbalYawDeg, gimbalYawDeg), (.gimbalPitchDeg, gimbalPitchDeg), (.gimbalRollDeg, gimbalRollDeg),
            (.fovHDeg, fovHDeg), (.fovVDeg, fovVDeg), (.focal35mm, focal35mm), (.speedMps, speedMps),
        ]
        return all.compactMap { key, value in value.map { (key.rawValue, "\($0)") } }
    }
}

/// A polygon of GeoJSON, or several: degrees, longitude first.
public struct GroundPolygon: Codable, Sendable, Equatable {
    /// Each part's rings, closed: the outer one first, then holes.
    public var parts: [[[[Double]]]]

    private enum CodingKeys: String, CodingKey { case type, coordinates }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "Polygon": parts = [try container.decode([[[Double]]].self, forKey: .coordinates)]
        case "MultiPolygon": parts = try container.decode([[[[Double]]]].self, forKey: .coordinates)
        case let other:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "\"\(other)\" is no polygon")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if let only = parts.first, parts.count == 1 {
            try container.encode("Polygon", forKey: .type)
            try container.encode(only, forKey: .coordinates)
        } else {
            try container.encode("MultiPolygon", forKey: .type)
            try container.encode(parts, forKey: .coordinates)
        }
    }
}
