import CKernels

extension GreyMap {
    /// The map at another size: averaged over areas along an axis that shrinks, interpolated along one that grows.
    package func resized(width newWidth: Int, height newHeight: Int) -> GreyMap {
        if newWidth == width, newHeight == height { return self }
        let resampler = Resampler(channels: 1, from: (width, height), to: (newWidth, newHeight))
        let columns = resampler.columns
        let ratio = width.isMultiple(of: newWidth) && width / newWidth <= 255 ? Int32(width / newWidth) : nil
        let resized = resampler.resample(pixels) { blended, out in
            if let ratio {
                windhover_average_line(blended, ratio, Int32(newWidth), out)
            } else {
                windhover_resample_line(
                    blended, columns.starts, columns.offsets, columns.weights, Int32(newWidth), out)
            }
        }
        return GreyMap(width: newWidth, height: newHeight, pixels: resized)
    }
}
