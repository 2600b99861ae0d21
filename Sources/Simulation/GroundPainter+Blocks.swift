import Foundation

/// What covers the blocks between the roads.
extension GroundPainter {
    private func grass(_ tint: Float, _ noise: Noise, dry: Float = 0) -> Color {
        let color = light.grass.mixed(with: light.soil, max(0, min(0.75, dry + 0.28 * noise.coarse - 0.08)))
        return color * (1 + 0.13 * noise.fine + 0.09 * noise.coarse + 0.08 * tint)
    }

    func open(_ block: TownPlan.Block, _ u: Float, _ v: Float, _ noise: Noise) -> (Color, UInt8) {
        let tint = Float(block.tint)
        let west = Self.inside(u, block.u)
        let south = Self.inside(v, block.v)
        let width = Float(block.u.upperBound - block.u.lowerBound)
        let height = Float(block.v.upperBound - block.v.lowerBound)
        switch block.kind {
        case .homes:
            // Gardens differ from plot to plot, with a hedge between them.
            let plot = Int(west / 19) &* 5 &+ (south > height / 2 ? 3 : 0)
            let hedge = west.truncatingRemainder(dividingBy: 19) < 0.7 || abs(south - height / 2) < 0.5
            if hedge, noise.coarse > -0.5 {
                return (light.leaves * (1.05 + 0.3 * noise.fine), Label.vegetation)
            }
            return (grass(tint + Float(plot % 4) * 0.5 - 0.7, noise, dry: Float(plot % 3) * 0.12), Label.vegetation)
        case .centre:
            let tile = 2.4 as Float
            let joint =
                west.truncatingRemainder(dividingBy: tile) < 0.14 || south.truncatingRemainder(dividingBy: tile) < 0.14
            let shade = (joint ? 0.8 : 0.98) + 0.05 * noise.fine + 0.05 * noise.coarse + 0.06 * tint
            return (light.paving * shade, Label.background)
        case .park:
            return park(west, south, width, height, tint, noise)
        case .fields:
            return field(block, west, south, width, height, noise)
        case .wood:
            return (grass(-1, noise, dry: 0.1) * 0.8, Label.vegetation)
        case .waste:
            if noise.coarse + 0.12 * noise.fine > 0.3 {
                return (grass(0, noise, dry: 0.05), Label.vegetation)
            }
            return (light.soil * (1 + 0.13 * noise.fine + 0.16 * noise.coarse + 0.1 * tint), Label.background)
        case .meadow:
            return (grass(0.4, noise, dry: 0.08), Label.vegetation)
        }
    }

    private func park(
        _ west: Float, _ south: Float, _ width: Float, _ height: Float, _ tint: Float, _ noise: Noise
    ) -> (Color, UInt8) {
        let x = west / width * 2 - 1
        let y = south / height * 2 - 1
        // A pond off centre, a path around it and two paths across.
        let px = (x - 0.25 * tint) * width / 2
        let py = (y + 0.2) * height / 2
        let pond = (px * px + 1.7 * py * py).squareRoot() - 13 - 3 * noise.coarse
        if pond < 0 { return (water(depth: -pond / 2, noise), Label.water) }
        if pond < 1 { return (light.soil * (0.95 + 0.12 * noise.fine), Label.background) }
        let bow = 0.12 * sin(3.1 * x + 2 * tint)
        let onPath = abs(y - 0.5 - bow) * height / 2 < 1.3 || abs(x + 0.55 - 0.3 * bow) * width / 2 < 1.1
        if onPath || (pond > 5 && pond < 7) {
            return (light.paving.mixed(with: light.soil, 0.4) * (1.02 + 0.1 * noise.fine), Label.background)
        }
        let stripe: Float = Int(west / 2.5) % 2 == 0 ? 0.45 : -0.1
        return (grass(stripe + 0.2, noise), Label.vegetation)
    }

    private func field(
        _ block: TownPlan.Block, _ west: Float, _ south: Float, _ width: Float, _ height: Float, _ noise: Noise
    ) -> (Color, UInt8) {
        // Two or three strips with a crop each; rows run along the strips.
        let strips = block.tint > 0 ? 3 : 2
        let alongU = block.angle > 1.57
        let across = alongU ? south / height : west / width
        let metres = alongU ? south : west
        let strip = min(Int(across * Float(strips)), strips - 1)
        if (across * Float(strips)).truncatingRemainder(dividingBy: 1) * (alongU ? height : width) / Float(strips) < 1.2
        {
            return (grass(-0.2, noise, dry: 0.35), Label.vegetation)
        }
        let kind = (strip + Int(block.angle * 10)) % 4
        let spacing = Float(block.spacing)
        let phase = (metres / spacing).truncatingRemainder(dividingBy: 1)
        let row: Float = abs(phase - 0.5) * 2
        let tramline = metres.truncatingRemainder(dividingBy: 14)
        if tramline < 0.45 || abs(tramline - 2) < 0.22 {
            return (light.soil * (0.92 + 0.1 * noise.fine), Label.vegetation)
        }
        switch kind {
        case 0:
            let crop = light.leaves.mixed(with: light.grass, 0.5) * (1.1 + 0.16 * noise.fine + 0.08 * noise.coarse)
            return (row < 0.6 ? crop : crop.mixed(with: light.soil, 0.65), Label.vegetation)
        case 1:
            let wheat = Color(196, 172, 108).mixed(with: light.grass, 0.15)
            return (wheat * (0.98 + 0.1 * noise.fine + 0.09 * noise.coarse - 0.05 * row), Label.vegetation)
        case 2:
            return (light.soil * (0.86 + 0.12 * noise.fine + 0.1 * noise.coarse - 0.14 * row), Label.background)
        default:
            let rape = light.grass.mixed(with: Color(188, 190, 62), 0.45)
            return (rape * (1 + 0.18 * noise.fine + 0.1 * noise.coarse - 0.1 * row), Label.vegetation)
        }
    }

    /// Metres from the lower bound of a block, whose upper bound may lie past the seam.
    private static func inside(_ place: Float, _ span: ClosedRange<Double>) -> Float {
        let offset = place - Float(span.lowerBound)
        return offset < -40 ? offset + Float(World.extent) : max(0, offset)
    }
}
