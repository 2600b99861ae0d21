import Benchmark
import Foundation
import Testing

@Suite struct DistributionTests {
    @Test("Percentiles lie between the two nearest values")
    func percentiles() {
        let values = Distribution([40, 10, 30, 20])
        #expect(values.median == 25 && values.mean == 25)
        #expect(values.percentile(0) == 10 && values.percentile(100) == 40)
        #expect(abs(values.p95 - 38.5) < 1e-9)
        #expect(Distribution([7]).p99 == 7)
        #expect(Distribution([]).median == 0 && Distribution([]).mean == 0)
        #expect(Distribution((0...100).map(Double.init)).p99 == 99)
    }

    @Test("JSON has the summary and not the values")
    func json() throws {
        let json = try JSONEncoder().encode(Distribution([1, 2, 3]))
        let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Double])
        #expect(object == ["count": 3, "median": 2, "p95": 2.9, "p99": 2.98])
    }

    @Test("A goal is met on its own side of the bound, and at it")
    func goals() throws {
        #expect(Goal("a", 3, .atMost(3)).isMet && Goal("a", 3, .atLeast(3)).isMet)
        #expect(!Goal("a", 3.1, .atMost(3)).isMet && !Goal("a", 2.9, .atLeast(3)).isMet)
        let json = try JSONEncoder().encode(Goal("a", 2, .atMost(3)))
        let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(object["at_most"] as? Double == 3 && object["at_least"] == nil && object["met"] as? Bool == true)
    }
}
