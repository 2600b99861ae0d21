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
    private let threads: Int

    init(bundle: ModelBundle, shapes: ModelShapes, threads: Int) {
        self.init(
            logitsWidth: shapes.logitsWidth, logitsHeight: shapes.logitsHeight, width: bundle.inputWidth,
            height: bundle.inputHeight, upsampling: bundle.upsampling, threads: threads)
    }

    /// `width` × `height` is the network's input; logits come at `logitsWidth` × `logitsHeight`.
    package init(
        logitsWidth: Int, logitsHeight: Int, width: Int, height: Int, upsampling: ModelBundle.Upsampling,
        threads: Int = 1
    ) {
        self.width = width
        self.height = height
        self.threads = threads
        columns = Interpolation(from: logitsWidth, to: width, kernel: upsampling)
        rows = Interpolation(from: logitsHeight, to: height, kernel: upsampling)
    }

    /// The upsampled logits themselves.
    package func upsample(_ logits: Tensor, precision: StatePrecision) -> Result {
        let (source, classes) = (WideRows.Source(logits), logits.channels)
        let stride = LogitsMap.stride(classes: classes)
        return filled(classes: classes, precision) { band, pixels in
            var wide = WideRows(source, columns: columns, from: rows.taps[band.lowerBound].indices.0)
            for y in band {
                let (out, labels) = pixels(y)
                windhover_spread_row(
                    wide.rows(rows.taps[y]), precision == .float16, Int32(stride), Int32(classes), out, labels)
            }
        }.result
    }

    /// The upsampled logits blended with the previous ones, in their precision.
    package func fuse(_ logits: Tensor, previous: Previous) -> Result {
        let (source, classes) = (WideRows.Source(logits), logits.channels)
        let stride = LogitsMap.stride(classes: classes)
        let similarity = SimilarityRows(previous.similarity, width: width, height: height)
        let back = WarpedRow(previous.homography, width: width, height: height)
        var (result, counts) = previous.logits.withValues { last, half in
            filled(classes: classes, previous.logits.precision) { band, pixels in
                var wide = WideRows(source, columns: columns, from: rows.taps[band.lowerBound].indices.0)
                var (similarity, back) = (similarity, back)
                var (seen, changed): (Int32, Int32) = (0, 0)
                for y in band {
                    similarity.move(to: y)
                    back.move(to: y)
                    let (out, labels) = pixels(y)
                    windhover_fuse_row(
                        wide.rows(rows.taps[y]), last, Int32(height), half, back.cells, back.weights, similarity.row,
                        Int32(stride), Int32(classes), out, labels, &seen, &changed)
                }
                return (seen: Int(seen), changed: Int(changed))
            }
        }
        let seen = counts.reduce(0) { $0 + $1.seen }
        result.similarityMean = similarity.mean
        result.changedFraction = seen > 0 ? Double(counts.reduce(0) { $0 + $1.changed }) / Double(seen) : nil
        return result
    }

    /// The previous logits alone, warped; a pixel that they do not show has those of the nearest one that they do.
    ///
    /// `similarity` only tells how far they can still be believed: 1×1×h×w, 0…1.
    package func carry(_ previous: Previous, classes: Int) -> Result {
        let back = WarpedRow(previous.homography, width: width, height: height, reaching: true)
        let stride = LogitsMap.stride(classes: classes)
        var result = previous.logits.withValues { last, half in
            filled(classes: classes, previous.logits.precision) { band, pixels in
                var back = back
                for y in band {
                    back.move(to: y)
                    let (out, labels) = pixels(y)
                    windhover_carry_row(
                        last, Int32(height), half, back.cells, back.weights, Int32(width), Int32(stride),
                        Int32(classes), out, labels)
                }
            }.result
        }
        result.similarityMean = SimilarityRows(previous.similarity, width: width, height: height).mean
        return result
    }

    /// Where a row's logits and its labels are to be written.
    private typealias Pixels = (Int) -> (UnsafeMutableRawPointer, UnsafeMutablePointer<UInt8>)

    /// What `fill`, which is given the rows in bands, makes of them; and its results, from the top.
    private func filled<Count>(
        classes: Int, _ precision: StatePrecision, _ fill: (Range<Int>, Pixels) -> Count
    ) -> (result: Result, counts: [Count]) {
        let stride = LogitsMap.stride(classes: classes)
        var values: StoredFloats?
        var counts: [Count] = []
        let labels = [UInt8](unsafeUninitializedCapacity: width * height) { labels, count in
            values = StoredFloats(count: width * height * stride, precision: precision) { out in
                let bytes = width * stride * precision.bytes
                counts = Bands.map(height, threads: threads) { band in
                    fill(band) { y in (out + y * bytes, labels.baseAddress! + y * width) }
                }
            }
            count = width * height
        }
        let result = Result(
            logits: LogitsMap(width: width, height: height, classes: classes, values: values!),
            mask: LabelMap(width: width, height: height, classes: labels))
        return (result, counts)
    }
}
