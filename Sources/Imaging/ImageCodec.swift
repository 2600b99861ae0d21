/// Reads pictures that come from outside and may be damaged, or made to do harm.
///
/// The format is told by the first bytes, never by a file name or content type. A file is either decoded whole or
/// refused: a truncated or damaged one never yields a picture that is grey from some row on.
package enum ImageCodec {
    /// Reads what the file says about itself; allocates nothing that grows with the picture.
    ///
    /// - Throws: `unsupportedFormat` or `corrupt`.
    package static func header(of bytes: [UInt8]) throws(ImageError) -> ImageHeader {
        switch try format(of: bytes) {
        case .jpeg: try JPEGStructure(bytes, through: .header).header
        case .png: try PNGHeader(bytes).header
        }
    }

    /// Decodes a JPEG (baseline or progressive; grey, colour or CMYK; upright by its EXIF orientation) or a PNG (any
    /// colour type and depth; 16 bits scaled to 8, alpha composited over black).
    ///
    /// - Parameter maxPixels: `tooLarge` is thrown before allocation when width × height exceeds it. Decoding needs
    ///   about 3 bytes a pixel, for a progressive JPEG up to 9 and for a JPEG to be turned 6.
    /// - Throws: `unsupportedFormat`, `tooLarge` or `corrupt`.
    package static func decode(_ bytes: [UInt8], maxPixels: Int = 50_000_000) throws(ImageError) -> Frame {
        switch try format(of: bytes) {
        case .jpeg: try JPEGDecoder.decode(bytes, maxPixels: maxPixels)
        case .png: try Frame.decodePNG(bytes, maxPixels: maxPixels)
        }
    }

    /// The same, as the file holds it: without making red, green and blue of all its pixels where nobody needs them.
    ///
    /// - Parameter maxPixels: as of `decode`.
    /// - Throws: `unsupportedFormat`, `tooLarge` or `corrupt`.
    package static func picture(of bytes: [UInt8], maxPixels: Int = 50_000_000) throws(ImageError) -> Picture {
        switch try format(of: bytes) {
        case .jpeg: try JPEGDecoder.picture(bytes, maxPixels: maxPixels)
        case .png: .rgb(try Frame.decodePNG(bytes, maxPixels: maxPixels))
        }
    }

    private static func format(of bytes: [UInt8]) throws(ImageError) -> ImageFormat {
        if bytes.starts(with: [0xff, 0xd8, 0xff]) { return .jpeg }
        if bytes.starts(with: PNGHeader.signature) { return .png }
        if bytes.isEmpty { throw ImageError(.corrupt, "The image is empty") }
        throw ImageError(.unsupportedFormat, "The image is neither JPEG nor PNG")
    }

    /// Refuses sizes before anything is allocated for them.
    static func check(width: Int, height: Int, maxPixels: Int) throws(ImageError) {
        guard width * height <= maxPixels else {
            throw ImageError(
                .tooLarge, "The image is \(width)×\(height) pixels; at most \(maxPixels) pixels are allowed")
        }
    }
}
