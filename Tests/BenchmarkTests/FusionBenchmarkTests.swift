import Benchmark
import Testing

@Suite struct FusionBenchmarkTests {
    @Test("Each way of fusing is measured as often as it says")
    func rounds() {
        let result = FusionBenchmark(width: 64, height: 32, classes: 5, rounds: 40)
        #expect(result.float16.values.count == 40 && result.float32.values.count == 40)
        #expect(result.plain.values.count == 2 && result.opencv.values.count == 40)
        // Eight halves a pixel, read and written.
        #expect(result.bytes == 2 * 64 * 32 * 8 * 2)
    }
}
