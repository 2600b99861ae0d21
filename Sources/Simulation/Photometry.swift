import Foundation
import Imaging

/// What air, lens and sensor do to a picture: haze, vignette, exposure, noise.
struct Photometry: Sendable {
    /// Metres over which haze hides all but a third.
    let visibility: Double
    /// Light lost in the corners, 0…1.
    let vignette: Double
    /// Standard deviation of the sensor's noise in grey levels.
    let grain: Double
    private let exposurePhase: Double
    private let exposurePeriod: Double
    private let noise: [Int8]
    private static let haze = SIMD3(196.0, 205.0, 214.0)

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed, stream: 6)
        visibility = random.uniform(900...2200)
        vignette = random.uniform(0.1...0.25)
        let grain = random.uniform(1.2...2.6)
        self.grain = grain
        exposurePhase = random.uniform(0...6.28)
        exposurePeriod = random.uniform(7...15)
        noise = (0..<1 << 16).map { _ in
            // A sum of four uniforms is normal enough.
            let sum = (0..<4).reduce(0.0) { sum, _ in sum + random.uniform(-1...1) }
            return Int8(max(-12, min(12, (sum * 0.866 * grain).rounded())))
        }
    }

    /// Slow wandering of the automatic exposure; about ±7 %.
    func exposure(at time: Double) -> Double {
        1 + 0.05 * sin(2 * .pi * time / exposurePeriod + exposurePhase) + 0.02 * sin(5.1 * time + exposurePhase)
    }

    /// The picture a camera delivers of what the renderer drew.
    func develop(_ view: Renderer, time: Double, index: Int, seed: UInt64) -> Frame {
        let (width, height) = (view.width, view.height)
        let depth = view.imageToGround.rows.2
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        var random = SplitMix64(seed: seed &+ UInt64(index), stream: 7)
        let exposure = exposure(at: time)
        let cx = Double(width - 1) / 2
        let cy = Double(height - 1) / 2
        let corner = cx * cx + cy * cy
        let run = 16
        view.colors.withUnsafeBufferPointer { colors in
            noise.withUnsafeBufferPointer { noise in
                pixels.withUnsafeMutableBufferPointer { pixels in
                    for y in 0..<height {
                        var grain = Int(random.next() & 0xFFFF)
                        var x = 0
                        while x < width {
                            let end = min(x + run, width)
                            let middle = Double(x + end) / 2
                            let distance = 1 / max(Renderer.horizon, depth.x * middle + depth.y * Double(y) + depth.z)
                            let clear = exp(-distance / visibility)
                            let radius = ((middle - cx) * (middle - cx) + (Double(y) - cy) * (Double(y) - cy)) / corner
                            let gain = exposure * (1 - vignette * radius)
                            let keep = Int32(gain * clear * 256)
                            let veil = Self.haze * (gain * (1 - clear) * 256) + 128
                            let (red, green, blue) = (Int32(veil.x), Int32(veil.y), Int32(veil.z))
                            for column in x..<end {
                                let color = colors[y * width + column]
                                let dark = Int32(noise[grain & 0xFFFF])
                                grain += 1
                                let out = (y * width + column) * 3
                                pixels[out] = Self.byte((Int32(color >> 16 & 255) * keep + red) >> 8 + dark)
                                pixels[out + 1] = Self.byte((Int32(color >> 8 & 255) * keep + green) >> 8 + dark)
                                pixels[out + 2] = Self.byte((Int32(color & 255) * keep + blue) >> 8 + dark)
                            }
                            x = end
                        }
                    }
                }
            }
        }
        return Frame(width: width, height: height, pixels: pixels)
    }

    @inline(__always)
    private static func byte(_ value: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: max(0, min(255, value)))
    }
}
