import Imaging
import Inference
import SSP
import Testing

private let small = (width: 11, height: 7)
private let large = (width: 44, height: 28)

/// Fusing against the method as it is written down: whole maps, one step after the other, in double precision.
@Suite struct FusionTests {
    /// Class counts with and without padding; a turn with perspective, and a motion that leaves half of the frame.
    @Test(
        "One pass over rows gives what upsampling, warping and blending whole maps give",
        arguments: [2, 3, 4, 8, 11, 14, 19, 23], [StatePrecision.float32, .float16])
    func oracle(classes: Int, precision: StatePrecision) {
        for motion in [[1.02, 0.05, -2.3, -0.04, 0.97, 1.6, 4e-4, -3e-4, 1], [1, 0, 20.25, 0, 1, -9.5, 0, 0, 1]] {
            let inputs = Inputs(classes: classes, motion: Homography(motion)!)
            let fusion = Fusion(
                logitsWidth: small.width, logitsHeight: small.height, width: large.width,
                height: large.height, upsampling: .bicubic)
            let result = fusion.fuse(
                inputs.logits,
                previous: .init(
                    logits: StoredFloats(inputs.previous.values, precision: precision), homography: inputs.motion,
                    similarity: inputs.similarity))
            // A half has 11 bits: of logits up to 10, that is 0.004.
            inputs.expect(result, tolerance: precision == .float32 ? 1e-4 : 1e-2)
        }
    }

    @Test("Without a previous frame the logits are the upsampled ones", arguments: [2, 3, 4, 8, 11, 14, 19, 23])
    func cold(classes: Int) {
        let inputs = Inputs(classes: classes, motion: .identity)
        let fusion = Fusion(
            logitsWidth: small.width, logitsHeight: small.height, width: large.width,
            height: large.height, upsampling: .bicubic)
        let result = fusion.upsample(inputs.logits)
        #expect(result.similarityMean == nil && result.changedFraction == nil)
        for (x, y) in Inputs.pixels {
            for c in 0..<classes {
                let value = Double(result.logits.values[(y * 44 + x) * result.logits.stride + c])
                #expect(abs(value - inputs.upsampled(x, y, c)) < 1e-4)
            }
        }
    }

    struct Inputs {
        let classes: Int
        let motion: Homography
        let logits: Tensor
        let similarity: Tensor
        let previous: LogitsMap

        static let pixels = (0..<large.height).flatMap { y in (0..<large.width).map { ($0, y) } }

        init(classes: Int, motion: Homography) {
            var random = Scene.Random(state: UInt64(classes))
            func number(_ range: ClosedRange<Float>) -> Float {
                range.lowerBound + Float(random.next() % 10_000) / 10_000 * (range.upperBound - range.lowerBound)
            }
            self.classes = classes
            self.motion = motion
            let cells = small.width * small.height
            logits = Tensor(
                shape: [1, classes, small.height, small.width],
                values: (0..<classes * cells).map { _ in number(-10...10) })
            similarity = Tensor(
                shape: [1, 1, small.height, small.width], values: (0..<cells).map { _ in number(0...1) })
            var previous = LogitsMap(width: large.width, height: large.height, classes: classes)
            for i in previous.values.indices {
                // Padding lanes are large on purpose: they are no classes.
                previous.values[i] = i % previous.stride < classes ? number(-10...10) : 1e4
            }
            self.previous = previous
        }

        func expect(_ result: Fusion.Result, tolerance: Double) {
            var total = 0.0
            var (seen, changed) = (0, 0)
            for (x, y) in Self.pixels {
                let similarity = upsampledSimilarity(x, y)
                total += similarity
                let warped = (0..<classes).map { self.warped(x, y, $0) }
                let fused = (0..<classes).map { warped[$0].value * similarity + upsampled(x, y, $0) * (1 - similarity) }
                for c in 0..<classes {
                    let value = Double(result.logits.values[(y * large.width + x) * result.logits.stride + c])
                    #expect(abs(value - fused[c]) < tolerance, "pixel \(x), \(y), class \(c)")
                }
                let label = Int(result.mask.classes[y * large.width + x])
                #expect(label < classes && fused[label] > fused.max()! - 2 * tolerance)
                if warped[0].coverage > 0.5 {
                    seen += 1
                    if warped[label].value < warped.map(\.value).max()! { changed += 1 }
                }
            }
            let pixels = Double(Self.pixels.count)
            #expect(abs(result.similarityMean! - total / pixels) < 1e-5)
            // Near ties a pixel may count on either side.
            #expect(abs(result.changedFraction! - Double(changed) / Double(seen)) <= 2 / Double(seen) + tolerance)
        }

        /// Keys' cubic convolution with a = -0.75, half-pixel centres, edges clamped.
        func upsampled(_ x: Int, _ y: Int, _ c: Int) -> Double {
            func weight(_ distance: Double) -> Double {
                let (t, a) = (abs(distance), -0.75)
                if t <= 1 { return ((a + 2) * t - (a + 3)) * t * t + 1 }
                return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0
            }
            let (u, v) = ((Double(x) + 0.5) / 4 - 0.5, (Double(y) + 0.5) / 4 - 0.5)
            let (left, top) = (Int(u.rounded(.down)), Int(v.rounded(.down)))
            var sum = 0.0
            for row in top - 1...top + 2 {
                for column in left - 1...left + 2 {
                    let (i, j) = (min(max(column, 0), small.width - 1), min(max(row, 0), small.height - 1))
                    sum +=
                        weight(u - Double(column)) * weight(v - Double(row))
                        * Double(logits.values[(c * small.height + j) * small.width + i])
                }
            }
            return sum
        }

        func upsampledSimilarity(_ x: Int, _ y: Int) -> Double {
            let (u, v) = (max(0, (Double(x) + 0.5) / 4 - 0.5), max(0, (Double(y) + 0.5) / 4 - 0.5))
            func value(_ i: Int, _ j: Int) -> Double {
                Double(similarity.values[min(j, small.height - 1) * small.width + min(i, small.width - 1)])
            }
            let (i, j) = (Int(u), Int(v))
            let (fx, fy) = (u - Double(i), v - Double(j))
            return (value(i, j) * (1 - fx) + value(i + 1, j) * fx) * (1 - fy)
                + (value(i, j + 1) * (1 - fx) + value(i + 1, j + 1) * fx) * fy
        }

        /// The previous logit at H⁻¹p, bilinear, zero outside, and how much of it lies inside.
        func warped(_ x: Int, _ y: Int, _ c: Int) -> (value: Double, coverage: Double) {
            guard let place = motion.inverse.apply(x: Double(x), y: Double(y)) else { return (0, 0) }
            let (left, top) = (Int(place.x.rounded(.down)), Int(place.y.rounded(.down)))
            var (value, coverage) = (0.0, 0.0)
            for (i, j) in [(left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)] {
                guard (0..<large.width).contains(i), (0..<large.height).contains(j) else { continue }
                let weight = (1 - abs(place.x - Double(i))) * (1 - abs(place.y - Double(j)))
                value += weight * Double(previous.values[(j * large.width + i) * previous.stride + c])
                coverage += weight
            }
            return (value, coverage)
        }
    }
}
