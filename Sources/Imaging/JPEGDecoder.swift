import CTurboJPEG

/// Decodes JPEGs through TurboJPEG, strictly.
enum JPEGDecoder {
    static func decode(_ bytes: [UInt8], maxPixels: Int) throws(ImageError) -> Frame {
        try frame(bytes, structure(of: bytes, maxPixels: maxPixels))
    }

    /// As the file holds it where it is upright, of brightness and colour differences, and has no begun pixels.
    static func picture(_ bytes: [UInt8], maxPixels: Int) throws(ImageError) -> Picture {
        let structure = try structure(of: bytes, maxPixels: maxPixels)
        if structure.components == 3, structure.orientation ?? .up == .up,
            let frame = try planes(bytes, width: structure.storedWidth, height: structure.storedHeight)
        {
            return .ycbcr(frame)
        }
        return .rgb(try frame(bytes, structure))
    }

    private static func structure(of bytes: [UInt8], maxPixels: Int) throws(ImageError) -> JPEGStructure {
        let structure = try JPEGStructure(bytes, through: .whole)
        try ImageCodec.check(width: structure.storedWidth, height: structure.storedHeight, maxPixels: maxPixels)
        return structure
    }

    private static func frame(_ bytes: [UInt8], _ structure: JPEGStructure) throws(ImageError) -> Frame {
        let (width, height) = (structure.storedWidth, structure.storedHeight)
        let stored: Frame
        if structure.components == 4 {
            let inks = try pixels(bytes, width: width, height: height, format: TJPF_CMYK, channels: 4)
            stored = Frame(width: width, height: height, pixels: rgb(inks, inverted: structure.hasAdobeMarker))
        } else {
            let pixels = try pixels(bytes, width: width, height: height, format: TJPF_RGB, channels: 3)
            stored = Frame(width: width, height: height, pixels: pixels)
        }
        return stored.turned(structure.orientation ?? .up)
    }

    private static func pixels(
        _ bytes: [UInt8], width: Int, height: Int, format: TJPF, channels: Int
    ) throws(ImageError) -> [UInt8] {
        let decoder = try Decoder(bytes, width: width, height: height)
        let total = width * height * channels
        var status: Int32 = -1
        let pixels = [UInt8](unsafeUninitializedCapacity: total) { out, count in
            status = tjDecompress2(
                decoder.handle, bytes, UInt(bytes.count), out.baseAddress, Int32(width), 0, Int32(height),
                Int32(format.rawValue), Decoder.flags)
            count = status == 0 ? total : 0
        }
        guard status == 0 else { throw decoder.failure }
        return pixels
    }

    /// Nil where the file does not hold such planes, or their last pixels would reach beyond the picture.
    private static func planes(_ bytes: [UInt8], width: Int, height: Int) throws(ImageError) -> YCbCrFrame? {
        let decoder = try Decoder(bytes, width: width, height: height)
        let shared: (columns: Int, rows: Int)
        switch TJSAMP(rawValue: UInt32(bitPattern: decoder.sampling)) {
        case TJSAMP_444: shared = (1, 1)
        case TJSAMP_422: shared = (2, 1)
        case TJSAMP_420: shared = (2, 2)
        case TJSAMP_440: shared = (1, 2)
        default: return nil
        }
        guard decoder.isYCbCr, width.isMultiple(of: shared.columns), height.isMultiple(of: shared.rows) else {
            return nil
        }
        let (columns, rows) = (width / shared.columns, height / shared.rows)
        var status: Int32 = -1
        var cb: [UInt8] = []
        var cr: [UInt8] = []
        let luma = [UInt8](unsafeUninitializedCapacity: width * height) { luma, lumaCount in
            cb = [UInt8](unsafeUninitializedCapacity: columns * rows) { cb, cbCount in
                cr = [UInt8](unsafeUninitializedCapacity: columns * rows) { cr, crCount in
                    var planes = [luma.baseAddress, cb.baseAddress, cr.baseAddress]
                    status = tjDecompressToYUVPlanes(
                        decoder.handle, bytes, UInt(bytes.count), &planes, Int32(width), nil, Int32(height),
                        Decoder.flags)
                    crCount = status == 0 ? columns * rows : 0
                }
                cbCount = status == 0 ? columns * rows : 0
            }
            lumaCount = status == 0 ? width * height : 0
        }
        guard status == 0 else { throw decoder.failure }
        return YCbCrFrame(
            luma: GreyMap(width: width, height: height, pixels: luma),
            cb: GreyMap(width: columns, height: rows, pixels: cb),
            cr: GreyMap(width: columns, height: rows, pixels: cr))
    }

    /// TurboJPEG's decoder, which has read the header of one file.
    private final class Decoder {
        let handle: tjhandle
        let sampling: Int32
        let isYCbCr: Bool

        // libjpeg calls premature ends and damaged codes warnings, paints grey and goes on. Not here: an operator
        // would take the grey for ground.
        static let flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS

        /// Reads the header, of which our own reading, `width` and `height`, decides how much memory is lent out: both
        /// must agree.
        init(_ bytes: [UInt8], width: Int, height: Int) throws(ImageError) {
            guard let handle = tjInitDecompress() else {
                throw ImageError(.corrupt, "The JPEG decoder is out of memory")
            }
            self.handle = handle
            // Its status is left for the decoder to repeat: this call also refuses samplings that decode well.
            var (w, h, sampling, space): (Int32, Int32, Int32, Int32) = (-1, -1, -1, -1)
            _ = tjDecompressHeader3(handle, bytes, UInt(bytes.count), &w, &h, &sampling, &space)
            self.sampling = sampling
            isYCbCr = space == Int32(TJCS_YCbCr.rawValue)
            guard Int(w) == width, Int(h) == height else { throw failure }
        }

        var failure: ImageError {
            ImageError(.corrupt, "The JPEG is damaged: \(String(cString: tjGetErrorStr2(handle)))")
        }

        deinit { tjDestroy(handle) }
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
