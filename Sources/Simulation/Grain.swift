/// Fine roughness of all ground, for flights so low that a texel covers several pixels.
struct Grain: Sendable {
    /// Grain texels per texel of the ground.
    private static let density = 4.0
    private let size = 256
    /// Brightness in 1/256, around 256.
    private let factors: [UInt16]

    init(random: inout SplitMix64) {
        let noise = NoiseTile(size: size, longest: 8, shortest: 2, persistence: 0.9, random: &random)
        factors = noise.values.map { UInt16(256 + 34 * $0) }
    }

    /// The colour with the grain at a place in ground texels (not negative), as strong as `strength` of 256.
    @inline(__always)
    func roughen(_ color: UInt32, _ u: Double, _ v: Double, _ strength: Int) -> UInt32 {
        let column = Int(u * Self.density) & (size - 1)
        let row = Int(v * Self.density) & (size - 1)
        let factor = UInt32(256 + ((Int(factors[row * size + column]) - 256) * strength) / 256)
        func lane(_ shift: UInt32) -> UInt32 {
            min(255, ((color >> shift & 255) * factor) >> 8) << shift
        }
        return lane(16) | lane(8) | lane(0)
    }
}
