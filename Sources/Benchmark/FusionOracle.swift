import Foundation
import Inference
import SSP

/// Fusing as it is written down: whole maps, one step after the other, a plane for each class.
///
/// What `Fusion` does in one pass is tested against this and compared with it; nothing that serves uses it.
package struct FusionOracle {
    package struct Result {
        /// `classes` planes of `height` × `width`.
        package let logits: [[Float]]
        package let warped: [[Float]]
        /// How much of each warped pixel lies inside the previous frame, 0…1.
        package let coverage: [Float]
        package let labels: [UInt8]
        package let similarityMean: Double
        package let changedFraction: Double?
    }

    package let width: Int
    package let height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// `previous` are planes of `height` × `width`; `motion` is previous → current.
    package func fuse(_ logits: Tensor, previous: [[Float]], motion: Homography, similarity: Tensor) -> Result {
        let plane = logits.width * logits.height
        let now = (0..<logits.channels).map { channel in
            bicubic(
                UnsafeBufferPointer(start: logits.values + channel * plane, count: plane), logits.width, logits.height)
        }
        let places = self.places(motion)
        let warped = previous.map { warp($0, places) }
        let coverage = warp([Float](repeating: 1, count: width * height), places)
        let weight = bilinear(similarity)
        let fused = zip(now, warped).map { now, before in
            zip(zip(now, before), weight).map { pair, s in pair.1 * s + pair.0 * (1 - s) }
        }
        let (labels, before) = (largest(fused), largest(warped))
        let seen = coverage.indices.filter { coverage[$0] > 0.5 }
        let changed = seen.count { labels[$0] != before[$0] }
        return Result(
            logits: fused, warped: warped, coverage: coverage, labels: labels,
            similarityMean: weight.reduce(0) { $0 + Double($1) } / Double(weight.count),
            changedFraction: seen.isEmpty ? nil : Double(changed) / Double(seen.count))
    }

    /// Keys' cubic convolution with a = -0.75, half-pixel centres, edges clamped.
    package func bicubic(_ map: UnsafeBufferPointer<Float>, _ mapWidth: Int, _ mapHeight: Int) -> [Float] {
        func weight(_ distance: Double) -> Float {
            let (t, a) = (abs(distance), -0.75)
            if t <= 1 { return Float(((a + 2) * t - (a + 3)) * t * t + 1) }
            return t < 2 ? Float(((a * t - 5 * a) * t + 8 * a) * t - 4 * a) : 0
        }
        func taps(_ source: Int, _ target: Int) -> [(index: [Int], weight: [Float])] {
            (0..<target).map { output in
                let place = (Double(output) + 0.5) * Double(source) / Double(target) - 0.5
                let first = Int(place.rounded(.down)) - 1
                return (
                    (first..<first + 4).map { min(max($0, 0), source - 1) },
                    (first..<first + 4).map { weight(place - Double($0)) }
                )
            }
        }
        let (across, down) = (taps(mapWidth, width), taps(mapHeight, height))
        var wide = [Float](repeating: 0, count: mapHeight * width)
        for y in 0..<mapHeight {
            for x in 0..<width {
                let (index, weight) = across[x]
                for tap in 0..<4 { wide[y * width + x] += map[y * mapWidth + index[tap]] * weight[tap] }
            }
        }
        var out = [Float](repeating: 0, count: width * height)
        for y in 0..<height {
            let (index, weight) = down[y]
            for tap in 0..<4 {
                for x in 0..<width { out[y * width + x] += wide[index[tap] * width + x] * weight[tap] }
            }
        }
        return out
    }

    /// Half-pixel centres, edges clamped.
    private func bilinear(_ map: Tensor) -> [Float] {
        var out = [Float](repeating: 0, count: width * height)
        for y in 0..<height {
            let v = max(0, (Float(y) + 0.5) * Float(map.height) / Float(height) - 0.5)
            let (top, fy) = (Int(v), v - v.rounded(.down))
            let bottom = min(top + 1, map.height - 1)
            for x in 0..<width {
                let u = max(0, (Float(x) + 0.5) * Float(map.width) / Float(width) - 0.5)
                let (left, fx) = (Int(u), u - u.rounded(.down))
                let right = min(left + 1, map.width - 1)
                func between(_ row: Int) -> Float {
                    map.values[row * map.width + left] * (1 - fx) + map.values[row * map.width + right] * fx
                }
                out[y * width + x] = between(top) * (1 - fy) + between(bottom) * fy
            }
        }
        return out
    }

    /// Where each pixel was in the previous frame; far outside where that is behind the horizon.
    private func places(_ motion: Homography) -> [(x: Double, y: Double)] {
        let back = motion.inverse
        return (0..<width * height).map {
            back.apply(x: Double($0 % width), y: Double($0 / width)) ?? (Double(-width), Double(-height))
        }
    }

    /// Bilinear, zero outside.
    private func warp(_ plane: [Float], _ places: [(x: Double, y: Double)]) -> [Float] {
        places.map { place in
            guard place.x > -1, place.y > -1, place.x < Double(width), place.y < Double(height) else { return 0 }
            let (left, top) = (Int(place.x.rounded(.down)), Int(place.y.rounded(.down)))
            let (fx, fy) = (Float(place.x - Double(left)), Float(place.y - Double(top)))
            func value(_ x: Int, _ y: Int) -> Float {
                x >= 0 && y >= 0 && x < width && y < height ? plane[y * width + x] : 0
            }
            return (value(left, top) * (1 - fx) + value(left + 1, top) * fx) * (1 - fy)
                + (value(left, top + 1) * (1 - fx) + value(left + 1, top + 1) * fx) * fy
        }
    }

    private func largest(_ planes: [[Float]]) -> [UInt8] {
        var best = planes[0]
        var labels = [UInt8](repeating: 0, count: best.count)
        for (label, plane) in planes.enumerated().dropFirst() {
            for i in plane.indices where plane[i] > best[i] { (best[i], labels[i]) = (plane[i], UInt8(label)) }
        }
        return labels
    }
}
