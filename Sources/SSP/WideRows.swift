import CKernels
import Inference

/// Rows of logits at the network's width, made downwards as they are asked for: each is interpolated along x once,
/// and the rows between four of them along y only.
struct WideRows: ~Copyable {
    /// Logits as the network gives them, but with classes innermost, so that a pixel is one or two vectors.
    struct Source {
        fileprivate let values: [Float]
        fileprivate let stride: Int
        fileprivate let row: Int

        init(_ logits: Tensor) {
            let stride = LogitsMap.stride(classes: logits.channels)
            let (channels, plane) = (logits.channels, logits.width * logits.height)
            values = [Float](unsafeUninitializedCapacity: plane * stride) { out, count in
                windhover_interleave(logits.values, Int32(plane), Int32(channels), Int32(stride), out.baseAddress!)
                count = plane * stride
            }
            self.stride = stride
            row = logits.width * stride
        }
    }

    private let source: Source
    private let columns: Interpolation
    /// Room for the last four.
    private let wide: UnsafeMutablePointer<Float>
    private let wideRow: Int
    private var made: Int

    /// `columns` leads from the logits' width to the network's; `first` is the first row of the logits that is asked for.
    init(_ source: Source, columns: Interpolation, from first: Int32) {
        self.source = source
        self.columns = columns
        made = Int(first)
        // Without padding rows would often lie a multiple of 4 KB apart, and compete for the same few lines of the
        // nearest cache.
        wideRow = columns.taps.count * source.stride + 80
        wide = .allocate(capacity: 4 * wideRow)
    }

    deinit { wide.deallocate() }

    /// The four rows that `tap` names, which is no higher than the one before.
    ///
    /// They stay what they are until the next call.
    mutating func rows(_ tap: windhover_tap) -> windhover_rows {
        while made <= tap.indices.3 {
            source.values.withUnsafeBufferPointer {
                windhover_upsample_row(
                    $0.baseAddress! + made * source.row, columns.taps, Int32(columns.taps.count),
                    Int32(source.stride), wide + made % 4 * wideRow)
            }
            made += 1
        }
        func row(_ index: Int32) -> UnsafePointer<Float> { UnsafePointer(wide + Int(index) % 4 * wideRow) }
        return windhover_rows(
            rows: (row(tap.indices.0), row(tap.indices.1), row(tap.indices.2), row(tap.indices.3)),
            weights: tap.weights, width: Int32(columns.taps.count))
    }
}
