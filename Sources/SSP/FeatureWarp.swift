import Inference

/// Warping of first-stage features, channel planes at the feature grid's size.
enum FeatureWarp {
    /// Each cell p of the result reads `features` at H⁻¹p, bilinear, zero outside. `homography` is previous → current
    /// on the feature grid. Result: 1×F×h×w.
    static func warp(_ features: StoredFloats, channels: Int, height: Int, width: Int, by homography: Homography)
        -> Tensor
    {
        let out = Tensor(shape: [1, channels, height, width])
        let plane = height * width
        var taps = [WarpTap](repeating: WarpTap(), count: plane)
        let back = BackwardMap(homography)
        for y in 0..<height {
            for x in 0..<width { taps[y * width + x] = back.tap(x: x, y: y, width: width, height: height) }
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

/// The four neighbours that a warped pixel reads. A neighbour outside weighs nothing and is read inside instead.
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

/// The map from a pixel of the current picture to its place in the previous one.
struct BackwardMap {
    private let m: [Double]

    init(_ homography: Homography) {
        // Which side is in front is a matter of sign: at the previous frame's origin, w is the matrix's last element.
        let inverse = homography.inverse
        m = inverse.values
    }

    @inline(__always)
    func tap(x: Int, y: Int, width: Int, height: Int) -> WarpTap {
        m.withUnsafeBufferPointer { m in
            let (px, py) = (Double(x), Double(y))
            let w = m[6] * px + m[7] * py + m[8]
            let u = (m[0] * px + m[1] * py + m[2]) / w
            let v = (m[3] * px + m[4] * py + m[5]) / w
            // Also false for NaN and infinity, on the horizon.
            guard u > -1, v > -1, u < Double(width), v < Double(height) else { return WarpTap() }
            let x0 = u.rounded(.down)
            let y0 = v.rounded(.down)
            let fx = Float(u - x0)
            let fy = Float(v - y0)
            let left = Int32(x0)
            let top = Int32(y0)
            let l: Float = left >= 0 ? 1 - fx : 0
            let r: Float = left + 1 < width ? fx : 0
            let t: Float = top >= 0 ? 1 - fy : 0
            let b: Float = top + 1 < height ? fy : 0
            return WarpTap(
                top: max(top, 0) * Int32(width), bottom: min(top + 1, Int32(height) - 1) * Int32(width),
                left: max(left, 0), right: min(left + 1, Int32(width) - 1), weights: SIMD4(t * l, t * r, b * l, b * r))
        }
    }
}
