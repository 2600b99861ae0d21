import Foundation
import Inference
import Testing

@Suite struct OpenVINOEngineTests {
    /// `auto` compiles its second form meanwhile: there are enough inferences for both.
    @Test(arguments: [(OpenVINOEngine.Hint.auto, 30), (.latency, 1), (.throughput, 1)])
    func `Many inferences at once on few requests all give what one alone gives`(
        hint: OpenVINOEngine.Hint, rounds: Int
    ) async throws {
        var options = OpenVINOEngine.Options()
        (options.requests, options.hint) = (2, hint)
        let model = try await OpenVINOEngine(options: options).load(ModelBundle.load(SpoiltBundle.golden))
        let inputs = (0..<12).map { seed in
            Tensor(
                shape: [1, 3, 96, 160],
                values: (0..<3 * 96 * 160).map { Float(($0 &* 31 &+ seed &* 977) % 255) / 64 - 2 })
        }
        var alone: [[Float]] = []
        for input in inputs { alone.append(try await model.segment(input).logits.array) }
        for _ in 0..<rounds {
            let together = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
                for (index, input) in inputs.enumerated() {
                    group.addTask { (index, try await model.segment(input).logits.array) }
                }
                var results = [[Float]](repeating: [], count: inputs.count)
                for try await (index, logits) in group { results[index] = logits }
                return results
            }
            // The last bits depend on how the work was split over threads; another frame's answer would be far away.
            for (a, b) in zip(together, alone) { #expect(distance(a, b) < 1e-3) }
        }
        #expect(distance(alone[0], alone[1]) > 0.01)
    }

    private func distance(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
    }

    @Test func `A device that is not there is an error that names it`() async throws {
        var options = OpenVINOEngine.Options()
        options.device = "TPU"
        let error = await #expect(throws: BundleError.self) {
            _ = try await OpenVINOEngine(options: options).load(ModelBundle.load(SpoiltBundle.golden))
        }
        #expect(try #require(error).message.contains("TPU"))
    }

    @Test func `It computes in the precision asked for, or in the processor's own`() async throws {
        func precision(_ asked: OpenVINOEngine.Precision) async throws -> String {
            var options = OpenVINOEngine.Options()
            options.precision = asked
            return try await OpenVINOEngine(options: options).load(ModelBundle.load(SpoiltBundle.golden)).precision
        }
        #expect(try await precision(.f32) == "f32")
        let processor = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let computesInBF16 = processor.contains("avx512_bf16") || processor.contains("amx_bf16")
        #expect(try await (precision(.auto) == "bf16") == computesInBF16)
    }
}
