import CKernels
import Inference

/// Warping of first-stage features, channel planes at the feature grid's size.
enum FeatureWarp {
    /// Each cell p of the result reads `features` at H⁻¹p, bilinear, zero outside.
    ///
    /// `homography` is previous → current on the feature grid. Result: 1×F×h×w.
    static func warp(
        _ features: StoredFloats, channels: Int, height: Int, width: Int, by homography: Homography, threads: Int = 1
    ) -> Tensor {
        let out = Tensor(shape: [1, channels, height, width])
        let plane = height * width
        let row = WarpedRow(homography, width: width, height: height)
        features.withValues { values, half in
            let size = half ? MemoryLayout<UInt16>.stride : MemoryLayout<Float>.stride
            _ = Bands.map(height, threads: threads) { band in
                var row = row
                for y in band {
                    row.move(to: y)
                    for channel in 0..<channels {
                        windhover_warp_plane(
                            values + channel * plane * size, half, row.cells, row.weights, Int32(width),
                            Int32(height), out.values + channel * plane + y * width)
                    }
                }
            }
        }
        return out
    }
}

/// Where the pixels of one row read the previous picture, of the same size.
struct WarpedRow {
    /// The four neighbours' place, and four rows of what they count (see `windhover_warp_row`).
    private(set) var cells: [Int32]
    private(set) var weights: [Float]
    private let back: [Double]
    private let width: Int32
    private let height: Int32

    private let reaches: Bool

    /// `homography` is previous → current.
    ///
    /// `reaching`: what lies outside the previous picture is read at the nearest place inside, instead of as zero.
    init(_ homography: Homography, width: Int, height: Int, reaching: Bool = false) {
        reaches = reaching
        cells = [Int32](repeating: 0, count: width)
        weights = [Float](repeating: 0, count: 4 * width)
        back = homography.inverse.values
        self.width = Int32(width)
        self.height = Int32(height)
    }

    mutating func move(to y: Int) {
        if reaches {
            windhover_reach_row(back, Int32(y), width, height, &cells, &weights)
        } else {
            windhover_warp_row(back, Int32(y), width, height, &cells, &weights)
        }
    }
}
