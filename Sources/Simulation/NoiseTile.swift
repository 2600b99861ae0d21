/// Band-limited noise on a square that repeats seamlessly: sums of smooth value noise at several wavelengths.
struct NoiseTile: Sendable {
    /// Edge in texels, a power of two.
    let size: Int
    /// −1…1, rows of `size`.
    let values: [Float]

    /// Octaves halve the wavelength from `longest` down to `shortest` texels; each is `persistence` times as strong as
    /// the one before.
    init(size: Int, longest: Int, shortest: Int, persistence: Float, random: inout SplitMix64) {
        self.size = size
        var sum = [Float](repeating: 0, count: size * size)
        var wavelength = longest
        var amplitude: Float = 1
        var total: Float = 0
        while wavelength >= shortest {
            Self.add(wavelength: wavelength, amplitude: amplitude, size: size, to: &sum, random: &random)
            total += amplitude * amplitude
            amplitude *= persistence
            wavelength /= 2
        }
        // Value noise uniform in −1…1 has a variance of about 1/5 after interpolation: spread it to about ±1.
        let scale = 1.3 / total.squareRoot()
        values = sum.map { max(-1, min(1, $0 * scale)) }
    }

    private static func add(
        wavelength: Int, amplitude: Float, size: Int, to sum: inout [Float], random: inout SplitMix64
    ) {
        let cells = size / wavelength
        let lattice = (0..<cells * cells).map { _ in Float(random.uniform(-1...1)) * amplitude }
        let ramp = (0..<wavelength).map { step -> Float in
            let t = Float(step) / Float(wavelength)
            return t * t * (3 - 2 * t)
        }
        for row in 0..<size {
            let top = row / wavelength
            let bottom = (top + 1) % cells
            let down = ramp[row % wavelength]
            for cell in 0..<cells {
                let right = (cell + 1) % cells
                let a = lattice[top * cells + cell]
                let b = lattice[top * cells + right]
                let west = a + (lattice[bottom * cells + cell] - a) * down
                let east = b + (lattice[bottom * cells + right] - b) * down
                let start = row * size + cell * wavelength
                for step in 0..<wavelength {
                    sum[start + step] += west + (east - west) * ramp[step]
                }
            }
        }
    }

    /// The value at a texel; both coordinates wrap around.
    subscript(column: Int, row: Int) -> Float {
        values[(row & (size - 1)) * size + (column & (size - 1))]
    }
}
