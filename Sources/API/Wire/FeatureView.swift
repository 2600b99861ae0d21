import Foundation
import HTTPTypes
import Hummingbird
import Results
import Telemetry

/// A frame as a feature of GeoJSON (RFC 7946) with a STAC item's members: where the camera was, when, what was seen.
///
/// Properties are flat, because programs that draw maps make columns of them: `fraction_road` is the part of the frame
/// that is road.
struct FeatureView: Encodable {
    static let mediaType = "application/geo+json"
    static let collection = "frames"

    let frame: FrameRecord
    var only: Set<String>?
    /// Where the server is, as its client calls it.
    let base: String

    private enum Key: String, CodingKey {
        case type, id, collection, geometry, bbox, properties, assets, links
        case stacVersion = "stac_version"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode("Feature", forKey: .type)
        try out.encode("1.0.0", forKey: .stacVersion)
        try out.encode(frame.id, forKey: .id)
        try out.encode(Self.collection, forKey: .collection)
        if let (lat, lon) = frame.telemetry?.place {
            try out.encode(Point(coordinates: [lon, lat]), forKey: .geometry)
            try out.encode([lon, lat, lon, lat], forKey: .bbox)
        } else {
            try out.encodeNil(forKey: .geometry)
        }
        try encodeProperties(out.superEncoder(forKey: .properties))
        try out.encode(assets, forKey: .assets)
        try out.encode(
            [
                LinkView(href: "\(base)\(FeatureRoutes.items)/\(frame.id)", rel: "self", type: Self.mediaType),
                LinkView(href: "\(base)/v1/frames/\(frame.id)", rel: "alternate", type: "application/json"),
                LinkView(href: "\(base)\(FeatureRoutes.collection)", rel: "collection", type: "application/json"),
            ], forKey: .links)
    }

    private struct Point: Encodable {
        let type = "Point"
        let coordinates: [Double]

        private enum CodingKeys: CodingKey { case type, coordinates }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private func encodeProperties(_ encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Name.self)
        // A feature without its time is no STAC item. Where it is is its geometry.
        try out.encode(RFC3339.text(frame.capturedAt), forKey: Name("datetime"))
        let camera = FlatFrame.telemetry.filter { !["lat", "lon"].contains($0.name) }
        let fractions = frame.classes.map { FlatFrame.fraction(of: $0.name) }
        for column in FlatFrame.columns + camera + fractions where column.isWanted(only) {
            try out.encode(column.value(frame), forKey: Name(column.name))
        }
    }

    private struct Asset: Encodable {
        let href: String
        let type: String
        let roles: [String]
    }

    private var assets: [String: Asset] {
        let path = "\(base)/v1/frames/\(frame.id)"
        var assets: [String: Asset] = [:]
        if frame.mask != nil {
            assets["mask"] = Asset(href: "\(path)/mask", type: "image/png", roles: ["data"])
            assets["polygons"] = Asset(href: "\(path)/polygons", type: "application/json", roles: ["data"])
            if frame.image != nil {
                assets["overlay"] = Asset(href: "\(path)/overlay", type: "image/jpeg", roles: ["overview"])
            }
        }
        if frame.image != nil { assets["image"] = Asset(href: "\(path)/image", type: "image/jpeg", roles: ["visual"]) }
        if frame.similarity != nil {
            assets["similarity"] = Asset(href: "\(path)/similarity", type: "image/png", roles: ["metadata"])
        }
        return assets
    }
}

struct LinkView: Encodable {
    let href: String
    let rel: String
    let type: String
    var title: String?
}

/// A page of features.
private struct FeatureCollectionView: Encodable {
    let type = "FeatureCollection"
    let features: [FeatureView]
    let links: [LinkView]
    let numberReturned: Int
    let timeStamp: String

    private enum CodingKeys: CodingKey { case type, features, links, numberReturned, timeStamp }
}

extension Response {
    /// A page of a list of frames as a FeatureCollection; the next page is a link.
    static func features(_ page: Page<FrameRecord>, _ wanted: FrameQueryParameters, _ request: Request) -> Response {
        let base = request.base
        let query = (request.uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("cursor=") }
        func link(_ rel: String, _ parts: [String]) -> LinkView {
            let tail = parts.isEmpty ? "" : "?\(parts.joined(separator: "&"))"
            return LinkView(href: "\(base)\(request.uri.path)\(tail)", rel: rel, type: FeatureView.mediaType)
        }
        var links = [link("self", (request.uri.query ?? "").split(separator: "&").map(String.init))]
        if let cursor = page.nextCursor { links.append(link("next", query.map(String.init) + ["cursor=\(cursor)"])) }
        links.append(
            LinkView(href: "\(base)\(FeatureRoutes.collection)", rel: "collection", type: "application/json"))
        let view = FeatureCollectionView(
            features: page.items.map { FeatureView(frame: $0, only: wanted.fields, base: base) }, links: links,
            numberReturned: page.items.count, timeStamp: RFC3339.text(Date()))
        return .bytes(encoded(view), type: FeatureView.mediaType)
    }
}

extension Request {
    /// Where the server is, as its client calls it: programs for maps want links in full.
    ///
    /// What the client says of itself goes to the client alone.
    var base: String {
        let isSecure = headers[HTTPField.Name("X-Forwarded-Proto")!]?.lowercased() == "https"
        return "\(isSecure ? "https" : "http")://\(head.authority ?? "localhost")"
    }
}
