/// Which source samples make up each output sample along one axis, and how much each counts.
///
/// Shrinking averages the area that an output pixel covers; growing interpolates between the two nearest pixel
/// centres (both as OpenCV's INTER_AREA and INTER_LINEAR lay the grids over each other: edges on edges).
struct ResampleTaps {
    /// The weights of an output sample add up to this, so a plain surface keeps its exact value.
    static let unity: UInt16 = 1 << 15

    /// First source sample of each output sample.
    private(set) var starts: [Int32] = []
    /// Weights of output sample `i`: `weights[offsets[i]..<offsets[i + 1]]`.
    private(set) var offsets: [Int32] = [0]
    private(set) var weights: [UInt16] = []

    init(from source: Int, to target: Int) {
        for index in 0..<target {
            if target < source {
                area(index, source, target)
            } else {
                linear(index, source, target)
            }
            offsets.append(Int32(weights.count))
        }
    }

    private mutating func area(_ index: Int, _ source: Int, _ target: Int) {
        // Lengths in units of 1/target source pixels are whole: output pixel i covers [i·n, (i + 1)·n).
        let (low, high) = (index * source, (index + 1) * source)
        let (first, last) = (low / target, (high - 1) / target)
        starts.append(Int32(first))
        var covered = 0
        var given: UInt16 = 0
        for position in first...last {
            covered += min(high, (position + 1) * target) - max(low, position * target)
            // Rounding the running sum instead of each weight makes the total exact.
            let total = UInt16((covered * Int(Self.unity) + source / 2) / source)
            weights.append(total - given)
            given = total
        }
    }

    private mutating func linear(_ index: Int, _ source: Int, _ target: Int) {
        // Centre (i + ½)·n/m − ½ in units of 1/2m; beyond the outermost centres the edge pixel is repeated.
        let centre = min(max((2 * index + 1) * source - target, 0), 2 * target * (source - 1))
        let (position, fraction) = centre.quotientAndRemainder(dividingBy: 2 * target)
        starts.append(Int32(position))
        let second = UInt16((fraction * Int(Self.unity) + target) / (2 * target))
        weights.append(Self.unity - second)
        if second > 0 { weights.append(second) }
    }
}
