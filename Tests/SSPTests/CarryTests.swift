import Imaging
import Inference
import SSP
import Testing

/// Carrying a prediction along with the camera, without a new one.
@Suite struct CarryTests {
    private static let (width, height, classes) = (12, 8, 3)

    /// Class 2 in one pixel, class 1 left of it, class 0 elsewhere.
    private var logits: [Float] {
        let stride = LogitsMap.stride(classes: Self.classes)
        var values = [Float](repeating: 0, count: Self.width * Self.height * stride)
        for y in 0..<Self.height {
            for x in 0..<Self.width {
                let label = (x, y) == (5, 3) ? 2 : x < 5 ? 1 : 0
                values[(y * Self.width + x) * stride + label] = 4
            }
        }
        return values
    }

    private func carry(_ motion: Homography, precision: StatePrecision = .float32) -> Fusion.Result {
        let fusion = Fusion(
            logitsWidth: 3, logitsHeight: 2, width: Self.width, height: Self.height, upsampling: .bicubic)
        let similarity = Tensor(shape: [1, 1, 2, 3], values: [0, 1, 0.5, 0.5, 1, 0])
        return fusion.carry(
            .init(
                logits: StoredFloats(logits, precision: precision), homography: motion, similarity: similarity),
            classes: Self.classes)
    }

    @Test("Where the camera stands still the prediction stays as it is", arguments: [StatePrecision.float32, .float16])
    func still(precision: StatePrecision) {
        let result = carry(.identity, precision: precision)
        #expect(result.logits.values.floats == logits)
        #expect(result.logits.values.precision == precision)
        #expect(result.similarityMean == 0.5)
        #expect(result.changedFraction == nil)
    }

    @Test func `It moves with the camera, and what comes into view is taken to go on like the border`() {
        let result = carry(Homography([1, 0, 2, 0, 1, -1, 0, 0, 1])!)
        #expect(result.mask.classes[2 * Self.width + 7] == 2)
        for y in 0..<Self.height {
            for x in 0..<Self.width where (x, y) != (7, 2) {
                #expect(result.mask.classes[y * Self.width + x] == (x < 7 ? 1 : 0), "at \(x), \(y)")
            }
        }
    }

    @Test func `A motion beyond all bounds leaves a prediction of the border, and no number that is none`() {
        let result = carry(Homography([1, 0, 1000, 0, 1, 0, 0, 1e-3, 1])!)
        #expect(result.mask.classes.allSatisfy { $0 == 1 })
        #expect(result.logits.values.floats.allSatisfy { $0.isFinite })
    }

    @Test func `Carried several times a state is still the same prediction, by the motions together`() throws {
        let motion = try #require(Homography([1.01, 0, 2, 0, 1.01, -1, 1e-5, 0, 1]))
        let state = TemporalState(
            logits: StoredFloats(logits, precision: .float16), features: .full([1]), landmarks: nil,
            frameWidth: 24, frameHeight: 16)
        let carried = state.carried(to: nil, by: motion).carried(to: nil, by: motion)
        #expect(carried.age == 2)
        #expect(carried.motion == motion * motion)
        #expect(carried.bytes == state.bytes)
    }

    @Test func `The stale fraction counts what was not in view, and what is no longer similar`() async throws {
        let golden = GoldenCase.all[0]
        let model = try await OpenVINOEngine().load(golden.bundle(cosine: true))
        let propagator = Propagator(model: model)
        let frame = try golden.frame(0)
        let output = try await model.segment(propagator.input(of: .rgb(frame)))
        let features = try #require(output.features)
        let state = try #require(
            propagator.state(
                after: propagator.cold(output, precision: .float32), output, landmarks: nil, frameWidth: frame.width,
                frameHeight: frame.height, precision: .float32))
        let still = try await propagator.align(features, with: propagator.warp(state, homography: .identity))
        #expect(still.staleFraction(floor: 0.3) == 0)
        #expect(still.staleFraction(floor: 1) == 1)
        // By a quarter of the frame to the right: a quarter was not in view.
        let step = Homography([1, 0, 20, 0, 1, 0, 0, 0, 1])!
        let moved = try await propagator.align(
            features, with: propagator.warp(state.carried(to: nil, by: step), homography: step))
        #expect(moved.staleFraction(floor: 0) == 0.25)
    }
}
