import CTurboJPEG

/// A picture's brightness at a fraction of its size, read from a JPEG without making the picture: a JPEG's brightness
/// lies apart from its colour, and as frequencies, of which the low ones alone give the smaller picture.
package struct ReducedLuminance: Sendable {
    /// One pixel for every `reduction` × `reduction` of the picture, begun ones included.
    package let map: GreyMap
    package let reduction: Int
    /// Of the picture, in pixels.
    package let width: Int
    package let height: Int

    package init(map: GreyMap, reduction: Int, width: Int, height: Int) {
        self.map = map
        self.reduction = reduction
        self.width = width
        self.height = height
    }

    /// Reads it at the smallest size that is not less than `minWidth` pixels wide.
    ///
    /// Nil where that saves nothing, and for everything but ordinary upright JPEGs in colour. A damaged file gives nil,
    /// too: decoding the whole says why.
    package static func read(_ bytes: [UInt8], minWidth: Int, maxPixels: Int) -> ReducedLuminance? {
        guard bytes.starts(with: [0xff, 0xd8, 0xff]), let structure = try? JPEGStructure(bytes, through: .header),
            structure.components == 3, structure.orientation ?? .up == .up
        else { return nil }
        let (width, height) = (structure.storedWidth, structure.storedHeight)
        guard width * height <= maxPixels,
            let reduction = [8, 4, 2].first(where: { (width + $0 - 1) / $0 >= minWidth }),
            let map = JPEGDecoder.luminance(bytes, width: width, height: height, reduction: reduction)
        else { return nil }
        return ReducedLuminance(map: map, reduction: reduction, width: width, height: height)
    }
}
