import Foundation
import Results
import Telemetry

/// What is known of the camera when it took a frame, where each value is from, and the ground that the frame shows.
struct TelemetryView: Encodable {
    let telemetry: CameraTelemetry
    let footprint: Footprint?
    let footprintReason: String?

    /// Nil where nothing was told.
    init?(_ frame: FrameRecord) {
        guard let telemetry = frame.telemetry else { return nil }
        self.telemetry = telemetry
        footprint = frame.footprint
        footprintReason = frame.footprintReason
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: MemberKey.self)
        var origins: [String: TelemetryOrigin] = [:]
        for value in TelemetryValue.allCases {
            try out.encode(telemetry[value], forKey: MemberKey(value.rawValue))
            origins[value.rawValue] = telemetry.origin(of: value)
        }
        origins["captured_at"] = telemetry.timeOrigin
        try out.encode(origins.mapValues(\.rawValue), forKey: MemberKey("origin"))
        try out.encode(footprint?.geometry, forKey: MemberKey("footprint"))
        try out.encode(footprintReason, forKey: MemberKey("footprint_reason"))
    }
}

/// Where the camera was: the part of its telemetry that is older than the rest.
struct PositionView: Encodable {
    let telemetry: CameraTelemetry

    private static let values = [TelemetryValue.latitude, .longitude, .altitude, .heading]

    /// Nil where none of it is known.
    init?(_ frame: FrameRecord) {
        guard let telemetry = frame.telemetry, Self.values.contains(where: { telemetry[$0] != nil }) else { return nil }
        self.telemetry = telemetry
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: MemberKey.self)
        for value in Self.values { try out.encode(telemetry[value], forKey: MemberKey(value.rawValue)) }
    }
}

/// A member whose name is a value.
private struct MemberKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}
