/// An 8-bit grey picture: a similarity map (255 = 1.0), or a frame's luminance.
package struct GreyMap: Sendable, Equatable {
    package let width: Int
    package let height: Int
    /// `height` × `width` bytes, rows from the top.
    package var pixels: [UInt8]

    package init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0 && pixels.count == width * height, "a grey map is height × width bytes")
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
