import CKernels
import Inference

/// Rows of logits at the network's width, made from the top as they are asked for: each is interpolated along x once,
/// and the rows between four of them along y only.
struct WideRows: ~Copyable {
    private let columns: Interpolation
    private let stride: Int
    private let height: Int
    /// Classes innermost, so that a pixel is one or two vectors.
    private let narrow: [Float]
    private let narrowRow: Int
    /// Room for the last four.
    private let wide: UnsafeMutablePointer<Float>
    private let wideRow: Int
    private var made = 0

    /// `columns` leads from the logits' width to the network's.
    init(_ logits: Tensor, columns: Interpolation) {
        self.columns = columns
        stride = LogitsMap.stride(classes: logits.channels)
        height = logits.height
        let (channels, plane, stride) = (logits.channels, logits.width * logits.height, stride)
        narrow = [Float](unsafeUninitializedCapacity: plane * stride) { out, count in
            windhover_interleave(logits.values, Int32(plane), Int32(channels), Int32(stride), out.baseAddress!)
            count = plane * stride
        }
        narrowRow = logits.width * stride
        // Without padding rows would often lie a multiple of 4 KB apart, and compete for the same few lines of the
        // nearest cache.
        wideRow = columns.taps.count * stride + 80
        wide = .allocate(capacity: 4 * wideRow)
    }

    deinit { wide.deallocate() }

    /// The four rows that `tap` names, which is no higher than the one before.
    ///
    /// They stay what they are until the next call.
    mutating func rows(_ tap: windhover_tap) -> windhover_rows {
        while made <= tap.indices.3 {
            narrow.withUnsafeBufferPointer {
                windhover_upsample_row(
                    $0.baseAddress! + made * narrowRow, columns.taps, Int32(columns.taps.count), Int32(stride),
                    wide + made % 4 * wideRow)
            }
            made += 1
        }
        func row(_ index: Int32) -> UnsafePointer<Float> { UnsafePointer(wide + Int(index) % 4 * wideRow) }
        return windhover_rows(
            rows: (row(tap.indices.0), row(tap.indices.1), row(tap.indices.2), row(tap.indices.3)),
            weights: tap.weights, width: Int32(columns.taps.count))
    }
}
