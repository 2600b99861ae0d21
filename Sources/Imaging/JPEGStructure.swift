/// What the markers of a JPEG file say (ITU-T T.81, annex B), read without decoding.
///
/// Decoders repair what they can and report the damage late or not at all. Walking the markers first tells truncation,
/// lies about the size, and files that ask for too much work before a byte is allocated for pixels.
struct JPEGStructure {
    enum Extent {
        /// Up to the first scan.
        case header
        /// Up to the end of the image.
        case whole
    }

    /// Ordinary progressive files have about ten scans; each costs a pass over the whole picture.
    static let maxScans = 50

    private(set) var storedWidth = 0
    private(set) var storedHeight = 0
    /// 1 is grey, 3 is colour, 4 is CMYK or YCCK.
    private(set) var components = 0
    private(set) var orientation: Orientation?
    /// Adobe's programs store the four inks inverted and say so with a marker.
    private(set) var hasAdobeMarker = false
    private(set) var scans = 0
    private var isArithmetic = false

    var header: ImageHeader {
        let swaps = orientation?.swapsSides == true
        return ImageHeader(
            format: .jpeg, width: swaps ? storedHeight : storedWidth, height: swaps ? storedWidth : storedHeight,
            orientation: orientation ?? .up)
    }

    init(_ bytes: [UInt8], through extent: Extent) throws(ImageError) {
        var position = 2
        while true {
            guard position + 1 < bytes.count else { throw Self.truncated }
            guard bytes[position] == 0xff else {
                throw ImageError(.corrupt, "The JPEG has stray bytes between segments")
            }
            let marker = bytes[position + 1]
            position += 1
            if marker == 0xff { continue }  // fill byte (B.1.1.2)
            position += 1
            if marker == 0xd9 { break }  // EOI
            guard !(0xd0...0xd8).contains(marker), marker > 1 else {
                throw ImageError(.corrupt, "The JPEG has a marker out of place")
            }
            guard position + 1 < bytes.count else { throw Self.truncated }
            let end = position + bytes.uint16(at: position)
            guard end >= position + 2 else { throw ImageError(.corrupt, "The JPEG has a segment of impossible length") }
            guard end <= bytes.count else { throw Self.truncated }
            let payload = position + 2..<end
            position = end
            switch marker {
            case 0xc0...0xcf where ![0xc4, 0xc8, 0xcc].contains(marker):
                try readFrame(bytes, payload, marker)
                try checkSize(bytes.count)
            case 0xe1: orientation = orientation ?? Orientation(exif: bytes, in: payload)
            case 0xee: hasAdobeMarker = hasAdobeMarker || bytes[payload].starts(with: [0x41, 0x64, 0x6f, 0x62, 0x65])
            case 0xda:
                guard components > 0 else { throw ImageError(.corrupt, "The JPEG has a scan before its header") }
                if extent == .header { return }
                scans += 1
                guard scans <= Self.maxScans else {
                    throw ImageError(.tooLarge, "The JPEG has more than \(Self.maxScans) scans")
                }
                position = try Self.endOfScan(bytes, from: position)
            default: break
            }
        }
        guard scans > 0 else { throw ImageError(.corrupt, "The JPEG contains no picture") }
    }

    private static let truncated = ImageError(.corrupt, "The JPEG is cut short")

    /// Start of frame (B.2.2).
    private mutating func readFrame(_ bytes: [UInt8], _ payload: Range<Int>, _ marker: UInt8) throws(ImageError) {
        guard components == 0 else { throw ImageError(.corrupt, "The JPEG has more than one header") }
        switch marker {
        case 0xc0, 0xc1, 0xc2: break
        case 0xc9, 0xca: isArithmetic = true
        default: throw ImageError(.unsupportedFormat, "Lossless and hierarchical JPEGs are not supported")
        }
        let start = payload.lowerBound
        guard payload.count >= 6, payload.count == 6 + 3 * Int(bytes[start + 5]) else {
            throw ImageError(.corrupt, "The JPEG header has the wrong length")
        }
        guard bytes[start] == 8 else {
            throw ImageError(.unsupportedFormat, "JPEGs of \(bytes[start]) bits per sample are not supported")
        }
        storedHeight = bytes.uint16(at: start + 1)
        storedWidth = bytes.uint16(at: start + 3)
        components = Int(bytes[start + 5])
        guard storedWidth > 0, storedHeight > 0 else { throw ImageError(.corrupt, "The JPEG has no pixels") }
        guard [1, 3, 4].contains(components) else {
            throw ImageError(.unsupportedFormat, "JPEGs of \(components) components are not supported")
        }
    }

    /// A file too small for the size it claims is refused before memory is.
    ///
    /// One component is sampled fully, and each of its 8×8 blocks takes one bit at least (Huffman codes have one bit
    /// or more, F.1.2.1; progressive scans with end-of-band runs come after one that codes every DC coefficient).
    private func checkSize(_ fileSize: Int) throws(ImageError) {
        let blocks = ((storedWidth + 7) / 8) * ((storedHeight + 7) / 8)
        guard isArithmetic || blocks <= fileSize * 8 else {
            throw ImageError(
                .corrupt, "A file of \(fileSize) bytes cannot hold a JPEG of \(storedWidth)×\(storedHeight) pixels")
        }
    }

    /// Entropy-coded data runs to the next marker that is neither a stuffed 0xff nor a restart.
    private static func endOfScan(_ bytes: [UInt8], from start: Int) throws(ImageError) -> Int {
        let end = bytes.withUnsafeBufferPointer { bytes -> Int? in
            var position = start
            while position + 1 < bytes.count {
                if bytes[position] == 0xff, bytes[position + 1] != 0, !(0xd0...0xd7).contains(bytes[position + 1]) {
                    return position
                }
                position += 1
            }
            return nil
        }
        guard let end else { throw truncated }
        return end
    }
}
