import Foundation

/// Everything that moves, as functions of time: no state, so that any frame can be drawn alone.
struct Traffic: Sendable {
    private struct Driver: Sendable {
        var vehicle: Vehicle
        var alongV: Bool
        /// Town coordinate of the middle of the lane.
        var lane: Double
        var start: Double
        /// Metres per second, negative for traffic toward south or west.
        var speed: Double
    }

    private enum Walk: Sendable {
        /// Along a pavement.
        case pavement(alongV: Bool, offset: Double, start: Double, speed: Double)
        /// Around a place: one stroll through a square or lawn.
        case stroll(u: Double, v: Double, radius: SIMD2<Double>, turn: Double, phase: Double)
    }

    private let plan: TownPlan
    private var drivers: [Driver] = []
    private var walkers: [(person: Person, walk: Walk)] = []

    init(plan: TownPlan, seed: UInt64, canvas: Canvas) {
        self.plan = plan
        var random = SplitMix64(seed: seed, stream: 5)
        for (roads, alongV) in [(plan.avenues, true), (plan.streets, false)] {
            for road in roads {
                addTraffic(road, alongV: alongV, random: &random)
            }
        }
        for block in plan.blocks.joined() {
            addStrollers(block, canvas: canvas, random: &random)
        }
    }

    private mutating func addTraffic(_ road: TownPlan.Road, alongV: Bool, random: inout SplitMix64) {
        for side in [-1.0, 1.0] {
            // Everybody in a lane drives at one speed, so nobody runs into anybody. Traffic keeps right.
            let forward = alongV ? side > 0 : side < 0
            let speed = road.speed * random.uniform(0.85...1.15) * (forward ? 1 : -1)
            let lane = road.position + side * (road.isMain ? road.halfWidth / 2 : 0.95)
            var start = random.uniform(0...20)
            while start < World.extent - 16 {
                let roll = random.unit()
                let kind: Vehicle.Kind =
                    roll < 0.7 ? .car : roll < 0.85 || !road.isMain ? .van : roll < 0.95 ? .lorry : .bus
                let vehicle = Vehicle(x: 0, y: 0, heading: 0, kind: kind, random: &random)
                drivers.append(Driver(vehicle: vehicle, alongV: alongV, lane: lane, start: start, speed: speed))
                start += random.uniform(road.isMain ? 16...46 : 30...110)
            }
            for _ in 0..<(road.isMain ? 12 : 8) {
                let offset = road.position + side * (road.halfWidth + random.uniform(0.5...2))
                let pace = random.uniform(0.9...1.7) * (random.chance(0.5) ? 1 : -1)
                walkers.append(
                    (
                        Person(random: &random),
                        .pavement(alongV: alongV, offset: offset, start: random.uniform(0...World.extent), speed: pace)
                    ))
            }
        }
    }

    private mutating func addStrollers(_ block: TownPlan.Block, canvas: Canvas, random: inout SplitMix64) {
        let count: Int
        switch block.kind {
        case .park, .centre: count = 26
        case .homes: count = 12
        case .meadow: count = 6
        default: return
        }
        for _ in 0..<count {
            let (u, v) = (random.uniform(block.u), random.uniform(block.v))
            let radius = SIMD2(random.uniform(0.8...4), random.uniform(0.8...4))
            // 1.2 m/s along the longer half-axis.
            let turn = random.uniform(0.8...1.3) / max(radius.x, radius.y) * (random.chance(0.5) ? 1 : -1)
            let person = Person(random: &random)
            let phase = random.uniform(0...6.28)
            let dry = (0..<8).allSatisfy { step in
                let angle = Double(step) * .pi / 4
                let place = plan.world(u: u + radius.x * cos(angle), v: v + radius.y * sin(angle))
                return [Label.vegetation, Label.background].contains(canvas.label(x: place.x, y: place.y))
            }
            if dry {
                walkers.append((person, .stroll(u: u, v: v, radius: radius, turn: turn, phase: phase)))
            }
        }
    }

    /// Where the vehicles are, `time` seconds after the start.
    func vehicles(at time: Double) -> [Vehicle] {
        drivers.map { driver in
            let along = driver.start + driver.speed * time
            let here = driver.alongV ? plan.world(u: driver.lane, v: along) : plan.world(u: along, v: driver.lane)
            let next = along + (driver.speed > 0 ? 0.5 : -0.5)
            let ahead = driver.alongV ? plan.world(u: driver.lane, v: next) : plan.world(u: next, v: driver.lane)
            var vehicle = driver.vehicle
            (vehicle.x, vehicle.y) = here
            vehicle.heading = atan2(ahead.y - here.y, ahead.x - here.x)
            return vehicle
        }
    }

    /// Where the people are, `time` seconds after the start.
    func people(at time: Double) -> [Person] {
        walkers.map { walker in
            func place(_ time: Double) -> (x: Double, y: Double) {
                switch walker.walk {
                case .pavement(let alongV, let offset, let start, let speed):
                    let along = start + speed * time
                    return alongV ? plan.world(u: offset, v: along) : plan.world(u: along, v: offset)
                case .stroll(let u, let v, let radius, let turn, let phase):
                    let angle = phase + turn * time
                    return plan.world(u: u + radius.x * cos(angle), v: v + radius.y * sin(angle))
                }
            }
            let here = place(time)
            let next = place(time + 0.1)
            var person = walker.person
            (person.x, person.y) = here
            person.heading = atan2(next.y - here.y, next.x - here.x)
            return person
        }
    }
}
