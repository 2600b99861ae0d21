/// Finds the parts of one class and follows the cracks between their pixels and the others.
struct RingTracer {
    typealias Point = PolygonSet.Point

    struct Part {
        var exterior: [Point]
        var holes: [[Point]] = []
        let area: Int
    }

    private let width: Int
    private let height: Int
    /// The part each pixel belongs to, from 1 on; 0 is outside the class, as is a border that saves bounds checks.
    private var owners: [Int32]
    private var areas: [Int] = [0]
    /// Pixels whose upper edge a ring has passed.
    ///
    /// Every ring has such an edge, and passes each of its edges once.
    private var passed: [Bool]
    private let stride: Int

    init(mask: LabelMap, label: Int) {
        width = mask.width
        height = mask.height
        stride = width + 2
        owners = [Int32](repeating: 0, count: stride * (height + 2))
        passed = [Bool](repeating: false, count: stride * (height + 2))
        for y in 0..<height {
            for x in 0..<width where Int(mask.classes[y * width + x]) == label { owners[index(x, y)] = -1 }
        }
        numberParts()
    }

    /// All parts with their rings, in raster order of their first pixels.
    mutating func parts() -> [Part] {
        var found: [Part] = []
        for y in 0..<height {
            for x in 0..<width {
                let pixel = index(x, y)
                let part = owners[pixel]
                guard part > 0, owners[pixel - stride] != part, !passed[pixel] else { continue }
                let ring = follow(from: x, y)
                // A part's first pixel lies on its exterior, so the first of its rings is that one.
                if Int(part) > found.count {
                    found.append(Part(exterior: ring, area: areas[Int(part)]))
                } else {
                    found[Int(part) - 1].holes.append(ring)
                }
            }
        }
        return found
    }

    private func index(_ x: Int, _ y: Int) -> Int { (y + 1) * stride + x + 1 }

    /// Floods each part with its number.
    private mutating func numberParts() {
        var stack: [Int] = []
        for y in 0..<height {
            for x in 0..<width where owners[index(x, y)] == -1 {
                let part = Int32(areas.count)
                var area = 0
                stack.append(index(x, y))
                owners[index(x, y)] = part
                while let pixel = stack.popLast() {
                    area += 1
                    for step in [-1, 1, -stride, stride] where owners[pixel + step] == -1 {
                        owners[pixel + step] = part
                        stack.append(pixel + step)
                    }
                }
                areas.append(area)
            }
        }
    }

    /// Follows the ring that passes westward along the upper edge of a pixel, with its part always on the left.
    private mutating func follow(from startX: Int, _ startY: Int) -> [Point] {
        let part = owners[index(startX, startY)]
        var ring: [Point] = []
        var (x, y) = (startX + 1, startY)
        var (dx, dy) = (-1, 0)
        repeat {
            x += dx
            y += dy
            if dx == -1 { passed[index(x, y)] = true }
            // Right first: where two pixels of the part meet only at this corner the ring crosses between them, so
            // that it comes by here just once and whatever they enclose becomes a hole.
            if owners[pixel(x, y, towards: dx - dy, dy + dx)] == part {
                ring.append(Point(x: x, y: y))
                (dx, dy) = (-dy, dx)
            } else if owners[pixel(x, y, towards: dx + dy, dy - dx)] != part {
                ring.append(Point(x: x, y: y))
                (dx, dy) = (dy, -dx)
            }
        } while x != startX + 1 || y != startY
        return ring
    }

    /// Of the four pixels around a corner the one that lies in a diagonal direction.
    private func pixel(_ x: Int, _ y: Int, towards dx: Int, _ dy: Int) -> Int {
        index(dx > 0 ? x : x - 1, dy > 0 ? y : y - 1)
    }
}
