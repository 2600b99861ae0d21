import CKernels
import Inference

/// Taps and weights along one axis for enlarging by interpolation: half-pixel centres, edges clamped.
struct Interpolation {
    /// One for each output; bilinear leaves the outer two taps without weight.
    let taps: [windhover_tap]

    init(from source: Int, to count: Int, kernel: ModelBundle.Upsampling) {
        let ratio = Double(source) / Double(count)
        taps = (0..<count).map { output in
            var position = (Double(output) + 0.5) * ratio - 0.5
            // Bilinear clamps the position itself, as PyTorch does; bicubic only its taps.
            if kernel == .bilinear { position = max(0, position) }
            let first = position.rounded(.down)
            let weights = kernel == .bicubic ? Self.keys(position - first) : Self.linear(position - first)
            func index(_ tap: Int) -> Int32 { Int32(min(max(Int(first) + tap - 1, 0), source - 1)) }
            return windhover_tap(
                indices: (index(0), index(1), index(2), index(3)),
                weights: (weights[0], weights[1], weights[2], weights[3]))
        }
    }

    /// Keys' cubic convolution (1981) with a = -0.75.
    private static func keys(_ t: Double) -> SIMD4<Float> {
        let a = -0.75
        func near(_ x: Double) -> Float { Float(((a + 2) * x - (a + 3)) * x * x + 1) }
        func far(_ x: Double) -> Float { Float(((a * x - 5 * a) * x + 8 * a) * x - 4 * a) }
        return SIMD4(far(t + 1), near(t), near(1 - t), far(2 - t))
    }

    private static func linear(_ t: Double) -> SIMD4<Float> { SIMD4(0, Float(1 - t), Float(t), 0) }
}
