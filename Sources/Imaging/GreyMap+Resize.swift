import CKernels

extension GreyMap {
    /// The map at another size: averaged over areas along an axis that shrinks, interpolated along one that grows.
    package func resized(width newWidth: Int, height newHeight: Int) -> GreyMap {
        precondition(newWidth > 0 && newHeight > 0, "a map has pixels")
        if newWidth == width, newHeight == height { return self }
        let rows = ResampleTaps(from: height, to: newHeight)
        let columns = ResampleTaps(from: width, to: newWidth)
        let size = newWidth * newHeight
        let ratio = width.isMultiple(of: newWidth) && width / newWidth <= 255 ? Int32(width / newWidth) : nil
        // One row of the source's width, already blended vertically, in 1/256 of a brightness step.
        var blended = [UInt16](repeating: 0, count: width)
        let resized = [UInt8](unsafeUninitializedCapacity: size) { out, count in
            pixels.withUnsafeBufferPointer { pixels in
                rows.weights.withUnsafeBufferPointer { weights in
                    for y in 0..<newHeight {
                        let (first, end) = (rows.offsets[y], rows.offsets[y + 1])
                        windhover_resample_rows(
                            pixels.baseAddress! + Int(rows.starts[y]) * width, Int32(width), end - first,
                            weights.baseAddress! + Int(first), &blended)
                        let line = out.baseAddress! + newWidth * y
                        if let ratio {
                            windhover_average_line(blended, ratio, Int32(newWidth), line)
                        } else {
                            windhover_resample_line(
                                blended, columns.starts, columns.offsets, columns.weights, Int32(newWidth), line)
                        }
                    }
                }
            }
            count = size
        }
        return GreyMap(width: newWidth, height: newHeight, pixels: resized)
    }
}
