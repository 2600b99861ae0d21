import CTurboJPEG

extension Frame {
    /// Encodes a baseline JPEG with 4:2:0 colour.
    ///
    /// - Parameter quality: 1...100; values outside are clamped.
    /// - Throws: `cannotEncode` for sides of more than 65,535 pixels.
    package func jpegData(quality: Int = 85) throws(ImageError) -> [UInt8] {
        try JPEGEncoder.encode(width: width, height: height) { handle, file, size in
            tjCompress2(
                handle, pixels, Int32(width), 0, Int32(height), Int32(TJPF_RGB.rawValue), file, size,
                Int32(TJSAMP_420.rawValue), Int32(min(max(quality, 1), 100)), 0)
        }
    }
}
