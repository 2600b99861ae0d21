import Inference

/// Taps and weights along one axis for enlarging by interpolation: half-pixel centres, edges clamped.
struct Interpolation {
    /// Taps per output: 4 for bicubic, 2 for bilinear.
    let taps: Int
    /// `count` × `taps` source indices.
    let indices: [Int32]
    /// `count` × `taps` weights that sum to 1.
    let weights: [Float]

    init(from source: Int, to count: Int, kernel: ModelBundle.Upsampling) {
        taps = kernel == .bicubic ? 4 : 2
        var indices: [Int32] = []
        var weights: [Float] = []
        let ratio = Double(source) / Double(count)
        for output in 0..<count {
            var position = (Double(output) + 0.5) * ratio - 0.5
            // Bilinear clamps the position itself, as PyTorch does; bicubic only its taps.
            if kernel == .bilinear { position = max(0, position) }
            let first = position.rounded(.down)
            let t = position - first
            let offsets = kernel == .bicubic ? Array(-1...2) : [0, 1]
            for offset in offsets {
                indices.append(Int32(min(max(Int(first) + offset, 0), source - 1)))
            }
            weights += kernel == .bicubic ? Self.keys(t) : [Float(1 - t), Float(t)]
        }
        self.indices = indices
        self.weights = weights
    }

    /// Keys' cubic convolution (1981) with a = -0.75.
    private static func keys(_ t: Double) -> [Float] {
        let a = -0.75
        func near(_ x: Double) -> Double { ((a + 2) * x - (a + 3)) * x * x + 1 }
        func far(_ x: Double) -> Double { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
        return [far(t + 1), near(t), near(1 - t), far(2 - t)].map(Float.init)
    }
}
