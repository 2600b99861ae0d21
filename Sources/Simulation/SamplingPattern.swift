import Foundation

/// How many samples a run of pixels takes of the ground, where, and from which level of the pyramid.
///
/// Each pixel averages two or four bilinear samples, strewn along the direction in which the ground is squeezed most; the
/// level fits the other direction. Positions are fixed-point numbers with 8 binary places.
struct SamplingPattern {
    private typealias Offset = (x: Int, y: Int)
    private let first: Offset
    private let second: Offset
    private let third: Offset
    private let fourth: Offset
    private let isLong: Bool

    private let start: Int
    private let shift: Int
    private let mask: Int
    /// Texels of the chosen level per texel of the largest, times 256.
    private let step: Double
    /// How strongly the grain shows, of 256; the texture is too coarse for a low flight.
    let grain: Int

    /// The pattern around a pixel of an image that `toTexels` maps to the largest level.
    init(_ toTexels: Matrix3, x: Double, y: Double, texture: Pyramid) {
        let (u, v, scale) = toTexels.apply(x, y)
        let w = max(scale, Renderer.horizon)
        let m = toTexels.rows
        let alongX = SIMD2((m.0.x - u * m.2.x) / w, (m.1.x - v * m.2.x) / w)
        let alongY = SIMD2((m.0.y - u * m.2.y) / w, (m.1.y - v * m.2.y) / w)
        let lengthX = (alongX * alongX).sum().squareRoot()
        let lengthY = (alongY * alongY).sum().squareRoot()
        let (major, minor) = lengthX > lengthY ? (alongX, alongY) : (alongY, alongX)
        let most = max(lengthX, lengthY)
        let least = min(lengthX, lengthY)

        isLong = most > 1.8 * least
        let count = isLong ? 4.0 : 2.0
        let fit = max(least, most / count)
        let level = min(texture.starts.count - 1, max(0, Int(log2(max(fit * 0.8, 1)) + 0.5)))
        start = texture.starts[level]
        shift = texture.size.trailingZeroBitCount - level
        mask = (1 << shift) - 1
        let step = 256 / Double(1 << level)
        self.step = step
        grain = Int(256 * max(0, min(1, 1.6 - 1.6 * fit)))
        func offset(_ index: Double) -> Offset {
            let along = (index + 0.5) / count - 0.5
            let place = (major * along + minor * (index == 0 || index == 2 ? -0.25 : 0.25)) * step
            return (Int(place.x), Int(place.y))
        }
        (first, second, third, fourth) = (offset(0), offset(1), offset(2), offset(3))
    }

    /// The colour at a place in texels of the largest level.
    @inline(__always)
    func sample(_ u: Double, _ v: Double, _ texels: UnsafeBufferPointer<UInt32>) -> UInt32 {
        // Texel i of a level lies at (i + ½) texels of that level from the edge.
        let x = Int((u + 0.5) * step) &- 128
        let y = Int((v + 0.5) * step) &- 128
        let pair = bilinear(x &+ first.x, y &+ first.y, texels) &+ bilinear(x &+ second.x, y &+ second.y, texels)
        guard isLong else { return Pyramid.gather((pair &>> 1) & Pyramid.lanes) }
        let other = bilinear(x &+ third.x, y &+ third.y, texels) &+ bilinear(x &+ fourth.x, y &+ fourth.y, texels)
        return Pyramid.gather(((pair &+ other) &>> 2) & Pyramid.lanes)
    }

    @inline(__always)
    private func bilinear(_ x: Int, _ y: Int, _ texels: UnsafeBufferPointer<UInt32>) -> UInt64 {
        let left = (x &>> 8) & mask
        let right = (left &+ 1) & mask
        let row = (y &>> 8) & mask
        let upper = start &+ (row &<< shift)
        let lower = start &+ (((row &+ 1) & mask) &<< shift)
        let fx = UInt64(truncatingIfNeeded: x & 255)
        let fy = UInt64(truncatingIfNeeded: y & 255)
        let both = (fx &* fy) &>> 8
        let blend =
            Pyramid.spread(texels[upper &+ left]) &* (256 &+ both &- fx &- fy)
            &+ Pyramid.spread(texels[upper &+ right]) &* (fx &- both)
            &+ Pyramid.spread(texels[lower &+ left]) &* (fy &- both)
            &+ Pyramid.spread(texels[lower &+ right]) &* both
        return (blend &>> 8) & Pyramid.lanes
    }
}
