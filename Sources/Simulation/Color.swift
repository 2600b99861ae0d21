/// Linear arithmetic on colours while painting: red, green, blue in 0…255; the fourth lane is unused.
typealias Color = SIMD4<Float>

extension SIMD4<Float> {
    init(_ red: Float, _ green: Float, _ blue: Float) {
        self.init(red, green, blue, 0)
    }

    /// A grey.
    init(grey: Float) {
        self.init(grey, grey, grey, 0)
    }

    /// Blue in the lowest byte, as textures store it.
    var packed: UInt32 {
        // Lane by lane: the SIMD initialiser that converts floats to integers is not vectorised and far slower.
        func byte(_ value: Float) -> UInt32 { UInt32(Swift.max(0, Swift.min(255, value))) }
        return byte(x) << 16 | byte(y) << 8 | byte(z)
    }

    init(packed: UInt32) {
        self.init(Float(packed >> 16 & 255), Float(packed >> 8 & 255), Float(packed & 255))
    }

    /// This colour for `amount` 0, `other` for 1.
    func mixed(with other: Color, _ amount: Float) -> Color {
        self + (other - self) * amount
    }
}
