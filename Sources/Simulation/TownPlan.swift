import Foundation

/// Where roads, river and blocks lie: a grid on a torus, bent so that nothing is straight for long.
///
/// Town coordinates (u, v) are those of the grid; world coordinates (x, y), in metres east and north, follow by a bend
/// that shifts each row and each column. Both repeat after `World.extent`.
struct TownPlan: Sendable {
    struct Road: Sendable {
        /// Town coordinate of the centre line.
        var position: Double
        var halfWidth: Double
        var isMain: Bool
        /// Metres per second of the traffic.
        var speed: Double
    }

    struct River: Sendable {
        /// The row of blocks it flows through.
        var row: Int
        var middle: Double
        var swing: Double
        var phase: Double
        var halfWidth: Double

        func centre(_ u: Double) -> Double {
            middle + swing * sin(2 * .pi * 2 * u / World.extent + phase)
        }

        func halfWidth(_ u: Double) -> Double {
            halfWidth + 2.5 * sin(2 * .pi * 3 * u / World.extent + 2 * phase)
        }
    }

    enum BlockKind: Sendable { case homes, centre, park, fields, wood, waste, meadow }

    struct Block: Sendable {
        var kind: BlockKind
        /// Between the pavements, town coordinates; the upper bounds may pass `World.extent`.
        var u: ClosedRange<Double>
        var v: ClosedRange<Double>
        /// −1…1, shifts this block's colours.
        var tint: Double
        /// Direction of crop rows and paving.
        var angle: Double
        var spacing: Double
    }

    static let pavement = 2.2
    private static let roads = 5

    /// Roads along v, by their u; ascending.
    let avenues: [Road]
    /// Roads along u, by their v; ascending.
    let streets: [Road]
    let river: River
    /// `blocks[row][column]`: north-east of street `row` and avenue `column`.
    let blocks: [[Block]]
    private let bend: [(amplitude: Double, waves: Double, phase: Double)]

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed, stream: 1)
        let pitch = World.extent / Double(Self.roads)
        func roads(mainOffset: Int) -> [Road] {
            (0..<Self.roads).map { index in
                let isMain = index % 2 == mainOffset
                return Road(
                    position: (Double(index) + 0.5) * pitch + random.uniform(-9...9),
                    halfWidth: isMain ? random.uniform(4.6...5.6) : random.uniform(3.9...4.5), isMain: isMain,
                    speed: isMain ? random.uniform(10...14) : random.uniform(6...9))
            }
        }
        let avenues = roads(mainOffset: 0)
        let streets = roads(mainOffset: 1)

        let riverRow = 1 + random.integer(0..<2)
        let south = streets[riverRow].position
        let north = streets[riverRow + 1].position
        river = River(
            row: riverRow, middle: (south + north) / 2, swing: random.uniform(4...8),
            phase: random.uniform(0...6.28), halfWidth: random.uniform(10...14))

        var kinds: [BlockKind] =
            [.park, .park, .fields, .fields, .fields, .wood, .wood, .waste, .waste]
            + [.centre, .centre, .centre, .centre] + Array(repeating: .homes, count: 7)
        random.shuffle(&kinds)
        var blocks: [[Block]] = []
        for row in 0..<Self.roads {
            var line: [Block] = []
            for column in 0..<Self.roads {
                func span(_ roads: [Road], _ index: Int) -> ClosedRange<Double> {
                    let next = roads[(index + 1) % Self.roads]
                    let wrap = index + 1 == Self.roads ? World.extent : 0
                    return roads[index].position + roads[index].halfWidth + Self.pavement...next.position + wrap
                        - next.halfWidth - Self.pavement
                }
                line.append(
                    Block(
                        kind: row == riverRow ? .meadow : kinds.removeLast(), u: span(avenues, column),
                        v: span(streets, row), tint: random.uniform(-1...1), angle: random.uniform(0...3.14),
                        spacing: random.uniform(0.8...1.6)))
            }
            blocks.append(line)
        }
        self.avenues = avenues
        self.streets = streets
        self.blocks = blocks
        bend = [1, 2, 1, 2].map { waves in
            (random.uniform(4...8) / waves, waves, random.uniform(0...6.28))
        }
    }

    /// What u exceeds x by, in the row at y.
    func shiftU(y: Double) -> Double {
        bend[0...1].reduce(0) { $0 + $1.amplitude * sin(2 * .pi * $1.waves * y / World.extent + $1.phase) }
    }

    /// What v exceeds y by, in the column at x.
    func shiftV(x: Double) -> Double {
        bend[2...3].reduce(0) { $0 + $1.amplitude * sin(2 * .pi * $1.waves * x / World.extent + $1.phase) }
    }

    /// Town to world; the bend is gentle, so that a few rounds of fixed-point iteration are exact to a millimetre.
    func world(u: Double, v: Double) -> (x: Double, y: Double) {
        var x = u
        var y = v
        for _ in 0..<6 {
            (x, y) = (u - shiftU(y: y), v - shiftV(x: x))
        }
        return (x, y)
    }

    /// Direction of growing u (or of growing v, turned back by 90°) at a place, in radians counter-clockwise from east.
    func direction(u: Double, v: Double, alongV: Bool) -> Double {
        let from = alongV ? world(u: u, v: v - 0.5) : world(u: u - 0.5, v: v)
        let to = alongV ? world(u: u, v: v + 0.5) : world(u: u + 0.5, v: v)
        return atan2(to.y - from.y, to.x - from.x) - (alongV ? .pi / 2 : 0)
    }
}
