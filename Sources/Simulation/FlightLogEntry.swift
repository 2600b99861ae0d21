import Foundation

/// One line of `flight.jsonl`: what is known of a frame in a folder of frames.
///
/// Only `file` is required, so that logs of real flights can be written by hand or by a small script.
package struct FlightLogEntry: Sendable, Equatable, Codable {
    package var index: Int?
    /// Path of the picture, relative to the log.
    package var file: String
    /// RFC 3339.
    package var capturedAt: Date?
    /// Degrees WGS 84.
    package var lat: Double?
    package var lon: Double?
    /// Metres above sea level, at which the town lies.
    package var altM: Double?
    /// Metres above ground.
    package var aglM: Double?
    /// Degrees clockwise from north.
    package var headingDeg: Double?
    package var gimbalYawDeg: Double?
    /// Degrees above the horizon.
    package var gimbalPitchDeg: Double?
    /// What older logs call it.
    package var pitchDeg: Double?
    /// Degrees clockwise about the line of sight.
    package var gimbalRollDeg: Double?
    /// Horizontal, degrees.
    package var fovHDeg: Double?
    /// Metres a second.
    package var speedMps: Double?
    /// Row-major, from the previous line's picture to this one, in pixels with centres on integers.
    package var homography: [Double]?

    enum CodingKeys: String, CodingKey {
        case index, file, lat, lon, homography
        case capturedAt = "captured_at"
        case altM = "alt_m"
        case aglM = "agl_m"
        case headingDeg = "heading_deg"
        case gimbalYawDeg = "gimbal_yaw_deg"
        case gimbalPitchDeg = "gimbal_pitch_deg"
        case pitchDeg = "pitch_deg"
        case gimbalRollDeg = "gimbal_roll_deg"
        case fovHDeg = "fov_h_deg"
        case speedMps = "speed_mps"
    }

    /// What a simulated frame's line says.
    package init(_ frame: SimulatedFrame, file: String) {
        index = frame.index
        self.file = file
        capturedAt = frame.telemetry.capturedAt
        lat = frame.telemetry.latitude
        lon = frame.telemetry.longitude
        altM = frame.telemetry.altitude
        aglM = frame.telemetry.altitude
        headingDeg = frame.telemetry.heading
        gimbalYawDeg = frame.telemetry.heading
        gimbalPitchDeg = frame.telemetry.pitch
        gimbalRollDeg = frame.telemetry.roll
        fovHDeg = frame.telemetry.fieldOfView
        speedMps = frame.telemetry.speed
        homography = frame.homography
    }

    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// The entries of a log, in order; blank lines are skipped.
    package static func parse(_ text: String) throws -> [FlightLogEntry] {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            if let date = (try? time.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text)) { return date }
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\"\(text)\" is not an RFC 3339 time"))
        }
        return try text.split(whereSeparator: \.isNewline).compactMap { line in
            line.allSatisfy(\.isWhitespace) ? nil : try decoder.decode(FlightLogEntry.self, from: Data(line.utf8))
        }
    }

    /// The entry as one line of JSON, without the line break.
    package func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            // Formatting cuts digits off: half a millisecond makes that rounding.
            try container.encode(date.addingTimeInterval(0.0005).formatted(Self.time))
        }
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
