/// One picture of a video: 8-bit RGB, interleaved, rows from the top, no padding.
package struct Frame: Sendable, Equatable {
    package let width: Int
    package let height: Int
    /// `height` × `width` × 3 bytes.
    package var pixels: [UInt8]

    package init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(
            width > 0 && height > 0 && pixels.count == width * height * 3, "a frame is height × width × 3 bytes")
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
