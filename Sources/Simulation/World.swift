import Foundation

/// The static ground of one seed: a flat town, painted once, that repeats after 409.6 m in both directions.
///
/// Being flat is the point: between any two views of a plane the homography is exact.
package final class World: Sendable {
    /// Metres after which the ground repeats.
    package static let extent = 409.6
    /// Edge of the ground's texture.
    static let texels = 4096
    /// Metres.
    static let texel = extent / Double(texels)

    package let seed: UInt64
    let plan: TownPlan
    let light: Light
    let texture: Pyramid
    /// Label of each texel, rows northward.
    let labels: [UInt8]
    let grain: Grain
    let traffic: Traffic

    /// Paints the world; takes a second or two.
    package init(seed: UInt64) {
        self.seed = seed
        let plan = TownPlan(seed: seed)
        let light = Light(seed: seed)
        var random = SplitMix64(seed: seed, stream: 3)
        let fine = NoiseTile(size: 1024, longest: 16, shortest: 2, persistence: 0.85, random: &random)
        let coarse = NoiseTile(size: 1024, longest: 128, shortest: 8, persistence: 0.7, random: &random)

        grain = Grain(random: &random)

        var canvas = Canvas()
        let ground = GroundPainter(plan: plan, light: light, fine: fine, coarse: coarse)
        canvas.fill(ground.paint)
        let furnishing = Furnishing(plan: plan, light: light, seed: seed)
        furnishing.paint(on: &canvas, fine: fine)

        self.plan = plan
        self.light = light
        texture = Pyramid(base: canvas.colors, size: Self.texels)
        labels = canvas.labels
        traffic = Traffic(plan: plan, seed: seed, canvas: canvas)
    }

    /// The class of what stands still at a place, metres east and north of the origin.
    package func label(east: Double, north: Double) -> Int {
        func texel(_ metres: Double) -> Int { Int((metres / Self.texel).rounded(.down)) & (Self.texels - 1) }
        return Int(labels[texel(north) * Self.texels + texel(east)])
    }

    /// The shortest signed distance on the torus that a difference stands for.
    static func wrap(_ difference: Double) -> Double {
        difference - (difference / extent).rounded() * extent
    }
}
