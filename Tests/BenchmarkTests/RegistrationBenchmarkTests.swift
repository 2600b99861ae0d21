import Benchmark
import Imaging
import SSP
import Testing

@Suite struct RegistrationBenchmarkTests {
    @Test("On a simulated flight KLT comes near the known motion, and standing still does not")
    func simulated() throws {
        let pairs = RegistrationBenchmark.simulated(width: 320, height: 192, each: 2)
        #expect(pairs.count == 8 && pairs.allSatisfy { $0.motion != nil })
        let klt = RegistrationBenchmark(.klt, pairs)
        let still = RegistrationBenchmark(.identity, pairs)
        #expect(klt.pairs == 8 && klt.time.values.count == 8)
        #expect(try #require(klt.cornerError).median < 1)
        #expect(try #require(still.cornerError).median > 1)
        #expect(klt.photometricError.median < still.photometricError.median)
    }

    @Test("The corner error is the mean distance of the corners")
    func cornerError() {
        let shift = Homography([1, 0, 3, 0, 1, 4, 0, 0, 1])!
        #expect(abs(shift.cornerError(.identity, width: 20, height: 10) - 5) < 1e-12)
        // Twice as large: corners move by 0, 19, 9 and the diagonal.
        let double = Homography([2, 0, 0, 0, 2, 0, 0, 0, 1])!
        let diagonal = (19.0 * 19 + 9 * 9).squareRoot()
        #expect(abs(double.cornerError(.identity, width: 20, height: 10) - (28 + diagonal) / 4) < 1e-12)
    }

    @Test("What cannot be registered counts as a failure")
    func failures() {
        let blank = GreyMap(width: 64, height: 48, pixels: [UInt8](repeating: 90, count: 64 * 48))
        let result = RegistrationBenchmark(.klt, [.init(previous: blank, current: blank, motion: nil)])
        #expect(result.failures == 1 && result.cornerError == nil && result.photometricError.values.isEmpty)
    }
}
