import Foundation

/// Sun, season and colours of one world.
struct Light: Sendable {
    /// Unit vector toward the sun: east, north, up.
    let sun: SIMD3<Float>
    /// How far a shadow reaches for each metre of height: east, north.
    let shadow: SIMD2<Float>
    let grass: Color
    let leaves: Color
    let asphalt: Color
    let paving: Color
    let soil: Color
    let water: Color

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed, stream: 2)
        let azimuth = random.uniform(0...(2 * .pi))
        let elevation = random.uniform(0.65...1.0)
        sun = SIMD3(Float(cos(azimuth) * cos(elevation)), Float(sin(azimuth) * cos(elevation)), Float(sin(elevation)))
        shadow = SIMD2(-sun.x, -sun.y) / sun.z
        func jitter(_ color: Color, _ amount: Double) -> Color {
            let common = random.uniform(-amount...amount)
            return color
                * Color(
                    Float(1 + common + random.uniform(-amount...amount) / 2),
                    Float(1 + common + random.uniform(-amount...amount) / 2),
                    Float(1 + common + random.uniform(-amount...amount) / 2))
        }
        grass = jitter(Color(112, 138, 72), 0.12)
        leaves = jitter(Color(62, 92, 44), 0.15)
        asphalt = jitter(Color(104, 104, 107), 0.14)
        paving = jitter(Color(172, 166, 156), 0.1)
        soil = jitter(Color(150, 124, 96), 0.12)
        water = jitter(Color(48, 84, 98), 0.18)
    }
}
