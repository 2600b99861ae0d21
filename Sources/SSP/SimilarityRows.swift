import CKernels
import Inference

/// A 1×1×h×w similarity map at the network's size, row by row: bilinear, half-pixel centres.
struct SimilarityRows {
    /// The row that was moved to last.
    private(set) var row: [Float]
    private let map: Tensor
    private let columns: Interpolation
    private let rows: Interpolation
    private var line: [Float]

    init(_ map: Tensor, width: Int, height: Int) {
        self.map = map
        columns = Interpolation(from: map.width, to: width, kernel: .bilinear)
        rows = Interpolation(from: map.height, to: height, kernel: .bilinear)
        row = [Float](repeating: 0, count: width)
        line = [Float](repeating: 0, count: map.width)
    }

    /// Mean of all rows.
    var mean: Double {
        // Interpolation is linear: what each value counts in the mean is the sum of its weights.
        let (across, down) = (columns.totals(map.width), rows.totals(map.height))
        var sum = 0.0
        for y in 0..<map.height {
            for x in 0..<map.width { sum += down[y] * across[x] * Double(map.values[y * map.width + x]) }
        }
        return sum / Double(columns.taps.count * rows.taps.count)
    }

    mutating func move(to y: Int) {
        windhover_blend_rows(map.values, Int32(map.width), rows.taps[y], &line)
        windhover_stretch_row(line, columns.taps, Int32(row.count), &row)
    }
}

extension Interpolation {
    /// How much each of `count` sources counts in all outputs together; bilinear.
    fileprivate func totals(_ count: Int) -> [Double] {
        var totals = [Double](repeating: 0, count: count)
        for tap in taps {
            totals[Int(tap.indices.1)] += Double(tap.weights.1)
            totals[Int(tap.indices.2)] += Double(tap.weights.2)
        }
        return totals
    }
}

extension Tensor {
    /// A 1×1×h×w similarity map at another size, as fusing sees it: `height` × `width` values, rows from the top.
    package func upsampledSimilarity(width: Int, height: Int) -> [Float] {
        var rows = SimilarityRows(self, width: width, height: height)
        var out: [Float] = []
        out.reserveCapacity(width * height)
        for y in 0..<height {
            rows.move(to: y)
            out += rows.row
        }
        return out
    }
}
