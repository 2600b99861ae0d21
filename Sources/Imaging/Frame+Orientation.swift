extension Frame {
    /// The picture turned upright.
    package func turned(_ orientation: Orientation) -> Frame {
        if orientation == .up { return self }
        let (outWidth, outHeight) = orientation.swapsSides ? (height, width) : (width, height)
        // Source pixel of the output's first pixel, and how it moves with the output's x and y.
        let (last, bottom) = (width - 1, (height - 1) * width)
        let (start, stepX, stepY) =
            switch orientation {
            case .up: (0, 1, width)
            case .mirrored: (last, -1, width)
            case .upsideDown: (bottom + last, -1, -width)
            case .mirroredUpsideDown: (bottom, 1, -width)
            case .transposed: (0, width, 1)
            case .right: (bottom, -width, 1)
            case .transversed: (bottom + last, -width, -1)
            case .left: (last, width, -1)
            }
        let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { out, count in
            pixels.withUnsafeBufferPointer { source in
                var target = 0
                for y in 0..<outHeight {
                    var position = 3 * (start + y * stepY)
                    for _ in 0..<outWidth {
                        out[target] = source[position]
                        out[target + 1] = source[position + 1]
                        out[target + 2] = source[position + 2]
                        target += 3
                        position += 3 * stepX
                    }
                }
            }
            count = pixels.count
        }
        return Frame(width: outWidth, height: outHeight, pixels: turned)
    }
}
