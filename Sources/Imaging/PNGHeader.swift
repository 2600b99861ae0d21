/// The first 33 bytes of a PNG: its signature and IHDR chunk (PNG specification, 11.2.1).
struct PNGHeader {
    static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    let width: Int
    let height: Int
    /// Bits a sample: 1, 2, 4, 8 or 16.
    let depth: Int
    let color: Color

    enum Color: UInt8 {
        case grey = 0
        case rgb = 2
        case palette = 3
        case greyAlpha = 4
        case rgbAlpha = 6
    }

    var header: ImageHeader { ImageHeader(format: .png, width: width, height: height) }

    init(_ bytes: [UInt8]) throws(ImageError) {
        guard bytes.starts(with: Self.signature) else { throw ImageError(.unsupportedFormat, "The image is not a PNG") }
        guard bytes.count >= 33 else { throw ImageError(.corrupt, "The PNG is cut short") }
        guard bytes.uint32(at: 8) == 13, bytes[12..<16].elementsEqual([0x49, 0x48, 0x44, 0x52]) else {
            throw ImageError(.corrupt, "The PNG does not begin with its header")
        }
        width = bytes.uint32(at: 16)
        height = bytes.uint32(at: 20)
        guard (1...Int(Int32.max)).contains(width), (1...Int(Int32.max)).contains(height) else {
            throw ImageError(.corrupt, "The PNG has an impossible size, \(width)×\(height) pixels")
        }
        depth = Int(bytes[24])
        guard let color = Color(rawValue: bytes[25]), color.depths.contains(depth) else {
            throw ImageError(.corrupt, "The PNG has an impossible colour type or depth")
        }
        self.color = color
        guard bytes[26] == 0, bytes[27] == 0, bytes[28] <= 1 else {
            throw ImageError(.corrupt, "The PNG uses an unknown compression, filter or interlace method")
        }
        // Deflate makes at most 1032 bytes from one: 258 bytes for a length and a distance code of one bit each.
        let (bits, overflow) = width.multipliedReportingOverflow(by: height * depth * color.channels)
        guard !overflow, bits / 8 / 1032 <= bytes.count else {
            throw ImageError(.corrupt, "A file of \(bytes.count) bytes cannot hold a PNG of \(width)×\(height) pixels")
        }
    }
}

extension PNGHeader.Color {
    fileprivate var depths: [Int] {
        switch self {
        case .grey: [1, 2, 4, 8, 16]
        case .palette: [1, 2, 4, 8]
        case .rgb, .greyAlpha, .rgbAlpha: [8, 16]
        }
    }

    fileprivate var channels: Int {
        switch self {
        case .grey, .palette: 1
        case .greyAlpha: 2
        case .rgb: 3
        case .rgbAlpha: 4
        }
    }
}
