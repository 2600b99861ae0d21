import CTurboJPEG

/// Encodes JPEGs through TurboJPEG.
enum JPEGEncoder {
    typealias File = UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>

    /// The file that `compress` makes of a picture of `width` × `height`; that gets the library's handle, places for the
    /// file and its size, and answers the library's status.
    ///
    /// - Throws: `cannotEncode` for sides of more than 65,535 pixels.
    static func encode(
        width: Int, height: Int, _ compress: (tjhandle, File, UnsafeMutablePointer<UInt>) -> Int32
    ) throws(ImageError) -> [UInt8] {
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
        guard compress(handle, &file, &size) == 0, let file else {
            throw ImageError(.cannotEncode, "The JPEG encoder failed: \(String(cString: tjGetErrorStr2(handle)))")
        }
        return Array(UnsafeBufferPointer(start: file, count: Int(size)))
    }
}
