/// A repeating texture at successively halved sizes, so that distant ground is sampled without shimmer.
struct Pyramid: Sendable {
    /// Edge of the largest level in texels.
    let size: Int
    /// All levels, largest first; blue in the lowest byte.
    let texels: [UInt32]
    /// Where each level starts in `texels`.
    let starts: [Int]

    init(base: [UInt32], size: Int) {
        self.size = size
        var texels = base
        texels.reserveCapacity(base.count * 4 / 3)
        var starts = [0]
        var edge = size
        while edge > 64 {
            let start = starts[starts.count - 1]
            starts.append(texels.count)
            let half = edge / 2
            for row in 0..<half {
                let upper = start + 2 * row * edge
                for column in 0..<half {
                    let a = upper + 2 * column
                    let sum =
                        Self.spread(texels[a]) + Self.spread(texels[a + 1]) + Self.spread(texels[a + edge])
                        + Self.spread(texels[a + edge + 1])
                    texels.append(Self.gather(((sum + 0x0002_0002_0002_0002) >> 2) & Self.lanes))
                }
            }
            edge = half
        }
        self.texels = texels
        self.starts = starts
    }

    static let lanes: UInt64 = 0x00FF_00FF_00FF_00FF

    /// Four bytes in four 16-bit lanes (order 0, 2, 1, 3), so that one multiplication weighs all.
    @inline(__always)
    static func spread(_ color: UInt32) -> UInt64 {
        (UInt64(color) | UInt64(color) << 24) & lanes
    }

    @inline(__always)
    static func gather(_ lanes: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: lanes | lanes >> 24)
    }
}
