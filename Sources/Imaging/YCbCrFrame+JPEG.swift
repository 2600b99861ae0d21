import CTurboJPEG

extension YCbCrFrame {
    /// Encodes a baseline JPEG with 4:2:0 colour, of a frame in which four pixels share one.
    ///
    /// - Parameter quality: 1...100; values outside are clamped.
    /// - Throws: `cannotEncode` for sides of more than 65,535 pixels.
    package func jpegData(quality: Int) throws(ImageError) -> [UInt8] {
        precondition(
            cb.width == (width + 1) / 2 && cb.height == (height + 1) / 2, "two by two pixels share a colour")
        // The encoder reads as many pixels as colours stand for.
        let luma = luma.extended(width: 2 * cb.width, height: 2 * cb.height)
        return try JPEGEncoder.encode(width: width, height: height) { handle, file, size in
            luma.pixels.withUnsafeBufferPointer { luma in
                cb.pixels.withUnsafeBufferPointer { cb in
                    cr.pixels.withUnsafeBufferPointer { cr in
                        var planes = [luma.baseAddress, cb.baseAddress, cr.baseAddress]
                        return tjCompressFromYUVPlanes(
                            handle, &planes, Int32(width), nil, Int32(height), Int32(TJSAMP_420.rawValue), file, size,
                            Int32(min(max(quality, 1), 100)), 0)
                    }
                }
            }
        }
    }
}

extension GreyMap {
    /// The map with its last column and row repeated up to another size, which is not smaller.
    fileprivate func extended(width newWidth: Int, height newHeight: Int) -> GreyMap {
        if newWidth == width, newHeight == height { return self }
        var out: [UInt8] = []
        out.reserveCapacity(newWidth * newHeight)
        for y in 0..<newHeight {
            let row = pixels[min(y, height - 1) * width..<(min(y, height - 1) + 1) * width]
            out += row
            out += [UInt8](repeating: row.last!, count: newWidth - width)
        }
        return GreyMap(width: newWidth, height: newHeight, pixels: out)
    }
}
