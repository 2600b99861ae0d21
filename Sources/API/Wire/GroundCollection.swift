import Foundation
import HTTPTypes
import Hummingbird
import Imaging
import Results
import Telemetry

/// A frame's mask on the map: a FeatureCollection of GeoJSON (RFC 7946).
struct GroundCollection: Encodable {
    private let frame: FrameRecord
    private let view: GroundView
    private var features: [Feature] = []

    /// Where the frame's pixels lie, or why that is not known: 409 `not-georeferenced`.
    static func view(of frame: FrameRecord) throws(Problem) -> GroundView {
        guard let telemetry = frame.telemetry else { throw .notGeoreferenced("no-telemetry") }
        do {
            return try GroundView(telemetry, width: frame.width, height: frame.height)
        } catch {
            throw .notGeoreferenced(error.rawValue)
        }
    }

    init(_ frame: FrameRecord, on view: GroundView) {
        self.frame = frame
        self.view = view
    }

    mutating func add(_ set: PolygonSet, of item: FrameRecord.ClassPixels) {
        features += set.polygons.map { polygon in
            func pairs(_ ring: [PolygonSet.Point]) -> [(x: Int, y: Int)] { ring.map { ($0.x, $0.y) } }
            let ground = view.polygon(exterior: pairs(polygon.exterior), holes: polygon.holes.map(pairs))
            return Feature(
                geometry: ground.geometry,
                properties: .init(
                    class: item.name, value: item.value, pixels: polygon.area, area: ground.area.rounded(to: 100),
                    error: ground.error.rounded(to: 100)))
        }
    }

    private enum Key: String, CodingKey {
        case type, features, georef
        case frameID = "frame_id"
        case capturedAt = "captured_at"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode("FeatureCollection", forKey: .type)
        try out.encode(features, forKey: .features)
        try out.encode(frame.id, forKey: .frameID)
        try out.encode(RFC3339.text(frame.capturedAt), forKey: .capturedAt)
        try out.encode(GeoreferenceView(view), forKey: .georef)
    }

    private struct Feature: Encodable {
        let type = "Feature"
        let geometry: GeoPolygon
        let properties: Properties

        private enum CodingKeys: String, CodingKey { case type, geometry, properties }
    }

    private struct Properties: Encodable {
        let `class`: String
        let value: Int
        let pixels: Int
        let area: Double
        let error: Double

        private enum CodingKeys: String, CodingKey {
            case `class`, value, pixels
            case area = "area_m2"
            case error = "error_m"
        }
    }
}

/// How pixels were laid on the ground, and how far off that may be.
private struct GeoreferenceView: Encodable {
    let method = "flat-ground"
    let errorM: Double
    let worstErrorM: Double
    let assumed: [String: Double]

    init(_ view: GroundView) {
        let (width, height) = (Double(view.width), Double(view.height))
        errorM = view.error(width / 2, height / 2).rounded(to: 100)
        let corners = [(0, 0), (width, 0), (0, height), (width, height)]
        worstErrorM = (corners.map { view.error($0.0, $0.1) }.max() ?? 0).rounded(to: 100)
        let known = view.uncertainty
        assumed = [
            "position_m": known.position, "height_m": known.height.rounded(to: 100),
            "tilt_deg": (known.tilt * 180 / .pi).rounded(to: 100),
            "heading_deg": (known.heading * 180 / .pi).rounded(to: 100), "field_of_view": known.fieldOfView,
        ]
    }

    private enum CodingKeys: String, CodingKey {
        case method, assumed
        case errorM = "error_m"
        case worstErrorM = "worst_error_m"
    }
}

extension Double {
    fileprivate func rounded(to parts: Double) -> Double { (self * parts).rounded() / parts }
}

extension Problem {
    /// `reason` is one of `footprint_reason`, or `no-telemetry`.
    fileprivate static func notGeoreferenced(_ reason: String) -> Problem {
        Problem(
            status: .conflict, slug: "not-georeferenced", title: "The frame cannot be laid on the ground",
            detail: "Where the frame's pixels lie on the ground is not known (\(reason)).",
            extra: ["reason": .string(reason)])
    }
}
