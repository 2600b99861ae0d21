import Foundation
import Imaging
import Testing

@Suite struct PolygonSetTests {
    typealias Point = PolygonSet.Point

    @Test func `A pixel is a square, counter-clockwise on screen`() {
        let set = PolygonSet(mask: mask("...", ".#.", "..."), class: 1)
        #expect(set.polygons.count == 1)
        #expect(set.polygons[0].exterior == points((1, 1), (1, 2), (2, 2), (2, 1)))
        #expect(set.polygons[0].holes == [])
        #expect(set.polygons[0].area == 1)
    }

    @Test func `A hole belongs to the part around it, and an island in it is a part of its own`() {
        let set = PolygonSet(mask: mask("#####", "#...#", "#.#.#", "#...#", "#####"), class: 1)
        #expect(set.polygons.map(\.area) == [16, 1])
        #expect(set.polygons[0].exterior == points((0, 0), (0, 5), (5, 5), (5, 0)))
        #expect(set.polygons[0].holes == [points((1, 4), (1, 1), (4, 1), (4, 4))])
        #expect(set.polygons[1].exterior == points((2, 2), (2, 3), (3, 3), (3, 2)))
        #expect(set.polygons[1].holes == [])
    }

    @Test func `Pixels that meet at a corner are parts of their own`() {
        let set = PolygonSet(mask: mask("#.#", ".#.", "#.#"), class: 1)
        #expect(set.polygons.map(\.area) == [1, 1, 1, 1, 1])
    }

    @Test func `What a part encloses across a corner is a hole that touches its exterior`() {
        let set = PolygonSet(mask: mask("###", "#.#", "##."), class: 1)
        #expect(set.polygons.count == 1)
        #expect(set.polygons[0].holes == [points((1, 2), (1, 1), (2, 1), (2, 2))])
        #expect(set.polygons[0].exterior.contains(Point(x: 2, y: 2)))
    }

    @Test func `No pixel, no polygon; all pixels, one`() {
        #expect(PolygonSet(mask: mask("...", "..."), class: 1).polygons == [])
        #expect(PolygonSet(mask: mask("...", "..."), class: 300).polygons == [])
        let full = PolygonSet(mask: mask("###", "###"), class: 1).polygons
        #expect(full.map(\.exterior) == [points((0, 0), (0, 2), (3, 2), (3, 0))])
    }

    @Test(arguments: [5, 20, 35, 50, 60, 75, 95])
    func `Rings are exact, simple, wound and nested as documented`(percent: UInt8) throws {
        var noise = Noise(state: UInt64(percent))
        for _ in 0..<150 {
            let (width, height) = (Int.random(in: 1...16, using: &noise), Int.random(in: 1...16, using: &noise))
            let labels = noise.bytes(width * height, in: 0...99).map { $0 < percent ? UInt8(1) : $0 & 1 == 0 ? 0 : 2 }
            let mask = LabelMap(width: width, height: height, classes: labels)
            let polygons = PolygonSet(mask: mask, class: 1).polygons
            var union = [UInt8](repeating: 0, count: width * height)
            for polygon in polygons {
                let inside = fill([polygon.exterior] + polygon.holes, width, height)
                #expect(inside.reduce(0) { $0 + Int($1) } == polygon.area)
                for index in union.indices { union[index] += inside[index] }
                #expect(signedArea(polygon.exterior) < 0)
                #expect(polygon.holes.allSatisfy { signedArea($0) > 0 })
                let area = polygon.holes.reduce(-signedArea(polygon.exterior)) { $0 - signedArea($1) }
                #expect(area == 2 * polygon.area)
                // Each hole lies in its exterior: filling both leaves the exterior's other pixels.
                let whole = fill([polygon.exterior], width, height)
                for hole in polygon.holes {
                    #expect(zip(fill([hole], width, height), whole).allSatisfy { $0 <= $1 })
                }
                for ring in [polygon.exterior] + polygon.holes {
                    let way = corners(of: ring)
                    #expect(Set(way).count == way.count)
                }
            }
            // Parts do not overlap, and make up the class.
            #expect(union == mask.classes.map { $0 == 1 ? 1 : 0 })
        }
    }

    @Test func `Small parts are left out and small holes filled`() {
        let picture = mask("####.#", "#.##..", "####..", "#..#.#", "####.#")
        #expect(PolygonSet(mask: picture, class: 1).polygons.map(\.area) == [17, 1, 2])
        let set = PolygonSet(mask: picture, class: 1, minArea: 2)
        #expect(set.polygons.map(\.area) == [17, 2])
        #expect(set.polygons[0].holes.count == 1)
        #expect(PolygonSet(mask: picture, class: 1, minArea: 18).polygons == [])
    }

    @Test func `Simplified rings keep to their points and stay near their way`() {
        var noise = Noise(state: 9)
        for _ in 0..<100 {
            let coarse = LabelMap(width: 8, height: 6, classes: noise.bytes(48, in: 0...1))
            let picture = coarse.resized(width: 61, height: 47)
            let exact = PolygonSet(mask: picture, class: 1).polygons
            let simple = PolygonSet(mask: picture, class: 1, simplify: 1.5).polygons
            #expect(simple.count == exact.count)
            for (before, after) in zip(exact, simple) {
                #expect(after.area == before.area)
                #expect(after.exterior.count >= 3 && after.exterior.count <= before.exterior.count)
                #expect(Set(after.exterior).isSubset(of: before.exterior))
                #expect(before.exterior.allSatisfy { distance(from: $0, to: after.exterior) <= 1.5 })
            }
        }
    }

    @Test func `A staircase becomes a slope`() {
        let stairs = (1...12).map { String(repeating: "#", count: $0) + String(repeating: ".", count: 12 - $0) }
        let polygon = PolygonSet(mask: mask(stairs), class: 1, simplify: 1).polygons[0]
        #expect(polygon.exterior.count <= 5)
    }

    @Test func `A ring that would collapse keeps its way, and a hole is left out`() {
        let line = PolygonSet(mask: mask("......", ".####.", "......"), class: 1, simplify: 10).polygons
        #expect(line.map(\.exterior) == [points((1, 1), (1, 2), (5, 2), (5, 1))])
        let frame = PolygonSet(mask: mask("####", "#..#", "####"), class: 1, simplify: 10).polygons
        #expect(frame[0].exterior.count == 4)
        #expect(frame[0].holes == [])
    }

    @Test func `Points are pairs in JSON`() throws {
        let json = try JSONEncoder().encode([Point(x: 3, y: 4)])
        #expect(String(decoding: json, as: UTF8.self) == "[[3,4]]")
        #expect(try JSONDecoder().decode([Point].self, from: json) == [Point(x: 3, y: 4)])
    }

    private func mask(_ rows: String...) -> LabelMap { mask(rows) }

    private func mask(_ rows: [String]) -> LabelMap {
        LabelMap(width: rows[0].count, height: rows.count, classes: rows.joined().map { $0 == "#" ? 1 : 0 })
    }

    private func points(_ pairs: (Int, Int)...) -> [Point] { pairs.map { Point(x: $0.0, y: $0.1) } }

    /// The shoelace formula: negative for a ring that is counter-clockwise on screen, where y points down.
    private func signedArea(_ ring: [Point]) -> Int {
        zip(ring, ring.dropFirst() + ring.prefix(1)).reduce(0) { $0 + $1.0.x * $1.1.y - $1.1.x * $1.0.y }
    }

    /// All whole-numbered points that a ring passes.
    private func corners(of ring: [Point]) -> [Point] {
        zip(ring, ring.dropFirst() + ring.prefix(1)).flatMap { start, end in
            let (dx, dy) = ((end.x - start.x).signum(), (end.y - start.y).signum())
            let length = abs(end.x - start.x) + abs(end.y - start.y)
            return (0..<length).map { Point(x: start.x + $0 * dx, y: start.y + $0 * dy) }
        }
    }

    /// Pixels inside by the even-odd rule: those with an odd number of vertical edges to their left.
    private func fill(_ rings: [[Point]], _ width: Int, _ height: Int) -> [UInt8] {
        var pixels = [UInt8](repeating: 0, count: width * height)
        for ring in rings {
            for (start, end) in zip(ring, ring.dropFirst() + ring.prefix(1)) where start.x == end.x {
                for y in min(start.y, end.y)..<max(start.y, end.y) {
                    for x in start.x..<width { pixels[y * width + x] ^= 1 }
                }
            }
        }
        return pixels
    }

    private func distance(from point: Point, to ring: [Point]) -> Double {
        zip(ring, ring.dropFirst() + ring.prefix(1)).map { start, end in
            let (dx, dy) = (Double(end.x - start.x), Double(end.y - start.y))
            let (x, y) = (Double(point.x - start.x), Double(point.y - start.y))
            let along = min(max((x * dx + y * dy) / (dx * dx + dy * dy), 0), 1)
            return ((x - along * dx) * (x - along * dx) + (y - along * dy) * (y - along * dy)).squareRoot()
        }.min()!
    }
}
