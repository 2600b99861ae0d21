import Imaging
import Inference

/// Steps 3 and 6–8 of SSP: upsample the logits, warp the previous ones, blend by similarity, take the arg-max; one
/// pass over the rows, so that no intermediate of the frame's size is written but the result.
struct Fusion {
    struct Previous {
        let logits: StoredFloats
        /// Previous → current, at the network's size.
        let homography: Homography
        /// 1×1×h×w, 0…1, on the feature grid.
        let similarity: Tensor
    }

    struct Result {
        var logits: LogitsMap
        var mask: LabelMap
        /// Mean over all pixels of the upsampled similarity.
        var similarityMean: Double?
        /// Of the pixels that the previous frame also showed, those whose class is another than the warped one.
        var changedFraction: Double?
    }

    let width: Int
    let height: Int
    let columns: Interpolation
    let rows: Interpolation

    /// `width` × `height` is the network's input; `logits` come at `logitsWidth` × `logitsHeight`.
    init(bundle: ModelBundle, shapes: ModelShapes) {
        width = bundle.inputWidth
        height = bundle.inputHeight
        columns = Interpolation(from: shapes.logitsWidth, to: width, kernel: bundle.upsampling)
        rows = Interpolation(from: shapes.logitsHeight, to: height, kernel: bundle.upsampling)
    }

    /// `previous` nil: the upsampled logits themselves.
    func fuse(_ logits: Tensor, previous: Previous?) -> Result {
        guard let previous else { return run(logits, nil, nil) }
        return previous.logits.withFloats { run(logits, previous, $0.baseAddress) }
    }

    private func run(_ logits: Tensor, _ previous: Previous?, _ last: UnsafePointer<Float>?) -> Result {
        let classes = logits.channels
        var result = Result(
            logits: LogitsMap(width: width, height: height, classes: classes),
            mask: LabelMap(width: width, height: height, classes: [UInt8](repeating: 0, count: width * height)))
        let stride = result.logits.stride
        let padding = ArgMax.padding(classes: classes)
        var sampler = previous.map { SimilarityRows($0.similarity, width: width, height: height) }
        let back = BackwardMap(previous?.homography ?? .identity, width: width, height: height)
        // One row of logits, interpolated vertically, classes innermost.
        var line = [Float](repeating: 0, count: logits.width * stride)
        var similarity = [Float](repeating: 0, count: width)
        var tally = Tally()

        result.logits.values.withUnsafeMutableBufferPointer { out in
            result.mask.classes.withUnsafeMutableBufferPointer { mask in
                columns.taps.withUnsafeBufferPointer { columns in
                    for y in 0..<height {
                        interpolateRow(y, of: logits, stride: stride, into: &line)
                        sampler?.row(y, into: &similarity)
                        let row = Row(
                            y: y, width: width, stride: stride, padding: padding, columns: columns.baseAddress!,
                            out: out.baseAddress! + y * width * stride, mask: mask.baseAddress! + y * width)
                        line.withUnsafeBufferPointer { line in
                            guard let last else { return row.upsample(line.baseAddress!) }
                            similarity.withUnsafeBufferPointer {
                                row.fuse(line.baseAddress!, last, $0.baseAddress!, back, &tally)
                            }
                        }
                    }
                }
            }
        }
        if previous != nil {
            result.similarityMean = tally.similarity / Double(width * height)
            result.changedFraction = tally.seen > 0 ? Double(tally.changed) / Double(tally.seen) : nil
        }
        return result
    }

    private func interpolateRow(_ y: Int, of logits: Tensor, stride: Int, into line: inout [Float]) {
        let (w, plane) = (logits.width, logits.width * logits.height)
        let tap = rows.taps[y]
        line.withUnsafeMutableBufferPointer { line in
            for channel in 0..<logits.channels {
                let source = logits.values + channel * plane
                let a = source + Int(tap.indices[0]) * w
                let b = source + Int(tap.indices[1]) * w
                let c = source + Int(tap.indices[2]) * w
                let d = source + Int(tap.indices[3]) * w
                for x in 0..<w {
                    let upper = a[x] * tap.weights[0] + b[x] * tap.weights[1]
                    line[x * stride + channel] = upper + (c[x] * tap.weights[2] + d[x] * tap.weights[3])
                }
            }
        }
    }
}

/// What is counted on the way.
private struct Tally {
    var similarity = 0.0
    var seen = 0
    var changed = 0
}

/// One row of the frame at work.
private struct Row {
    let y: Int
    let width: Int
    let stride: Int
    let padding: SIMD4<Float>
    let columns: UnsafePointer<Interpolation.Tap>
    let out: UnsafeMutablePointer<Float>
    let mask: UnsafeMutablePointer<UInt8>

    /// `line`: the row's logits at the model's width.
    func upsample(_ line: UnsafePointer<Float>) {
        for x in 0..<width {
            let tap = columns[x]
            var best = ArgMax()
            var lane = 0
            while lane < stride {
                let value = upsampled(line + lane, tap)
                store(value, at: out + x * stride + lane)
                best.consider(lane + 4 < stride ? value : value + padding, lane)
                lane += 4
            }
            mask[x] = best.index
        }
    }

    func fuse(
        _ line: UnsafePointer<Float>, _ last: UnsafePointer<Float>, _ similarity: UnsafePointer<Float>,
        _ back: BackwardMap, _ tally: inout Tally
    ) {
        var total: Float = 0
        var (seen, changed) = (0, 0)
        for x in 0..<width {
            let s = similarity[x]
            total += s
            let column = columns[x]
            let tap = back.tap(x: x, y: y)
            let topLeft = last + Int(tap.top + tap.left) * stride
            let topRight = last + Int(tap.top + tap.right) * stride
            let bottomLeft = last + Int(tap.bottom + tap.left) * stride
            let bottomRight = last + Int(tap.bottom + tap.right) * stride
            var best = ArgMax()
            var before = ArgMax()
            var lane = 0
            while lane < stride {
                var warped = load(topLeft + lane) * tap.weights[0]
                warped += load(topRight + lane) * tap.weights[1]
                warped += load(bottomLeft + lane) * tap.weights[2]
                warped += load(bottomRight + lane) * tap.weights[3]
                let value = warped * s + upsampled(line + lane, column) * (1 - s)
                store(value, at: out + x * stride + lane)
                if lane + 4 < stride {
                    best.consider(value, lane)
                    before.consider(warped, lane)
                } else {
                    best.consider(value + padding, lane)
                    before.consider(warped + padding, lane)
                }
                lane += 4
            }
            let index = best.index
            mask[x] = index
            if tap.coverage > 0.5 {
                seen += 1
                if index != before.index { changed += 1 }
            }
        }
        tally.similarity += Double(total)
        tally.seen += seen
        tally.changed += changed
    }

    @inline(__always)
    private func upsampled(_ line: UnsafePointer<Float>, _ tap: Interpolation.Tap) -> SIMD4<Float> {
        var value = load(line + Int(tap.indices[0]) * stride) * tap.weights[0]
        value += load(line + Int(tap.indices[1]) * stride) * tap.weights[1]
        value += load(line + Int(tap.indices[2]) * stride) * tap.weights[2]
        value += load(line + Int(tap.indices[3]) * stride) * tap.weights[3]
        return value
    }
}

@inline(__always) func load(_ pointer: UnsafePointer<Float>) -> SIMD4<Float> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self)
}

@inline(__always) func store(_ value: SIMD4<Float>, at pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: SIMD4<Float>.self)
}

/// The class of the largest logit; of equal ones the first.
struct ArgMax {
    private var best = SIMD4<Float>(repeating: -.infinity)
    private var group = SIMD4<Int32>()

    /// What is added to the last four lanes: lanes beyond the classes are none, and never the largest.
    static func padding(classes: Int) -> SIMD4<Float> {
        var padding = SIMD4<Float>()
        for lane in 0..<4 where (classes - 1) / 4 * 4 + lane >= classes { padding[lane] = -.infinity }
        return padding
    }

    /// Four logits, of the classes from `lane` on.
    @inline(__always) mutating func consider(_ values: SIMD4<Float>, _ lane: Int) {
        let better = values .> best
        best.replace(with: values, where: better)
        group.replace(with: SIMD4(repeating: Int32(truncatingIfNeeded: lane)), where: better)
    }

    @inline(__always) var index: UInt8 {
        var value = best[0]
        var found = group[0]
        for lane in 1..<4 {
            let candidate = group[lane] &+ Int32(truncatingIfNeeded: lane)
            if best[lane] > value || (best[lane] == value && candidate < found) {
                value = best[lane]
                found = candidate
            }
        }
        return UInt8(truncatingIfNeeded: found)
    }
}

/// The similarity map's rows at the network's size: bilinear, half-pixel centres.
private struct SimilarityRows {
    private let map: Tensor
    private let columns: Interpolation
    private let rows: Interpolation
    private var line: [Float]

    init(_ map: Tensor, width: Int, height: Int) {
        self.map = map
        columns = Interpolation(from: map.width, to: width, kernel: .bilinear)
        rows = Interpolation(from: map.height, to: height, kernel: .bilinear)
        line = [Float](repeating: 0, count: map.width)
    }

    mutating func row(_ y: Int, into out: inout [Float]) {
        let tap = rows.taps[y]
        let upper = map.values + Int(tap.indices[1]) * map.width
        let lower = map.values + Int(tap.indices[2]) * map.width
        for x in 0..<map.width { line[x] = upper[x] * tap.weights[1] + lower[x] * tap.weights[2] }
        for x in 0..<out.count {
            let tap = columns.taps[x]
            out[x] = line[Int(tap.indices[1])] * tap.weights[1] + line[Int(tap.indices[2])] * tap.weights[2]
        }
    }
}

extension Tensor {
    /// A 1×1×h×w similarity map at another size, as fusing sees it: `height` × `width` values, rows from the top.
    package func upsampledSimilarity(width: Int, height: Int) -> [Float] {
        var rows = SimilarityRows(self, width: width, height: height)
        var line = [Float](repeating: 0, count: width)
        var out: [Float] = []
        out.reserveCapacity(width * height)
        for y in 0..<height {
            rows.row(y, into: &line)
            out += line
        }
        return out
    }
}
