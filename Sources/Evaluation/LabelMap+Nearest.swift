import Imaging

extension LabelMap {
    /// The mask at another size, as `INTER_NEAREST` of OpenCV makes it: output pixel i of m shows pixel ⌊i · n/m⌋ of n.
    ///
    /// That is up to half a pixel beside `resized(width:height:)`, which looks at centres; but published figures are
    /// made with it.
    package func nearest(width newWidth: Int, height newHeight: Int) -> LabelMap {
        precondition(newWidth > 0 && newHeight > 0, "a mask has pixels")
        if newWidth == width, newHeight == height { return self }
        let columns = Self.positions(from: width, to: newWidth)
        let rows = Self.positions(from: height, to: newHeight)
        var resized: [UInt8] = []
        resized.reserveCapacity(newWidth * newHeight)
        for row in rows {
            for column in columns { resized.append(classes[row * width + column]) }
        }
        return LabelMap(width: newWidth, height: newHeight, classes: resized)
    }

    /// In floating point as OpenCV does, whose rounding tells where i · n/m is a whole number.
    private static func positions(from count: Int, to newCount: Int) -> [Int] {
        let scale = 1 / (Double(newCount) / Double(count))
        return (0..<newCount).map { min(Int(Double($0) * scale), count - 1) }
    }
}
