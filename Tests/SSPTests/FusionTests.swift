import Benchmark
import Imaging
import Inference
import SSP
import Testing

private let small = (width: 11, height: 7)
private let large = (width: 44, height: 28)

/// Fusing against the method as it is written down: whole maps, one step after the other.
@Suite struct FusionTests {
    private static let fusion = Fusion(
        logitsWidth: small.width, logitsHeight: small.height, width: large.width, height: large.height,
        upsampling: .bicubic)
    private static let oracle = FusionOracle(width: large.width, height: large.height)

    /// Class counts with and without padding; a turn with perspective, and a motion that leaves half of the frame.
    @Test(
        "One pass over rows gives what upsampling, warping and blending whole maps give",
        arguments: [2, 3, 4, 8, 11, 14, 19, 23], [StatePrecision.float32, .float16])
    func oracle(classes: Int, precision: StatePrecision) {
        for motion in [[1.02, 0.05, -2.3, -0.04, 0.97, 1.6, 4e-4, -3e-4, 1], [1, 0, 20.25, 0, 1, -9.5, 0, 0, 1]] {
            let inputs = Inputs(classes: classes)
            let motion = Homography(motion)!
            let result = Self.fusion.fuse(
                inputs.logits,
                previous: .init(
                    logits: inputs.previous(precision), homography: motion, similarity: inputs.similarity))
            let expected = Self.oracle.fuse(
                inputs.logits, previous: inputs.planes, motion: motion, similarity: inputs.similarity)
            // A half has 11 bits: of logits up to 10, that is 0.004, in what goes in and again in what comes out.
            let tolerance: Float = precision == .float32 ? 1e-4 : 1.2e-2
            #expect(result.logits.values.precision == precision)
            let values = result.logits.values.floats
            for pixel in 0..<large.width * large.height {
                for c in 0..<classes {
                    let value = values[pixel * result.logits.stride + c]
                    #expect(abs(value - expected.logits[c][pixel]) < tolerance, "pixel \(pixel), class \(c)")
                }
                let label = Int(result.mask.classes[pixel])
                let best = expected.logits.map { $0[pixel] }.max()!
                #expect(label < classes && expected.logits[label][pixel] > best - 2 * tolerance)
            }
            #expect(abs(result.similarityMean! - expected.similarityMean) < 1e-5)
            // Near ties a pixel may count on either side.
            #expect(abs(result.changedFraction! - expected.changedFraction!) <= 2 / 600 + Double(tolerance))
        }
    }

    @Test(
        "Without a previous frame the logits are the upsampled ones", arguments: [2, 3, 4, 8, 11, 14, 19, 23],
        [StatePrecision.float32, .float16])
    func cold(classes: Int, precision: StatePrecision) {
        let inputs = Inputs(classes: classes)
        let result = Self.fusion.upsample(inputs.logits, precision: precision)
        #expect(result.similarityMean == nil && result.changedFraction == nil)
        let values = result.logits.values.floats
        let plane = small.width * small.height
        for c in 0..<classes {
            let expected = Self.oracle.bicubic(
                UnsafeBufferPointer(start: inputs.logits.values + c * plane, count: plane), small.width, small.height)
            for pixel in expected.indices {
                let value = values[pixel * result.logits.stride + c]
                #expect(abs(value - expected[pixel]) < (precision == .float32 ? 1e-4 : 1e-2))
            }
        }
    }

    @Test("Several threads make of a frame what one makes", arguments: [2, 8], [StatePrecision.float32, .float16])
    func threads(classes: Int, precision: StatePrecision) {
        let inputs = Inputs(classes: classes)
        let previous = Fusion.Previous(
            logits: inputs.previous(precision),
            homography: Homography([1.02, 0.05, -2.3, -0.04, 0.97, 1.6, 4e-4, -3e-4, 1])!,
            similarity: inputs.similarity)
        let several = Fusion(
            logitsWidth: small.width, logitsHeight: small.height, width: large.width, height: large.height,
            upsampling: .bicubic, threads: 3)
        for (one, other) in [
            (Self.fusion.fuse(inputs.logits, previous: previous), several.fuse(inputs.logits, previous: previous)),
            (Self.fusion.carry(previous, classes: classes), several.carry(previous, classes: classes)),
            (
                Self.fusion.upsample(inputs.logits, precision: precision),
                several.upsample(inputs.logits, precision: precision)
            ),
        ] {
            #expect(other.logits.values.floats == one.logits.values.floats)
            #expect(other.mask == one.mask)
            #expect(other.changedFraction == one.changedFraction)
            #expect(other.similarityMean == one.similarityMean)
            #expect(
                other.logits.labels(other.mask, width: 50, height: 31, threads: 3)
                    == one.logits.labels(one.mask, width: 50, height: 31))
        }
    }

    @Test("A map of one row or one column is warped as any other", arguments: [(1, 28), (44, 1), (1, 1)])
    func thin(width: Int, height: Int) {
        let motion = Homography([1, 0, 0.25, 0, 1, -0.5, 0, 0, 1])!
        let fusion = Fusion(logitsWidth: 1, logitsHeight: 1, width: width, height: height, upsampling: .bicubic)
        let previous = (0..<2).map { c in (0..<width * height).map { Float($0 * (c + 1)) } }
        let logits = Tensor(shape: [1, 2, 1, 1], values: [1, 2])
        let similarity = Tensor(shape: [1, 1, 1, 1], values: [0.75])
        let interleaved = (0..<width * height).flatMap { [previous[0][$0], previous[1][$0], 0, 0] as [Float] }
        let result = fusion.fuse(
            logits,
            previous: .init(logits: .full(interleaved), homography: motion, similarity: similarity))
        let expected = FusionOracle(width: width, height: height).fuse(
            logits, previous: previous, motion: motion, similarity: similarity)
        let values = result.logits.values.floats
        for pixel in 0..<width * height {
            for c in 0..<2 { #expect(abs(values[pixel * 4 + c] - expected.logits[c][pixel]) < 1e-4) }
        }
    }

    struct Inputs {
        let logits: Tensor
        let similarity: Tensor
        /// The previous frame's logits, a plane for each class.
        let planes: [[Float]]

        init(classes: Int) {
            var random = Scene.Random(state: UInt64(classes))
            func number(_ range: ClosedRange<Float>) -> Float {
                range.lowerBound + Float(random.next() % 10_000) / 10_000 * (range.upperBound - range.lowerBound)
            }
            let cells = small.width * small.height
            logits = Tensor(
                shape: [1, classes, small.height, small.width],
                values: (0..<classes * cells).map { _ in number(-10...10) })
            similarity = Tensor(
                shape: [1, 1, small.height, small.width], values: (0..<cells).map { _ in number(0...1) })
            planes = (0..<classes).map { _ in (0..<large.width * large.height).map { _ in number(-10...10) } }
        }

        /// As a session keeps them.
        func previous(_ precision: StatePrecision) -> StoredFloats {
            let stride = LogitsMap.stride(classes: planes.count)
            // Padding lanes are large on purpose: they are no classes.
            var values = [Float](repeating: 1e4, count: large.width * large.height * stride)
            for (c, plane) in planes.enumerated() {
                for pixel in plane.indices { values[pixel * stride + c] = plane[pixel] }
            }
            return StoredFloats(values, precision: precision)
        }
    }
}
