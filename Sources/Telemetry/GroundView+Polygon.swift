extension GroundView {
    /// A polygon of the picture, laid on the ground.
    package struct GroundPolygon: Sendable, Equatable {
        package let geometry: GeoPolygon
        /// Square metres of flat ground, holes left out.
        package let area: Double
        /// Metres, at the corner where it is greatest: see `PoseUncertainty`.
        package let error: Double
    }

    /// Lays rings of the picture's pixel edges on the ground.
    ///
    /// The camera looks at the ground from above, so a ring that is counter-clockwise on the screen is so on the map, as
    /// RFC 7946, 3.1.6 wants it.
    ///
    /// - Parameters:
    ///   - exterior: Counter-clockwise as seen on the screen, not closed.
    ///   - holes: Clockwise.
    package func polygon(exterior: [(x: Int, y: Int)], holes: [[(x: Int, y: Int)]]) -> GroundPolygon {
        let rings = ([exterior] + holes).map { $0.map { ground(Double($0.x), Double($0.y)) } }
        return GroundPolygon(
            geometry: GeoPolygon(rings: rings.map { $0.map(plane.coordinate) }),
            area: rings.map(Self.signedArea).reduce(0, +),
            error: exterior.map { error(Double($0.x), Double($0.y)) }.max() ?? 0)
    }

    /// Of a ring, positive where it is counter-clockwise (the shoelace formula).
    private static func signedArea(_ ring: [GroundPoint]) -> Double {
        guard var previous = ring.last else { return 0 }
        return ring.reduce(0) { sum, point in
            defer { previous = point }
            return sum + (previous.east * point.north - point.east * previous.north) / 2
        }
    }
}
