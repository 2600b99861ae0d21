import Imaging
import Inference
import SSP
import Testing

@Suite struct GoldenTests {
    @Test("The image model's logits and features are the reference's", arguments: GoldenCase.all)
    func imageModel(golden: GoldenCase) async throws {
        let model = try await OpenVINOEngine().load(golden.bundle(cosine: false))
        let propagator = Propagator(model: model)
        for k in 0...1 {
            let output = try await model.segment(propagator.input(of: .rgb(golden.frame(k))))
            let logits = try golden.floats("image-logits-\(k).f32")
            let features = try golden.floats("features-\(k).f32")
            #expect(largestDifference(output.logits.array, logits) < 2e-3)
            #expect(largestDifference(try #require(output.features).array, features) < 2e-3)
        }
    }

    @Test("In float32 logits agree within 2e-3 and masks in 99.9 % of pixels", arguments: GoldenCase.all)
    func ssp(golden: GoldenCase) async throws {
        let run = try await GoldenRun(golden)
        for (k, prediction) in run.predictions.enumerated() {
            let expected = try golden.floats("ssp-logits-\(k).f32")
            #expect(largestDifference(prediction.logits.planes, expected) < 2e-3, "frame \(k)")
            #expect(agreement(prediction.mask, try golden.mask("ssp", k)) >= 0.999, "frame \(k)")
        }
    }

    @Test("The similarity map is the reference's", arguments: GoldenCase.all)
    func similarity(golden: GoldenCase) async throws {
        let run = try await GoldenRun(golden)
        #expect(run.predictions[0].similarity == nil)
        for (k, prediction) in run.predictions.enumerated().dropFirst() {
            let map = try #require(prediction.similarity)
            let upsampled = map.upsampledSimilarity(width: prediction.mask.width, height: prediction.mask.height)
            let expected = try golden.floats("ssp-similarity-\(k).f32")
            #expect(largestDifference(upsampled, expected) < 2e-3, "frame \(k)")
            let mean = Double(expected.reduce(0, +)) / Double(expected.count)
            #expect(abs(try #require(prediction.similarityMean) - mean) < 1e-3)
        }
    }

    @Test("With a float16 state masks agree in 99.5 % of pixels", arguments: GoldenCase.all)
    func float16(golden: GoldenCase) async throws {
        let run = try await GoldenRun(golden, precision: .float16)
        for (k, prediction) in run.predictions.enumerated() {
            #expect(agreement(prediction.mask, try golden.mask("ssp", k)) >= 0.995, "frame \(k)")
        }
    }

    @Test("Cosine similarity gives the reference's masks", arguments: GoldenCase.all)
    func cosine(golden: GoldenCase) async throws {
        let run = try await GoldenRun(golden, cosine: true)
        for (k, prediction) in run.predictions.enumerated() {
            #expect(agreement(prediction.mask, try golden.mask("cosine", k)) >= 0.999, "frame \(k)")
        }
    }

    @Test("Without registration the masks are the reference's unregistered ones", arguments: GoldenCase.all)
    func unregistered(golden: GoldenCase) async throws {
        let run = try await GoldenRun(golden, registered: false)
        for (k, prediction) in run.predictions.enumerated() {
            #expect(agreement(prediction.mask, try golden.mask("unregistered", k)) >= 0.999, "frame \(k)")
        }
    }

    private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
        guard a.count == b.count else { return .infinity }
        return zip(a, b).map { abs($0 - $1) }.max() ?? 0
    }
}

extension LogitsMap {
    /// C×H×W.
    var planes: [Float] {
        let values = values.floats
        return (0..<classes).flatMap { channel in (0..<width * height).map { values[$0 * stride + channel] } }
    }
}
