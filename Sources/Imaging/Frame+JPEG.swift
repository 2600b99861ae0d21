import CTurboJPEG

extension Frame {
    /// Encodes a baseline JPEG with 4:2:0 colour.
    ///
    /// - Parameter quality: 1...100; values outside are clamped.
    /// - Throws: `cannotEncode` for sides of more than 65,535 pixels.
    package func jpegData(quality: Int = 85) throws(ImageError) -> [UInt8] {
        guard width <= 65_535, height <= 65_535 else {
            throw ImageError(.cannotEncode, "A JPEG has at most 65535 pixels a side")
        }
        guard let handle = tjInitCompress() else {
            throw ImageError(.cannotEncode, "The JPEG encoder is out of memory")
        }
        defer { tjDestroy(handle) }
        var file: UnsafeMutablePointer<UInt8>?
        var size: UInt = 0
        defer { tjFree(file) }
        let status = tjCompress2(
            handle, pixels, Int32(width), 0, Int32(height), Int32(TJPF_RGB.rawValue), &file, &size,
            Int32(TJSAMP_420.rawValue), Int32(min(max(quality, 1), 100)), 0)
        guard status == 0, let file else {
            throw ImageError(.cannotEncode, "The JPEG encoder failed: \(String(cString: tjGetErrorStr2(handle)))")
        }
        return Array(UnsafeBufferPointer(start: file, count: Int(size)))
    }
}
