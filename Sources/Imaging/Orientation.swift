/// How a stored picture is turned to stand upright: the values of EXIF tag 0x0112 (EXIF 2.32, 4.6.4.A).
package enum Orientation: Int, Sendable {
    case up = 1
    case mirrored = 2
    case upsideDown = 3
    case mirroredUpsideDown = 4
    case transposed = 5
    /// To be turned a quarter clockwise.
    case right = 6
    case transversed = 7
    /// To be turned a quarter counter-clockwise.
    case left = 8

    /// Whether turning exchanges width and height.
    package var swapsSides: Bool { rawValue >= 5 }
}

extension Orientation {
    /// Finds the orientation in the payload of a JPEG APP1 segment.
    ///
    /// Metadata that makes no sense is no orientation: it does not damage the picture.
    ///
    /// - Returns: Nil if the segment is not EXIF, says nothing about orientation, or is broken.
    init?(exif bytes: [UInt8], in segment: Range<Int>) {
        guard bytes[segment].starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) else { return nil }  // "Exif", 0, 0
        // All offsets count from the TIFF header (TIFF 6.0, section 2).
        let tiff = segment.lowerBound + 6
        let size = segment.upperBound - tiff
        guard size >= 8 else { return nil }
        let littleEndian: Bool
        switch (bytes[tiff], bytes[tiff + 1]) {
        case (0x49, 0x49): littleEndian = true
        case (0x4d, 0x4d): littleEndian = false
        default: return nil
        }
        guard bytes.uint16(at: tiff + 2, littleEndian: littleEndian) == 42 else { return nil }
        let directory = bytes.uint32(at: tiff + 4, littleEndian: littleEndian)
        guard directory >= 8, directory <= size - 2 else { return nil }
        let count = bytes.uint16(at: tiff + directory, littleEndian: littleEndian)
        for index in 0..<count {
            let entry = directory + 2 + 12 * index
            guard entry <= size - 12 else { return nil }
            let tag = bytes.uint16(at: tiff + entry, littleEndian: littleEndian)
            guard tag == 0x0112 else { continue }
            let type = bytes.uint16(at: tiff + entry + 2, littleEndian: littleEndian)
            guard type == 3, bytes.uint32(at: tiff + entry + 4, littleEndian: littleEndian) == 1 else { return nil }
            self.init(rawValue: bytes.uint16(at: tiff + entry + 8, littleEndian: littleEndian))
            return
        }
        return nil
    }
}
