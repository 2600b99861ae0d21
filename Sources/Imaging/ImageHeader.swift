/// The picture formats that are read.
package enum ImageFormat: String, Sendable, Codable {
    case jpeg
    case png
}

/// What a file says about its picture before a pixel is decoded.
package struct ImageHeader: Sendable, Equatable {
    package let format: ImageFormat
    /// Pixels as decoded, that is after `orientation` has been applied.
    package let width: Int
    package let height: Int
    /// How the stored picture has to be turned to stand upright.
    package let orientation: Orientation

    package init(format: ImageFormat, width: Int, height: Int, orientation: Orientation = .up) {
        self.format = format
        self.width = width
        self.height = height
        self.orientation = orientation
    }
}
