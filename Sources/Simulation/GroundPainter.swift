import Foundation

/// Colours the bare ground: roads with their markings, river, lawns, fields, squares.
struct GroundPainter {
    let plan: TownPlan
    let light: Light
    /// Wavelengths of 0.2–1.6 m.
    let fine: NoiseTile
    /// Wavelengths of 3–50 m, sampled at 0.4 m.
    let coarse: NoiseTile

    private let shiftU: [Float]
    private let shiftV: [Float]
    private let avenues: Lanes
    private let streets: Lanes
    private let blocks: [TownPlan.Block]

    /// For each texel along an axis, which road is nearest and which block it lies in.
    private struct Lanes {
        let roads: [TownPlan.Road]
        var nearest: [Int] = []
        var block: [Int] = []

        init(_ roads: [TownPlan.Road]) {
            self.roads = roads
            for texel in 0..<World.texels {
                let place = (Double(texel) + 0.5) * World.texel
                let distances = roads.map { abs(World.wrap($0.position - place)) }
                nearest.append(distances.indices.min { distances[$0] < distances[$1] } ?? 0)
                block.append(roads.lastIndex { $0.position <= place } ?? roads.count - 1)
            }
        }
    }

    init(plan: TownPlan, light: Light, fine: NoiseTile, coarse: NoiseTile) {
        self.plan = plan
        self.light = light
        self.fine = fine
        self.coarse = coarse
        let places = (0..<World.texels).map { (Double($0) + 0.5) * World.texel }
        shiftU = places.map { Float(plan.shiftU(y: $0)) }
        shiftV = places.map { Float(plan.shiftV(x: $0)) }
        avenues = Lanes(plan.avenues)
        streets = Lanes(plan.streets)
        blocks = Array(plan.blocks.joined())
    }

    /// Colour and label of a texel.
    func paint(_ column: Int, _ row: Int) -> (Color, UInt8) {
        let extent = Float(World.extent)
        let texel = Float(World.texel)
        var u = (Float(column) + 0.5) * texel + shiftU[row]
        var v = (Float(row) + 0.5) * texel + shiftV[column]
        u -= (u / extent).rounded(.down) * extent
        v -= (v / extent).rounded(.down) * extent
        let alongU = min(Int(u / texel), World.texels - 1)
        let alongV = min(Int(v / texel), World.texels - 1)

        let avenue = avenues.roads[avenues.nearest[alongU]]
        let street = streets.roads[streets.nearest[alongV]]
        let du = Float(World.wrap(Double(u) - avenue.position))
        let dv = Float(World.wrap(Double(v) - street.position))
        let noise = Noise(fine: fine[column, row], coarse: coarse[column >> 2, row >> 2])

        // How far outside the kerb of each road.
        let outsideAvenue = abs(du) - Float(avenue.halfWidth)
        let outsideStreet = abs(dv) - Float(street.halfWidth)
        let corner: Float = 3.5
        if outsideAvenue < 0 || outsideStreet < 0 {
            return (road(avenue, street, du, dv, u, v, outsideAvenue, outsideStreet, noise), Label.road)
        }
        if outsideAvenue < corner, outsideStreet < corner {
            let a = corner - outsideAvenue
            let b = corner - outsideStreet
            if a * a + b * b > corner * corner {
                return (asphalt(noise), Label.road)
            }
        }

        if streets.block[alongV] == plan.river.row, let river = riverside(u, v, noise, outsideAvenue) {
            return river
        }
        let edge = min(outsideAvenue, outsideStreet)
        if edge < Float(TownPlan.pavement) {
            return (pavement(edge, u, v, noise), Label.background)
        }
        let block = blocks[streets.block[alongV] * plan.avenues.count + avenues.block[alongU]]
        return open(block, u, v, noise)
    }

    struct Noise {
        let fine: Float
        let coarse: Float
    }

    private func asphalt(_ noise: Noise) -> Color {
        // Repair patches where the coarse noise crosses a threshold, with a seam around them.
        var shade = 1 + 0.07 * noise.fine + 0.06 * noise.coarse
        if noise.coarse > 0.45 {
            shade *= noise.coarse < 0.465 ? 0.72 : 0.9
        }
        return light.asphalt * shade
    }

    private func road(
        _ avenue: TownPlan.Road, _ street: TownPlan.Road, _ du: Float, _ dv: Float, _ u: Float, _ v: Float,
        _ outsideAvenue: Float, _ outsideStreet: Float, _ noise: Noise
    ) -> Color {
        let base = asphalt(noise)
        let paint = Color(grey: 218 + 22 * noise.fine)
        if outsideAvenue < 0 && outsideStreet < 0 {
            return base
        }
        // `across` from the centre line of the road we are on; `ahead` past the kerb of the road that crosses it.
        let onAvenue = outsideAvenue < 0
        let across = onAvenue ? du : dv
        let along = onAvenue ? v : u
        let road = onAvenue ? avenue : street
        let half = Float(road.halfWidth)
        let ahead = onAvenue ? outsideStreet : outsideAvenue
        let crossesMain = onAvenue ? street.isMain : avenue.isMain
        if ahead < 8 {
            let zebra = road.isMain || crossesMain
            if zebra, ahead > 3.5, ahead < 6.3, abs(across) < half - 0.4 {
                let stripe = (across + 20) / 0.5
                return Int(stripe) % 2 == 0 ? paint : base
            }
            if ahead > 7.2, ahead < 7.6, abs(across) < half - 0.4 {
                return paint
            }
            return base
        }
        if road.isMain {
            if abs(abs(across) - half + 0.45) < 0.09 { return paint }
            if abs(across) < 0.1, along.truncatingRemainder(dividingBy: 7) < 3.5 { return paint }
        } else if abs(across) < 0.08, along.truncatingRemainder(dividingBy: 5) < 1.5 {
            return paint
        }
        // Wheels polish two tracks in each lane.
        let track = abs(abs(abs(across) - half / 2) - 0.75)
        return track < 0.3 ? base * 0.93 : base
    }

    private func pavement(_ edge: Float, _ u: Float, _ v: Float, _ noise: Noise) -> Color {
        if edge < 0.2 {
            return light.paving * (1.12 + 0.05 * noise.fine)
        }
        let slab = Int(u * 1.25) &* 7 &+ Int(v * 1.25) &* 13
        let joint =
            (u * 1.25).truncatingRemainder(dividingBy: 1) < 0.08 || (v * 1.25).truncatingRemainder(dividingBy: 1) < 0.08
        return light.paving
            * ((joint ? 0.84 : 0.96 + 0.02 * Float(slab % 5 - 2)) + 0.06 * noise.fine + 0.04 * noise.coarse)
    }

    /// Water, bank and the parapets of bridges; nil on the meadow around.
    private func riverside(_ u: Float, _ v: Float, _ noise: Noise, _ outsideAvenue: Float) -> (Color, UInt8)? {
        let river = plan.river
        let offset = Float(World.wrap(Double(v) - river.centre(Double(u))))
        let distance = abs(offset) - Float(river.halfWidth(Double(u))) + 0.8 * noise.coarse
        guard distance < 2.2 + noise.fine * 0.3 else { return nil }
        if outsideAvenue < 0.9 {
            return (light.paving * (outsideAvenue < 0.45 ? 1.15 : 0.8), Label.background)
        }
        if distance < 0 {
            return (water(depth: -distance, noise), Label.water)
        }
        return (light.soil * (1.02 + 0.16 * noise.fine + 0.08 * noise.coarse), Label.background)
    }

    func water(depth: Float, _ noise: Noise) -> Color {
        let shallow = light.water.mixed(with: light.soil, 0.35)
        let color = shallow.mixed(with: light.water, min(1, depth / 3.5))
        let glint: Float = noise.fine > 0.72 ? 40 * (noise.fine - 0.6) : 0
        return color * (1 + 0.07 * noise.fine + 0.1 * noise.coarse) + Color(grey: glint)
    }
}
