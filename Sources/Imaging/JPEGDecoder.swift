import CTurboJPEG

/// Decodes JPEGs through TurboJPEG, strictly.
enum JPEGDecoder {
    static func decode(_ bytes: [UInt8], maxPixels: Int) throws(ImageError) -> Frame {
        let structure = try JPEGStructure(bytes, through: .whole)
        let (width, height) = (structure.storedWidth, structure.storedHeight)
        try ImageCodec.check(width: width, height: height, maxPixels: maxPixels)
        let stored: Frame
        if structure.components == 4 {
            let inks = try decompress(bytes, width: width, height: height, format: TJPF_CMYK, channels: 4)
            stored = Frame(width: width, height: height, pixels: rgb(inks, inverted: structure.hasAdobeMarker))
        } else {
            let pixels = try decompress(bytes, width: width, height: height, format: TJPF_RGB, channels: 3)
            stored = Frame(width: width, height: height, pixels: pixels)
        }
        return stored.turned(structure.orientation ?? .up)
    }

    /// The brightness of a picture of `width` × `height`, one pixel for every `reduction` × `reduction`; nil if it is
    /// damaged.
    ///
    /// `reduction` is 2, 4 or 8.
    static func luminance(_ bytes: [UInt8], width: Int, height: Int, reduction: Int) -> GreyMap? {
        let (smallWidth, smallHeight) = ((width + reduction - 1) / reduction, (height + reduction - 1) / reduction)
        guard
            let pixels = try? decompress(
                bytes, width: width, height: height, as: (smallWidth, smallHeight), format: TJPF_GRAY, channels: 1)
        else { return nil }
        return GreyMap(width: smallWidth, height: smallHeight, pixels: pixels)
    }

    private static func decompress(
        _ bytes: [UInt8], width: Int, height: Int, as size: (width: Int, height: Int)? = nil, format: TJPF,
        channels: Int
    ) throws(ImageError) -> [UInt8] {
        guard let handle = tjInitDecompress() else { throw ImageError(.corrupt, "The JPEG decoder is out of memory") }
        defer { tjDestroy(handle) }
        // Our reading of the header decides how much memory is lent out, so the library's reading must agree. Its
        // status is left for the decoder to repeat: this call also refuses samplings that decode well.
        var (w, h, sampling, space): (Int32, Int32, Int32, Int32) = (-1, -1, -1, -1)
        _ = tjDecompressHeader3(handle, bytes, UInt(bytes.count), &w, &h, &sampling, &space)
        guard Int(w) == width, Int(h) == height else { throw failure(handle) }
        // libjpeg calls premature ends and damaged codes warnings, paints grey and goes on. Not here: an operator
        // would take the grey for ground.
        let flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
        let size = size ?? (width, height)
        let total = size.width * size.height * channels
        var status: Int32 = -1
        let pixels = [UInt8](unsafeUninitializedCapacity: total) { out, count in
            status = tjDecompress2(
                handle, bytes, UInt(bytes.count), out.baseAddress, Int32(size.width), 0, Int32(size.height),
                Int32(format.rawValue), flags)
            count = status == 0 ? total : 0
        }
        guard status == 0 else { throw failure(handle) }
        return pixels
    }

    private static func failure(_ handle: tjhandle) -> ImageError {
        ImageError(.corrupt, "The JPEG is damaged: \(String(cString: tjGetErrorStr2(handle)))")
    }

    /// Inks to light: each of cyan, magenta and yellow, and black again, take their share away.
    private static func rgb(_ inks: [UInt8], inverted: Bool) -> [UInt8] {
        let mask: UInt8 = inverted ? 0 : 255
        return [UInt8](unsafeUninitializedCapacity: inks.count / 4 * 3) { out, count in
            for pixel in 0..<inks.count / 4 {
                let black = UInt32(inks[4 * pixel + 3] ^ mask)
                for channel in 0..<3 {
                    let light = UInt32(inks[4 * pixel + channel] ^ mask)
                    out[3 * pixel + channel] = UInt8((light * black + 127) / 255)
                }
            }
            count = inks.count / 4 * 3
        }
    }
}
