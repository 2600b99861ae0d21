/// A polygon in degrees that becomes a geometry of GeoJSON (RFC 7946).
package struct GeoPolygon: Sendable, Equatable {
    /// Closed rings, the exterior of each part first and counter-clockwise, holes clockwise.
    package let parts: [[[Coordinate]]]

    /// Closes rings, and cuts them where they cross the antimeridian (RFC 7946, 3.1.9).
    ///
    /// - Parameter rings: The exterior, counter-clockwise, then holes, clockwise; not closed. Narrower than half of the
    ///   earth.
    package init(rings: [[Coordinate]]) {
        let longitudes = rings.joined().map(\.longitude)
        guard (longitudes.max() ?? 0) - (longitudes.min() ?? 0) > 180 else {
            parts = [rings.map(Self.closed)]
            return
        }
        let unwound = rings.map {
            $0.map { Unwound($0.longitude < 0 ? $0.longitude + 360 : $0.longitude, $0.latitude) }
        }
        parts = [(side: 1.0, turn: 0.0), (-1, 360)].map { side, turn in
            unwound.compactMap { ring in
                let piece = Self.clipped(ring, side)
                guard piece.count >= 3 else { return nil }
                return Self.closed(piece.map { Coordinate(latitude: $0.latitude, longitude: $0.longitude - turn) })
            }
        }.filter { !$0.isEmpty }
    }

    /// A place whose longitude goes on beyond 180.
    private struct Unwound {
        var longitude: Double
        var latitude: Double

        init(_ longitude: Double, _ latitude: Double) {
            self.longitude = longitude
            self.latitude = latitude
        }
    }

    private static func closed(_ ring: [Coordinate]) -> [Coordinate] { ring + ring.prefix(1) }

    /// What of a ring lies west (`side` 1) or east (−1) of the antimeridian (Sutherland and Hodgman 1974).
    ///
    /// A ring that comes and goes several times stays one, joined along the antimeridian.
    private static func clipped(_ ring: [Unwound], _ side: Double) -> [Unwound] {
        func isInside(_ point: Unwound) -> Bool { (180 - point.longitude) * side >= 0 }
        var result: [Unwound] = []
        for (index, point) in ring.enumerated() {
            let previous = ring[(index + ring.count - 1) % ring.count]
            if isInside(point) != isInside(previous) {
                let share = (180 - previous.longitude) / (point.longitude - previous.longitude)
                result.append(Unwound(180, previous.latitude + share * (point.latitude - previous.latitude)))
            }
            if isInside(point) { result.append(point) }
        }
        return result
    }
}

extension GeoPolygon: Encodable {
    private enum Key: String, CodingKey { case type, coordinates }

    package func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        let rings = parts.map { $0.map { $0.map { [$0.longitude, $0.latitude] } } }
        if let only = rings.first, rings.count == 1 {
            try out.encode("Polygon", forKey: .type)
            try out.encode(only, forKey: .coordinates)
        } else {
            try out.encode("MultiPolygon", forKey: .type)
            try out.encode(rings, forKey: .coordinates)
        }
    }
}
