import Inference

/// Warping of first-stage features, channel planes at the feature grid's size.
enum FeatureWarp {
    /// Each cell p of the result reads `features` at H⁻¹p, bilinear, zero outside.
    ///
    /// `homography` is previous → current on the feature grid. Result: 1×F×h×w.
    static func warp(_ features: StoredFloats, channels: Int, height: Int, width: Int, by homography: Homography)
        -> Tensor
    {
        let out = Tensor(shape: [1, channels, height, width])
        let plane = height * width
        var taps = [WarpTap](repeating: WarpTap(), count: plane)
        let back = BackwardMap(homography, width: width, height: height)
        for y in 0..<height {
            for x in 0..<width { taps[y * width + x] = back.tap(x: x, y: y) }
        }
        features.withFloats { source in
            taps.withUnsafeBufferPointer { taps in
                for channel in 0..<channels {
                    let from = source.baseAddress! + channel * plane
                    let to = out.values + channel * plane
                    for p in 0..<plane {
                        let tap = taps[p]
                        let top = from + Int(tap.top)
                        let bottom = from + Int(tap.bottom)
                        let (left, right) = (Int(tap.left), Int(tap.right))
                        to[p] =
                            tap.weights[0] * top[left] + tap.weights[1] * top[right] + tap.weights[2] * bottom[left]
                            + tap.weights[3] * bottom[right]
                    }
                }
            }
        }
        return out
    }
}

/// The four neighbours that a warped pixel reads.
///
/// A neighbour outside weighs nothing and is read inside instead.
struct WarpTap {
    /// First index of the row, in pixels.
    var top: Int32 = 0
    var bottom: Int32 = 0
    var left: Int32 = 0
    var right: Int32 = 0
    /// Of top left, top right, bottom left, bottom right.
    var weights = SIMD4<Float>()

    /// How much of the pixel lies inside, 0…1.
    var coverage: Float { weights.sum() }
}

/// The map from a pixel of the current picture to its place in the previous one, both of the same size.
struct BackwardMap {
    private let xs: SIMD4<Double>
    private let ys: SIMD4<Double>
    private let origin: SIMD4<Double>
    private let width: Int32
    private let height: Int32

    init(_ homography: Homography, width: Int, height: Int) {
        let m = homography.inverse.values
        xs = SIMD4(m[0], m[3], m[6], 0)
        ys = SIMD4(m[1], m[4], m[7], 0)
        origin = SIMD4(m[2], m[5], m[8], 0)
        self.width = Int32(width)
        self.height = Int32(height)
    }

    @inline(__always)
    func tap(x: Int, y: Int) -> WarpTap {
        let place = origin + xs * Double(x) + ys * Double(y)
        let scale = 1 / place[2]
        let u = place[0] * scale
        let v = place[1] * scale
        // Also false for NaN and infinity, on the horizon.
        guard u > -1, v > -1, u < Double(width), v < Double(height) else { return WarpTap() }
        // Truncation of a number above 0 is its floor, and costs no call.
        let left = Int32(u + 1) - 1
        let top = Int32(v + 1) - 1
        let fx = Float(u - Double(left))
        let fy = Float(v - Double(top))
        let l: Float = left >= 0 ? 1 - fx : 0
        let r: Float = left + 1 < width ? fx : 0
        let t: Float = top >= 0 ? 1 - fy : 0
        let b: Float = top + 1 < height ? fy : 0
        return WarpTap(
            top: max(top, 0) &* width, bottom: min(top + 1, height - 1) &* width, left: max(left, 0),
            right: min(left + 1, width - 1), weights: SIMD4(t * l, t * r, b * l, b * r))
    }
}
