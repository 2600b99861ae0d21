import CPNGShim

extension GreyMap {
    /// Encodes an 8-bit grey PNG.
    package func pngData() throws(ImageError) -> [UInt8] {
        try PNGCodec.encode(pixels, width: width, height: height, as: CPNG_GREY, level: 1, predict: true)
    }

    /// Decodes a grey PNG; samples of 1, 2, 4 or 16 bits are scaled to 0...255.
    ///
    /// - Throws: `unsupportedFormat` if the PNG has colour or alpha, `tooLarge` beyond `maxPixels`, or `corrupt`.
    package static func decodePNG(_ bytes: [UInt8], maxPixels: Int = 50_000_000) throws(ImageError) -> GreyMap {
        let header = try PNGHeader(bytes)
        guard header.color == .grey else {
            throw ImageError(.unsupportedFormat, "A grey map must be a grey PNG without alpha")
        }
        try ImageCodec.check(width: header.width, height: header.height, maxPixels: maxPixels)
        let pixels = try PNGCodec.decode(bytes, header, as: CPNG_GREY)
        return GreyMap(width: header.width, height: header.height, pixels: pixels)
    }
}
