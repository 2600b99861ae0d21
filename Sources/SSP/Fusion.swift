import CKernels
import Imaging
import Inference

/// Steps 3 and 6–8 of SSP: upsample the logits, warp the previous ones, blend by similarity, take the arg-max; one
/// pass over the rows, so that no intermediate of the frame's size is written but the result.
package struct Fusion {
    package struct Previous {
        package let logits: StoredFloats
        /// Previous → current, at the network's size.
        package let homography: Homography
        /// 1×1×h×w, 0…1, on the feature grid.
        package let similarity: Tensor

        package init(logits: StoredFloats, homography: Homography, similarity: Tensor) {
            self.logits = logits
            self.homography = homography
            self.similarity = similarity
        }
    }

    package struct Result {
        package let logits: LogitsMap
        package let mask: LabelMap
        /// Mean over all pixels of the upsampled similarity.
        package fileprivate(set) var similarityMean: Double?
        /// Of the pixels that the previous frame also showed, those whose class is another than the warped one.
        package fileprivate(set) var changedFraction: Double?
    }

    private let width: Int
    private let height: Int
    private let columns: Interpolation
    private let rows: Interpolation

    init(bundle: ModelBundle, shapes: ModelShapes) {
        self.init(
            logitsWidth: shapes.logitsWidth, logitsHeight: shapes.logitsHeight, width: bundle.inputWidth,
            height: bundle.inputHeight, upsampling: bundle.upsampling)
    }

    /// `width` × `height` is the network's input; logits come at `logitsWidth` × `logitsHeight`.
    package init(
        logitsWidth: Int, logitsHeight: Int, width: Int, height: Int, upsampling: ModelBundle.Upsampling
    ) {
        self.width = width
        self.height = height
        columns = Interpolation(from: logitsWidth, to: width, kernel: upsampling)
        rows = Interpolation(from: logitsHeight, to: height, kernel: upsampling)
    }

    /// The upsampled logits themselves.
    package func upsample(_ logits: Tensor) -> Result {
        eachRow(of: logits) { row in
            windhover_upsample_row(row.line, columns.taps, Int32(width), row.stride, row.out)
            row.label()
        }
    }

    /// The upsampled logits blended with the previous ones.
    package func fuse(_ logits: Tensor, previous: Previous) -> Result {
        var similarity = SimilarityRows(previous.similarity, width: width, height: height)
        var back = WarpedRow(previous.homography, width: width, height: height)
        var warped = [Float](repeating: 0, count: width * LogitsMap.stride(classes: logits.channels))
        var before = [UInt8](repeating: 0, count: width)
        var (seen, changed): (Int32, Int32) = (0, 0)
        var result = previous.logits.withValues { last, half in
            eachRow(of: logits) { row in
                similarity.move(to: row.y)
                back.move(to: row.y)
                windhover_fuse_row(
                    row.line, columns.taps, last, half, back.cells, back.weights, similarity.row, Int32(width),
                    row.stride, &warped, row.out)
                row.label()
                windhover_largest(warped, Int32(width), row.stride, row.classes, &before)
                windhover_count_changes(row.labels, before, back.weights, Int32(width), &seen, &changed)
            }
        }
        result.similarityMean = similarity.mean
        result.changedFraction = seen > 0 ? Double(changed) / Double(seen) : nil
        return result
    }

    /// The previous logits alone, warped; a pixel that they do not show has those of the nearest one that they do.
    ///
    /// `similarity` only tells how far they can still be believed: 1×1×h×w, 0…1.
    package func carry(_ previous: Previous, classes: Int) -> Result {
        var back = WarpedRow(previous.homography, width: width, height: height, reaching: true)
        var map = LogitsMap(width: width, height: height, classes: classes)
        let stride = Int32(map.stride)
        let labels = [UInt8](unsafeUninitializedCapacity: width * height) { labels, count in
            previous.logits.withValues { last, half in
                map.values.withUnsafeMutableBufferPointer { out in
                    for y in 0..<height {
                        back.move(to: y)
                        let row = out.baseAddress! + y * width * Int(stride)
                        windhover_carry_row(last, half, back.cells, back.weights, Int32(width), stride, row)
                        windhover_largest(
                            row, Int32(width), stride, Int32(classes), labels.baseAddress! + y * width)
                    }
                }
            }
            count = width * height
        }
        var result = Result(logits: map, mask: LabelMap(width: width, height: height, classes: labels))
        result.similarityMean = SimilarityRows(previous.similarity, width: width, height: height).mean
        return result
    }

    /// One row of the result.
    private struct Row {
        let y: Int
        let width: Int
        let stride: Int32
        let classes: Int32
        /// The row's logits at the model's width.
        let line: UnsafePointer<Float>
        /// To be written.
        let out: UnsafeMutablePointer<Float>
        let labels: UnsafeMutablePointer<UInt8>

        /// Writes `labels` from `out`.
        func label() { windhover_largest(out, Int32(width), stride, classes, labels) }
    }

    private func eachRow(of logits: Tensor, _ fill: (Row) -> Void) -> Result {
        let (classes, stride) = (logits.channels, LogitsMap.stride(classes: logits.channels))
        let plane = logits.width * logits.height
        var map = LogitsMap(width: width, height: height, classes: classes)
        // Classes innermost, so that a pixel is one or two vectors.
        let interleaved = [Float](unsafeUninitializedCapacity: plane * stride) { out, count in
            windhover_interleave(logits.values, Int32(plane), Int32(classes), Int32(stride), out.baseAddress!)
            count = plane * stride
        }
        var line = [Float](repeating: 0, count: logits.width * stride)
        let labels = [UInt8](unsafeUninitializedCapacity: width * height) { labels, count in
            map.values.withUnsafeMutableBufferPointer { out in
                line.withUnsafeMutableBufferPointer { line in
                    for y in 0..<height {
                        windhover_blend_rows(
                            interleaved, Int32(line.count), rows.taps[y], line.baseAddress!)
                        fill(
                            Row(
                                y: y, width: width, stride: Int32(stride), classes: Int32(classes),
                                line: UnsafePointer(line.baseAddress!), out: out.baseAddress! + y * width * stride,
                                labels: labels.baseAddress! + y * width))
                    }
                }
            }
            count = width * height
        }
        return Result(logits: map, mask: LabelMap(width: width, height: height, classes: labels))
    }
}
