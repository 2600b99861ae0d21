/// A mask: one class index per pixel, rows from the top.
///
/// 255 is "ignore" in label files and never predicted.
package struct LabelMap: Sendable, Equatable {
    package static let ignore: UInt8 = 255

    package let width: Int
    package let height: Int
    /// `height` × `width` class indices.
    package var classes: [UInt8]

    package init(width: Int, height: Int, classes: [UInt8]) {
        precondition(width > 0 && height > 0 && classes.count == width * height, "a mask is height × width bytes")
        self.width = width
        self.height = height
        self.classes = classes
    }
}
