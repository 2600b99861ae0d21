import CKernels
import Imaging
import Inference

/// Steps 3 and 6–8 of SSP: upsample the logits, warp the previous ones, blend by similarity, take the arg-max, count
/// what changed; one pass over the rows, so that no intermediate of the frame's size is written but the result, and
/// that in the precision in which it is kept.
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
    package func upsample(_ logits: Tensor, precision: StatePrecision) -> Result {
        eachRow(of: logits, precision) { row in
            windhover_spread_row(
                row.logits, precision == .float16, row.stride, row.classes, row.out, row.labels)
        }
    }

    /// The upsampled logits blended with the previous ones, in their precision.
    package func fuse(_ logits: Tensor, previous: Previous) -> Result {
        var similarity = SimilarityRows(previous.similarity, width: width, height: height)
        var back = WarpedRow(previous.homography, width: width, height: height)
        var (seen, changed): (Int32, Int32) = (0, 0)
        var result = previous.logits.withValues { last, half in
            eachRow(of: logits, previous.logits.precision) { row in
                similarity.move(to: row.y)
                back.move(to: row.y)
                windhover_fuse_row(
                    row.logits, last, Int32(height), half, back.cells, back.weights, similarity.row, row.stride,
                    row.classes, row.out, row.labels, &seen, &changed)
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
        let stride = LogitsMap.stride(classes: classes)
        var result = previous.logits.withValues { last, half in
            eachRow(stride: stride, classes: classes, previous.logits.precision) { y, out, labels in
                back.move(to: y)
                windhover_carry_row(
                    last, Int32(height), half, back.cells, back.weights, Int32(width), Int32(stride), Int32(classes),
                    out, labels)
            }
        }
        result.similarityMean = SimilarityRows(previous.similarity, width: width, height: height).mean
        return result
    }

    /// One row of the result.
    private struct Row {
        let y: Int
        let stride: Int32
        let classes: Int32
        /// The logits that it lies between.
        let logits: windhover_rows
        /// To be written.
        let out: UnsafeMutableRawPointer
        let labels: UnsafeMutablePointer<UInt8>
    }

    private func eachRow(of logits: Tensor, _ precision: StatePrecision, _ fill: (Row) -> Void) -> Result {
        let (classes, stride) = (logits.channels, LogitsMap.stride(classes: logits.channels))
        var wide = WideRows(logits, columns: columns)
        return eachRow(stride: stride, classes: classes, precision) { y, out, labels in
            fill(
                Row(
                    y: y, stride: Int32(stride), classes: Int32(classes), logits: wide.rows(rows.taps[y]), out: out,
                    labels: labels))
        }
    }

    /// `fill` is told a row's number, and where its logits and its labels are to be written.
    private func eachRow(
        stride: Int, classes: Int, _ precision: StatePrecision,
        _ fill: (Int, UnsafeMutableRawPointer, UnsafeMutablePointer<UInt8>) -> Void
    ) -> Result {
        var values: StoredFloats?
        let labels = [UInt8](unsafeUninitializedCapacity: width * height) { labels, count in
            values = StoredFloats(count: width * height * stride, precision: precision) { out in
                for y in 0..<height {
                    fill(y, out + y * width * stride * precision.bytes, labels.baseAddress! + y * width)
                }
            }
            count = width * height
        }
        return Result(
            logits: LogitsMap(width: width, height: height, classes: classes, values: values!),
            mask: LabelMap(width: width, height: height, classes: labels))
    }
}
