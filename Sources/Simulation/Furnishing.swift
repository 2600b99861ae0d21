import Foundation

/// What stands on the ground: houses, trees and parked cars, block by block.
struct Furnishing {
    let light: Light
    private(set) var buildings: [Building] = []
    private(set) var trees: [Tree] = []
    private(set) var parked: [Vehicle] = []
    private let plan: TownPlan
    private var random: SplitMix64

    init(plan: TownPlan, light: Light, seed: UInt64) {
        self.plan = plan
        self.light = light
        random = SplitMix64(seed: seed, stream: 4)
        for block in plan.blocks.joined() {
            furnish(block)
        }
        lineRoads()
    }

    /// Shadows fall on the ground before anything is built on it.
    func paint(on canvas: inout Canvas, fine: NoiseTile) {
        for building in buildings { building.paintShadow(on: &canvas, light: light) }
        for tree in trees { tree.paintShadow(on: &canvas, light: light, fine: fine) }
        canvas.develop()
        for vehicle in parked {
            canvas.cast(x: vehicle.x, y: vehicle.y, reach: vehicle.reach + 2, strength: 120) { dx, dy in
                vehicle.shadows(dx, dy, light)
            }
        }
        canvas.develop()
        for vehicle in parked {
            canvas.cover(x: vehicle.x, y: vehicle.y, reach: vehicle.reach, label: Label.vehicle) { dx, dy in
                vehicle.color(dx, dy)
            }
        }
        for building in buildings { building.paint(on: &canvas, light: light, fine: fine) }
        for tree in trees { tree.paint(on: &canvas, light: light, fine: fine) }
    }

    private mutating func furnish(_ block: TownPlan.Block) {
        let width = block.u.upperBound - block.u.lowerBound
        let height = block.v.upperBound - block.v.lowerBound
        switch block.kind {
        case .homes: furnishHomes(block, width, height)
        case .centre: furnishCentre(block, width, height)
        case .park:
            scatter(46, in: block, radius: 2.2...4.8) { u, v in (u - 0.5).magnitude + (v - 0.42).magnitude > 0.42 }
        case .wood: scatter(260, in: block, radius: 2.2...4.6)
        case .meadow: furnishMeadow(block, width, height)
        case .fields: scatter(9, in: block, radius: 1.8...3.6) { u, v in min(u, v, 1 - u, 1 - v) < 0.04 }
        case .waste:
            scatter(14, in: block, radius: 1.4...3)
            for _ in 0..<6 where random.chance(0.8) {
                park(
                    u: random.uniform(block.u), v: random.uniform(block.v), angle: random.uniform(0...6.28), lorry: 0.4)
            }
        }
    }

    private static let walls: [Color] = [
        Color(158, 84, 62), Color(140, 72, 58), Color(122, 92, 78), Color(98, 96, 98), Color(168, 104, 76),
        Color(84, 82, 90), Color(148, 126, 108), Color(112, 60, 52), Color(132, 134, 132),
    ]
    private static let flats: [Color] = [
        Color(176, 174, 170), Color(134, 132, 130), Color(198, 194, 186), Color(150, 144, 136), Color(112, 114, 118),
    ]

    private mutating func furnishHomes(_ block: TownPlan.Block, _ width: Double, _ height: Double) {
        let plot = 19.0
        for side in [0, 1] {
            var west = 0.0
            while west + plot * 0.8 < width {
                let middle = west + plot / 2 + random.uniform(-1...1)
                let setback = random.uniform(9.5...13)
                let v = side == 0 ? block.v.lowerBound + setback : block.v.upperBound - setback
                let u = block.u.lowerBound + middle
                let turned = random.chance(0.3)
                let length = Float(random.uniform(5.2...6.8))
                let depth = Float(random.uniform(3.6...4.8))
                let angle =
                    plan.direction(u: u, v: v, alongV: false) + (turned ? .pi / 2 : 0) + random.uniform(-0.05...0.05)
                addBuilding(
                    u: u, v: v, angle: angle, half: SIMD2(length, depth), height: Float(random.uniform(5...8)),
                    roof: random.chance(0.55) ? .gable : random.chance(0.7) ? .hip : .flat,
                    color: random.pick(Self.walls))
                if random.chance(0.55) {
                    let shed = side == 0 ? v + 11 : v - 11
                    addBuilding(
                        u: u + random.uniform(-5...5), v: shed, angle: angle, half: SIMD2(2.1, 1.6), height: 2.4,
                        roof: random.chance(0.5) ? .gable : .flat, color: random.pick(Self.walls + Self.flats))
                }
                let drive = u + (random.chance(0.5) ? 7.4 : -7.4)
                if random.chance(0.6) {
                    let place = side == 0 ? block.v.lowerBound + 3.2 : block.v.upperBound - 3.2
                    let heading = plan.direction(u: drive, v: place, alongV: true) + .pi / 2
                    park(u: drive, v: place, angle: heading, lorry: 0)
                }
                for _ in 0..<random.integer(1..<5) {
                    let deep = random.uniform(18...max(18.5, height / 2))
                    addTree(
                        u: block.u.lowerBound + west + random.uniform(1...plot - 1),
                        v: side == 0 ? block.v.lowerBound + deep : block.v.upperBound - deep, radius: 1.2...3.6)
                }
                west += plot
            }
        }
    }

    private mutating func furnishCentre(_ block: TownPlan.Block, _ width: Double, _ height: Double) {
        // Four lots: three blocks of flats or halls, one car park.
        let parkLot = random.integer(0..<4)
        for lot in 0..<4 {
            let u = block.u.lowerBound + width * (lot % 2 == 0 ? 0.26 : 0.74)
            let v = block.v.lowerBound + height * (lot / 2 == 0 ? 0.26 : 0.74)
            let angle = plan.direction(u: u, v: v, alongV: false)
            if lot == parkLot {
                carPark(u: u, v: v, angle: angle, length: width * 0.4, depth: height * 0.36)
                continue
            }
            let half = SIMD2(
                Float(width * random.uniform(0.15...0.2)), Float(height * random.uniform(0.11...0.17)))
            addBuilding(
                u: u, v: v, angle: angle, half: half, height: Float(random.uniform(7...14)),
                roof: random.chance(0.7) ? .flat : .hip,
                color: random.pick(random.chance(0.6) ? Self.flats : Self.walls))
            if random.chance(0.6) {
                addBuilding(
                    u: u + Double(half.x) * 0.3, v: v, angle: angle, half: half * SIMD2(0.4, 0.55), height: 3,
                    roof: .flat, color: random.pick(Self.flats))
            }
        }
        for step in 0..<7 {
            let across = (Double(step) + 0.5) / 7
            addTree(u: block.u.lowerBound + width * across, v: block.v.lowerBound + height * 0.5, radius: 1.6...2.6)
        }
    }

    private mutating func carPark(u: Double, v: Double, angle: Double, length: Double, depth: Double) {
        let bays = Int(length / 2.7)
        for row in [-1.0, 1.0] {
            for bay in 0..<bays where random.chance(0.62) {
                park(
                    u: u + (Double(bay) - Double(bays - 1) / 2) * 2.7, v: v + row * min(8, depth * 0.35),
                    angle: angle + .pi / 2 * row + random.uniform(-0.04...0.04), lorry: 0)
            }
        }
    }

    private mutating func furnishMeadow(_ block: TownPlan.Block, _ width: Double, _ height: Double) {
        for _ in 0..<34 {
            let u = random.uniform(block.u)
            let bank = plan.river.halfWidth(u) + random.uniform(4.5...20)
            let v = plan.river.centre(u) + (random.chance(0.5) ? bank : -bank)
            if v > block.v.lowerBound + 2, v < block.v.upperBound - 2 {
                addTree(u: u, v: v, radius: 1.6...4.2)
            }
        }
    }

    /// Street trees, and cars at the kerb of the quiet streets.
    private mutating func lineRoads() {
        for road in plan.avenues {
            line(road) { along in (road.position, along, true) }
        }
        for road in plan.streets {
            line(road) { along in (along, road.position, false) }
        }
    }

    private mutating func line(_ road: TownPlan.Road, _ place: (Double) -> (u: Double, v: Double, alongV: Bool)) {
        let crossings = (place(0).alongV ? plan.streets : plan.avenues).map { ($0.position, $0.halfWidth) }
        func isFree(_ along: Double, _ margin: Double) -> Bool {
            crossings.allSatisfy { abs(World.wrap(along - $0.0)) > $0.1 + margin }
        }
        let river = plan.river
        for side in [-1.0, 1.0] {
            var along = 0.0
            while along < World.extent {
                let (u, v, alongV) = place(along)
                let overWater = alongV && abs(World.wrap(v - river.centre(u))) < river.halfWidth(u) + 6
                if road.isMain, !overWater, isFree(along, 9), random.chance(0.65) {
                    let offset = side * (road.halfWidth + 1.3)
                    addTree(u: u + (alongV ? offset : 0), v: v + (alongV ? 0 : offset), radius: 1.3...2.5)
                }
                if !road.isMain, !overWater, isFree(along, 10), random.chance(0.34) {
                    let offset = side * (road.halfWidth - 1.02)
                    let heading = plan.direction(u: u, v: v, alongV: alongV) + (alongV ? .pi / 2 : 0)
                    park(
                        u: u + (alongV ? offset : 0), v: v + (alongV ? 0 : offset),
                        angle: heading + (side * (alongV ? 1 : -1) > 0 ? 0 : .pi), lorry: 0)
                }
                along += road.isMain ? 11 : 6.6
            }
        }
    }

    private mutating func scatter(
        _ count: Int, in block: TownPlan.Block, radius: ClosedRange<Double>,
        where allowed: (Double, Double) -> Bool = { _, _ in true }
    ) {
        for _ in 0..<count {
            let (across, up) = (random.uniform(0.03...0.97), random.uniform(0.03...0.97))
            guard allowed(across, up) else { continue }
            addTree(
                u: block.u.lowerBound + across * (block.u.upperBound - block.u.lowerBound),
                v: block.v.lowerBound + up * (block.v.upperBound - block.v.lowerBound), radius: radius)
        }
    }

    private mutating func addTree(u: Double, v: Double, radius: ClosedRange<Double>) {
        let place = plan.world(u: u, v: v)
        let isConifer = random.chance(0.22)
        let hue = Float(random.uniform(-0.18...0.22))
        var color = light.leaves * (1 + hue)
        color.x *= Float(random.uniform(0.85...1.3))
        trees.append(
            Tree(
                x: place.x, y: place.y, radius: Float(random.uniform(radius)) * (isConifer ? 0.75 : 1),
                color: isConifer ? color * Color(0.72, 0.82, 0.85) : color, isConifer: isConifer,
                variant: random.integer(0..<1024)))
    }

    private mutating func addBuilding(
        u: Double, v: Double, angle: Double, half: SIMD2<Float>, height: Float, roof: Building.Roof, color: Color
    ) {
        let place = plan.world(u: u, v: v)
        let isTurned = half.y > half.x
        buildings.append(
            Building(
                x: place.x, y: place.y, angle: isTurned ? angle + .pi / 2 : angle,
                half: isTurned ? SIMD2(half.y, half.x) : half, height: height, roof: roof,
                color: color * Float(random.uniform(0.86...1.14)), variant: random.integer(0..<60)))
    }

    private mutating func park(u: Double, v: Double, angle: Double, lorry: Double) {
        let place = plan.world(u: u, v: v)
        let kind: Vehicle.Kind = random.chance(lorry) ? .lorry : random.chance(0.15) ? .van : .car
        parked.append(Vehicle(x: place.x, y: place.y, heading: angle, kind: kind, random: &random))
    }
}
