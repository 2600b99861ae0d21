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
        var sampler = previous.map { SimilarityRows($0.similarity, width: width, height: height) }
        let back = BackwardMap(previous?.homography ?? .identity)
        // One row of logits, interpolated vertically, classes innermost.
        var line = [Float](repeating: 0, count: logits.width * stride)
        var similarity = [Float](repeating: 0, count: width)
        var total = 0.0
        var seen = 0
        var changed = 0

        result.logits.values.withUnsafeMutableBufferPointer { out in
            result.mask.classes.withUnsafeMutableBufferPointer { mask in
                for y in 0..<height {
                    interpolateRow(y, of: logits, stride: stride, into: &line)
                    sampler?.row(y, into: &similarity)
                    let row = y * width
                    line.withUnsafeBufferPointer { line in
                        var upsampled = PixelReader(line: line.baseAddress!, columns: columns, stride: stride)
                        for x in 0..<width {
                            let pixel = out.baseAddress! + (row + x) * stride
                            upsampled.move(to: x)
                            var best = ArgMax(classes: classes)
                            guard let last else {
                                for lane in Swift.stride(from: 0, to: stride, by: 4) {
                                    let value = upsampled.read(lane)
                                    store(value, at: pixel + lane)
                                    best.consider(value, lane)
                                }
                                mask[row + x] = best.index
                                continue
                            }
                            let s = similarity[x]
                            total += Double(s)
                            let tap = back.tap(x: x, y: y, width: width, height: height)
                            var bestBefore = ArgMax(classes: classes)
                            let topLeft = last + Int(tap.top + tap.left) * stride
                            let topRight = last + Int(tap.top + tap.right) * stride
                            let bottomLeft = last + Int(tap.bottom + tap.left) * stride
                            let bottomRight = last + Int(tap.bottom + tap.right) * stride
                            for lane in Swift.stride(from: 0, to: stride, by: 4) {
                                var warped = load(topLeft + lane) * tap.weights[0]
                                warped += load(topRight + lane) * tap.weights[1]
                                warped += load(bottomLeft + lane) * tap.weights[2]
                                warped += load(bottomRight + lane) * tap.weights[3]
                                let value = warped * s + upsampled.read(lane) * (1 - s)
                                store(value, at: pixel + lane)
                                best.consider(value, lane)
                                bestBefore.consider(warped, lane)
                            }
                            mask[row + x] = best.index
                            if tap.coverage > 0.5 {
                                seen += 1
                                if best.index != bestBefore.index { changed += 1 }
                            }
                        }
                    }
                }
            }
        }
        if previous != nil {
            result.similarityMean = total / Double(width * height)
            result.changedFraction = seen > 0 ? Double(changed) / Double(seen) : nil
        }
        return result
    }

    private func interpolateRow(_ y: Int, of logits: Tensor, stride: Int, into line: inout [Float]) {
        let (w, plane) = (logits.width, logits.width * logits.height)
        line.withUnsafeMutableBufferPointer { line in
            for channel in 0..<logits.channels {
                let source = logits.values + channel * plane
                for x in 0..<w { line[x * stride + channel] = 0 }
                for tap in 0..<rows.taps {
                    let weight = rows.weights[y * rows.taps + tap]
                    let from = source + Int(rows.indices[y * rows.taps + tap]) * w
                    for x in 0..<w { line[x * stride + channel] += weight * from[x] }
                }
            }
        }
    }
}

@inline(__always) func load(_ pointer: UnsafePointer<Float>) -> SIMD4<Float> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self)
}

@inline(__always) func store(_ value: SIMD4<Float>, at pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: SIMD4<Float>.self)
}

/// Interpolates along a row whose classes are innermost.
private struct PixelReader {
    let line: UnsafePointer<Float>
    let columns: Interpolation
    let stride: Int
    private var places = SIMD4<Int32>()
    private var weights = SIMD4<Float>()

    init(line: UnsafePointer<Float>, columns: Interpolation, stride: Int) {
        self.line = line
        self.columns = columns
        self.stride = stride
    }

    @inline(__always) mutating func move(to x: Int) {
        let taps = columns.taps
        for tap in 0..<taps {
            places[tap] = columns.indices[x * taps + tap] &* Int32(truncatingIfNeeded: stride)
            weights[tap] = columns.weights[x * taps + tap]
        }
    }

    @inline(__always) func read(_ lane: Int) -> SIMD4<Float> {
        var value = load(line + Int(places[0]) + lane) * weights[0] + load(line + Int(places[1]) + lane) * weights[1]
        if columns.taps == 4 {
            value += load(line + Int(places[2]) + lane) * weights[2] + load(line + Int(places[3]) + lane) * weights[3]
        }
        return value
    }
}

/// The class of the largest logit; of equal ones the first.
struct ArgMax {
    private let classes: Int
    private var best = SIMD4<Float>(repeating: -.infinity)
    private var group = SIMD4<Int32>()

    @inline(__always) init(classes: Int) {
        self.classes = classes
    }

    /// Four logits, of the classes from `lane` on.
    @inline(__always) mutating func consider(_ values: SIMD4<Float>, _ lane: Int) {
        var values = values
        if lane + 4 > classes {
            // Padding lanes are no classes.
            for extra in (classes - lane)..<4 { values[extra] = -.infinity }
        }
        let better = values .> best
        best.replace(with: values, where: better)
        group.replace(with: SIMD4(repeating: Int32(truncatingIfNeeded: lane)), where: better)
    }

    @inline(__always) var index: UInt8 {
        var value = best[0]
        var found = group[0]
        for lane in 1..<4 {
            let candidate = group[lane] + Int32(lane)
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
        let (upper, lower) = (Int(rows.indices[2 * y]) * map.width, Int(rows.indices[2 * y + 1]) * map.width)
        for x in 0..<map.width {
            line[x] = map.values[upper + x] * rows.weights[2 * y] + map.values[lower + x] * rows.weights[2 * y + 1]
        }
        for x in 0..<out.count {
            out[x] =
                line[Int(columns.indices[2 * x])] * columns.weights[2 * x] + line[Int(columns.indices[2 * x + 1])]
                * columns.weights[2 * x + 1]
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
