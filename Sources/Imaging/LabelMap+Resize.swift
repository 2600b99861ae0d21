extension LabelMap {
    /// The mask at another size; each pixel takes the label nearest to its centre.
    package func resized(width newWidth: Int, height newHeight: Int) -> LabelMap {
        precondition(newWidth > 0 && newHeight > 0, "a mask has pixels")
        if newWidth == width, newHeight == height { return self }
        // Centre of output pixel i: (i + ½)·n/m − ½, rounded half up, is ⌊(2i + 1)·n / 2m⌋.
        let columns = (0..<newWidth).map { (2 * $0 + 1) * width / (2 * newWidth) }
        let resized = [UInt8](unsafeUninitializedCapacity: newWidth * newHeight) { out, count in
            classes.withUnsafeBufferPointer { source in
                for y in 0..<newHeight {
                    let row = (2 * y + 1) * height / (2 * newHeight) * width
                    for (x, column) in columns.enumerated() { out[y * newWidth + x] = source[row + column] }
                }
            }
            count = newWidth * newHeight
        }
        return LabelMap(width: newWidth, height: newHeight, classes: resized)
    }
}
