/// The ground that a frame shows, as a ring around it.
package struct Footprint: Sendable, Equatable {
    /// The places under the frame's corners: top left, bottom left, bottom right, top right, which is counter-clockwise
    /// on the map; not closed.
    package let corners: [Coordinate]

    package init(corners: [Coordinate]) {
        self.corners = corners
    }

    package init(_ view: GroundView) {
        corners = GroundView.corners(view.width, view.height).map { view.plane.coordinate(view.ground($0.x, $0.y)) }
    }

    /// Degrees; `west` is greater than `east` where the antimeridian lies between them (RFC 7946, 5.2).
    package var bounds: (west: Double, south: Double, east: Double, north: Double) {
        let latitudes = corners.map(\.latitude)
        let longitudes = corners.map { $0.longitude < 0 && crosses ? $0.longitude + 360 : $0.longitude }
        let east = longitudes.max() ?? 0
        return (longitudes.min() ?? 0, latitudes.min() ?? 0, east > 180 ? east - 360 : east, latitudes.max() ?? 0)
    }

    /// Whether the antimeridian lies within: no footprint spans half of the earth.
    package var crosses: Bool {
        let longitudes = corners.map(\.longitude)
        return (longitudes.max() ?? 0) - (longitudes.min() ?? 0) > 180
    }

    /// As GeoJSON: a polygon, or two where the antimeridian cuts it.
    package var geometry: GeoPolygon { GeoPolygon(rings: [corners]) }
}
