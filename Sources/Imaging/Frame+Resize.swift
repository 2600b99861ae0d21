import CKernels

extension Frame {
    /// The picture at another size: averaged over areas along an axis that shrinks, interpolated along one that grows.
    package func resized(width newWidth: Int, height newHeight: Int) -> Frame {
        if newWidth == width, newHeight == height { return self }
        let resampler = Resampler(channels: 3, from: (width, height), to: (newWidth, newHeight))
        let columns = resampler.columns
        let resized = resampler.resample(pixels) { blended, out in
            windhover_resample_columns(
                blended, columns.starts, columns.offsets, columns.weights, Int32(newWidth), out)
        }
        return Frame(width: newWidth, height: newHeight, pixels: resized)
    }
}
