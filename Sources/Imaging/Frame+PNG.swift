import CPNGShim

extension Frame {
    /// Decodes any PNG; see ``ImageCodec/decode(_:maxPixels:)``.
    static func decodePNG(_ bytes: [UInt8], maxPixels: Int) throws(ImageError) -> Frame {
        let header = try PNGHeader(bytes)
        try ImageCodec.check(width: header.width, height: header.height, maxPixels: maxPixels)
        let pixels = try PNGCodec.decode(bytes, header, as: CPNG_RGB)
        return Frame(width: header.width, height: header.height, pixels: pixels)
    }

    /// Encodes an 8-bit RGB PNG: lossless, quick rather than small.
    package func pngData() throws(ImageError) -> [UInt8] {
        try PNGCodec.encode(pixels, width: width, height: height, as: CPNG_RGB, level: 1, predict: true)
    }
}
