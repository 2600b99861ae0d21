/// The outlines of one class of a mask.
///
/// A polygon is one part of the class: pixels that touch along edges (4-connectivity; parts that meet only at a corner
/// are separate). Its rings run along the pixels' edges, so their corners are whole numbers, (0, 0) the picture's top
/// left corner and (width, height) its bottom right one; the last point is not repeated.
///
/// Exteriors run counter-clockwise and holes clockwise **as seen on screen**, y pointing down: the class is on the left
/// of the way, and a north-up picture laid on a map gives the winding that RFC 7946, 3.1.6 asks for. Each hole belongs
/// to the polygon it is in; a part that lies in another's hole is a polygon of its own. No ring passes a point twice,
/// so the polygons are valid in the sense of the OGC's Simple Features; a hole may touch the exterior, or another hole,
/// at a single point.
///
/// With the default options filling the rings by the even-odd rule gives back exactly the pixels of the class.
package struct PolygonSet: Sendable, Equatable {
    package struct Point: Sendable, Hashable {
        package let x: Int
        package let y: Int

        package init(x: Int, y: Int) {
            self.x = x
            self.y = y
        }
    }

    package struct Polygon: Sendable, Equatable {
        package let exterior: [Point]
        package let holes: [[Point]]
        /// The pixels of the part, as they are in the mask.
        package let area: Int
    }

    /// In the order of their topmost, then leftmost pixels.
    package let polygons: [Polygon]

    /// Traces the outlines of a class.
    ///
    /// - Parameters:
    ///   - minArea: Parts of fewer pixels are left out, and smaller holes filled.
    ///   - simplify: How many pixels a ring may stray from its exact way (Douglas and Peucker 1973); 0 is exact. Points
    ///     are only left out, never moved. A simplified ring may cross itself or a neighbour; a hole that collapses is
    ///     left out, an exterior that would keeps its exact way.
    package init(mask: LabelMap, class label: Int, minArea: Int = 1, simplify: Double = 0) {
        var tracer = RingTracer(mask: mask, label: label)
        polygons = tracer.parts().filter { $0.area >= minArea }.map { part in
            let holes = part.holes.filter { minArea <= 1 || Self.area($0) >= minArea }
            guard simplify > 0 else {
                return Polygon(exterior: part.exterior, holes: holes, area: part.area)
            }
            let exterior = part.exterior.simplified(tolerance: simplify) ?? part.exterior
            return Polygon(
                exterior: exterior, holes: holes.compactMap { $0.simplified(tolerance: simplify) }, area: part.area)
        }
    }

    /// Pixels inside a ring, by the shoelace formula.
    private static func area(_ ring: [Point]) -> Int {
        var doubled = 0
        var previous = ring[ring.count - 1]
        for point in ring {
            doubled += previous.x * point.y - point.x * previous.y
            previous = point
        }
        return abs(doubled) / 2
    }
}

extension PolygonSet.Point: Codable {
    /// Reads `[x, y]`.
    package init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        self.init(x: try container.decode(Int.self), y: try container.decode(Int.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(x)
        try container.encode(y)
    }
}

extension PolygonSet.Polygon: Codable {}
