/// Many measurements of one thing.
package struct Distribution: Sendable, Equatable, Encodable {
    /// Sorted.
    package let values: [Double]

    package init(_ values: [Double]) { self.values = values.sorted() }

    package var median: Double { percentile(50) }
    package var p95: Double { percentile(95) }
    package var p99: Double { percentile(99) }
    package var mean: Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }

    /// The value that `share` percent of all lie below, interpolated between the two nearest; 0 of nothing.
    package func percentile(_ share: Double) -> Double {
        guard let last = values.last else { return 0 }
        let place = share / 100 * Double(values.count - 1)
        let index = Int(place)
        guard index + 1 < values.count else { return last }
        return values[index] + (values[index + 1] - values[index]) * (place - Double(index))
    }

    private enum Key: String, CodingKey { case count, median, p95, p99 }

    /// Writes the summary, not the values.
    package func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(values.count, forKey: .count)
        try out.encode(median, forKey: .median)
        try out.encode(p95, forKey: .p95)
        try out.encode(p99, forKey: .p99)
    }
}
