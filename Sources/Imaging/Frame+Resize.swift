import CKernels

extension Frame {
    /// The picture at another size: averaged over areas along an axis that shrinks, interpolated along one that grows.
    package func resized(width newWidth: Int, height newHeight: Int) -> Frame {
        precondition(newWidth > 0 && newHeight > 0, "a frame has pixels")
        if newWidth == width, newHeight == height { return self }
        let rows = ResampleTaps(from: height, to: newHeight)
        let columns = ResampleTaps(from: width, to: newWidth)
        let stride = 3 * width
        let size = 3 * newWidth * newHeight
        // One row of the source's width, already blended vertically, in 1/256 of a brightness step.
        var blended = [UInt16](repeating: 0, count: stride + 1)
        let resized = [UInt8](unsafeUninitializedCapacity: size) { out, count in
            pixels.withUnsafeBufferPointer { pixels in
                rows.weights.withUnsafeBufferPointer { weights in
                    for y in 0..<newHeight {
                        let (first, end) = (rows.offsets[y], rows.offsets[y + 1])
                        windhover_resample_rows(
                            pixels.baseAddress! + Int(rows.starts[y]) * stride, Int32(stride), end - first,
                            weights.baseAddress! + Int(first), &blended)
                        windhover_resample_columns(
                            blended, columns.starts, columns.offsets, columns.weights, Int32(newWidth),
                            out.baseAddress! + 3 * newWidth * y)
                    }
                }
            }
            count = size
        }
        return Frame(width: newWidth, height: newHeight, pixels: resized)
    }
}
