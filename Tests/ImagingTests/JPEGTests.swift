import Imaging
import Testing

@Suite struct JPEGTests {
    @Test(arguments: [
        ("baseline-444.jpg", 5), ("baseline-422.jpg", 6), ("baseline-420.jpg", 9), ("sampling-440.jpg", 8),
        ("sampling-410.jpg", 20), ("progressive.jpg", 9), ("restart.jpg", 9), ("rgb.jpg", 1), ("arithmetic.jpg", 5),
        ("cmyk-adobe.jpg", 1),
    ])
    func `Every kind of colour JPEG decodes`(name: String, tolerance: Int) throws {
        let frame = try ImageCodec.decode(Fixture.bytes(name))
        let difference = try #require(frame.difference(to: Fixture.gradient))
        #expect(difference <= tolerance)
    }

    @Test func `Grey becomes three equal channels`() throws {
        let frame = try ImageCodec.decode(Fixture.bytes("grey.jpg"))
        let luminance = Fixture.gradient.luminance()
        let grey = Frame(width: 24, height: 16) { x, y in
            let value = Int(luminance.pixels[24 * y + x])
            return (value, value, value)
        }
        #expect(try #require(frame.difference(to: grey)) <= 5)
    }

    @Test func `Inks without Adobe's marker are not inverted`() throws {
        let plain = try JPEGBytes(Fixture.bytes("cmyk-adobe.jpg")).removing(0xee)
        let frame = try ImageCodec.decode(plain)
        // The stored values are 255 - ink; read as ink the black of 255 leaves no light.
        #expect(frame.pixels.allSatisfy { $0 == 0 })
    }

    @Test func `Inks coded as YCCK decode`() throws {
        var bytes = try Fixture.bytes("cmyk-adobe.jpg")
        let marker = try #require(JPEGBytes(bytes).segments.first { $0.marker == 0xee })
        bytes[marker.range.lowerBound + 15] = 2  // the transform (Adobe technical note 5116)
        func clamp(_ value: Double) -> Int { Int(min(max(value.rounded(), 0), 255)) }
        let expected = Frame(width: 24, height: 16) { x, y in
            // BT.601 on Y = 10 x, Cb = 15 y, Cr = 128, then ink for light.
            let (luma, blue) = (Double(10 * x), Double(15 * y - 128))
            return (255 - clamp(luma), 255 - clamp(luma - 0.344136 * blue), 255 - clamp(luma + 1.772 * blue))
        }
        #expect(try #require(ImageCodec.decode(bytes).difference(to: expected)) <= 2)
    }

    @Test func `Frames of motion JPEG without Huffman tables decode`() throws {
        let bytes = try JPEGBytes(Fixture.bytes("restart.jpg"))
        #expect(bytes.segments.contains { $0.marker == 0xc4 })
        let whole = try ImageCodec.decode(bytes.bytes)
        #expect(try ImageCodec.decode(bytes.removing(0xc4)) == whole)
    }

    @Test func `What follows the picture is ignored`() throws {
        let bytes = try Fixture.bytes("baseline-420.jpg")
        #expect(try ImageCodec.decode(bytes + bytes.prefix(100)) == ImageCodec.decode(bytes))
    }

    @Test(arguments: [
        "baseline-420.jpg", "progressive.jpg", "restart.jpg", "grey.jpg", "cmyk-adobe.jpg", "arithmetic.jpg",
    ])
    func `A JPEG cut short anywhere is refused`(name: String) throws {
        let bytes = try Fixture.bytes(name)
        for count in 1..<bytes.count {
            let cut = Array(bytes.prefix(count))
            #expect(code { try ImageCodec.decode(cut) } != nil, "cut at \(count)")
            #expect(code { try ImageCodec.picture(of: cut) } != nil, "cut at \(count)")
        }
    }

    @Test(arguments: ["baseline-420.jpg", "progressive.jpg", "grey.jpg"])
    func `A JPEG cut short and closed with an end marker is refused`(name: String) throws {
        let bytes = try Fixture.bytes(name)
        let scan = try #require(JPEGBytes(bytes).segments.last { $0.marker == 0xda })
        // Its last two bytes may hold nothing but the padding of the last block.
        for count in scan.range.upperBound..<bytes.count - 4 {
            let closed = Array(bytes.prefix(count)) + [0xff, 0xd9]
            #expect(code { try ImageCodec.decode(closed) } == .corrupt, "closed at \(count)")
            #expect(code { try ImageCodec.picture(of: closed) } == .corrupt, "closed at \(count)")
        }
    }

    @Test func `Codes that no table holds are refused`() throws {
        var bytes = try Fixture.bytes("baseline-444.jpg")
        let scan = try #require(JPEGBytes(bytes).segments.last { $0.marker == 0xda })
        for index in scan.range.upperBound + 4..<bytes.count - 2 { bytes[index] = 0xfe }
        let error = #expect(throws: ImageError.self) { try ImageCodec.decode(bytes) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.hasPrefix("The JPEG is damaged: ") == true)
    }

    @Test func `A size that the file cannot hold is refused`() throws {
        let small = try JPEGBytes(Fixture.bytes("baseline-420.jpg"))
        let bytes = small.patchingFrame { $0.replaceSubrange(1...4, with: [60, 0, 60, 0]) }
        let error = #expect(throws: ImageError.self) { try ImageCodec.header(of: bytes) }
        #expect(error?.message == "A file of \(bytes.count) bytes cannot hold a JPEG of 15360×15360 pixels")
    }

    @Test func `A plain surface, which compresses best, is not taken for a lie`() throws {
        let sky = Frame(width: 2048, height: 1024, pixels: [UInt8](repeating: 128, count: 3 * 2048 * 1024))
        #expect(try ImageCodec.decode(sky.jpegData()) == sky)
    }

    @Test(arguments: [[0, 0, 0, 24], [0, 16, 0, 0]])
    func `A JPEG without lines or columns is refused`(size: [UInt8]) throws {
        let bytes = try JPEGBytes(Fixture.bytes("grey.jpg")).patchingFrame { $0.replaceSubrange(1...4, with: size) }
        #expect(code { try ImageCodec.header(of: bytes) } == .corrupt)
    }

    @Test func `A JPEG larger than its data is refused`() throws {
        for name in ["baseline-444.jpg", "progressive.jpg"] {
            let bytes = try JPEGBytes(Fixture.bytes(name)).patchingFrame { $0[2] = 200 }
            #expect(try ImageCodec.header(of: bytes).height == 200)
            #expect(code { try ImageCodec.decode(bytes) } == .corrupt)
        }
    }

    @Test func `Twelve bits and two components are not supported`() throws {
        let bytes = try JPEGBytes(Fixture.bytes("grey.jpg"))
        #expect(code { try ImageCodec.header(of: bytes.patchingFrame { $0[0] = 12 }) } == .unsupportedFormat)
        let second: [UInt8] = [2, 0x11, 0]
        var two = bytes.patchingFrame { $0 = $0[..<5] + [2] + $0[6...] + second }
        let frame = try #require(bytes.segments.first { $0.marker == 0xc0 })
        two[frame.range.lowerBound + 3] += 3
        #expect(code { try ImageCodec.header(of: two) } == .unsupportedFormat)
    }

    @Test(arguments: [0xc3, 0xc5, 0xc6, 0xc7, 0xcb, 0xcd, 0xce, 0xcf] as [UInt8])
    func `Lossless and hierarchical JPEGs are not supported`(marker: UInt8) throws {
        var bytes = try Fixture.bytes("grey.jpg")
        let frame = try #require(JPEGBytes(bytes).segments.first { $0.marker == 0xc0 })
        bytes[frame.range.lowerBound + 1] = marker
        #expect(code { try ImageCodec.header(of: bytes) } == .unsupportedFormat)
    }

    @Test func `A second header is refused`() throws {
        let bytes = try JPEGBytes(Fixture.bytes("grey.jpg"))
        let frame = try #require(bytes.segments.first { $0.marker == 0xc0 })
        let doubled = Array(bytes.bytes[..<frame.range.upperBound] + bytes.bytes[frame.range.lowerBound...])
        #expect(code { try ImageCodec.decode(doubled) } == .corrupt)
    }

    @Test func `More scans than anybody needs are refused`() throws {
        let bytes = try JPEGBytes(Fixture.bytes("progressive.jpg"))
        let scans = bytes.segments.filter { $0.marker == 0xda }
        let last = bytes.bytes[scans[scans.count - 1].range.lowerBound..<bytes.bytes.count - 2]
        let many = bytes.bytes.dropLast(2) + Array(repeating: Array(last), count: 100).joined() + [0xff, 0xd9]
        #expect(code { try ImageCodec.decode(Array(many)) } == .tooLarge)
    }

    @Test func `Encoding keeps size and looks`() throws {
        let bytes = try Fixture.gradient.jpegData()
        #expect(try ImageCodec.header(of: bytes) == ImageHeader(format: .jpeg, width: 24, height: 16))
        #expect(try #require(ImageCodec.decode(bytes).difference(to: Fixture.gradient)) < 20)
    }

    @Test func `Better quality takes more bytes`() throws {
        let sizes = try [-5, 1, 50, 85, 100, 1000].map { try Fixture.gradient.jpegData(quality: $0).count }
        #expect(sizes[0] == sizes[1])
        #expect(sizes[1] < sizes[2] && sizes[2] < sizes[3] && sizes[3] < sizes[4])
        #expect(sizes[4] == sizes[5])
    }

    @Test func `Sides that JPEG cannot express are refused`() {
        let strip = Frame(width: 65_536, height: 1, pixels: [UInt8](repeating: 0, count: 3 * 65_536))
        #expect(code { try strip.jpegData() } == .cannotEncode)
    }
}

/// A JPEG file as its marker segments.
struct JPEGBytes {
    struct Segment {
        let marker: UInt8
        /// From the marker's 0xff to the end of its payload; entropy-coded data is in no segment.
        let range: Range<Int>
    }

    let bytes: [UInt8]
    private(set) var segments: [Segment] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var position = 2
        while bytes[position + 1] != 0xd9 {
            let marker = bytes[position + 1]
            let end = position + 2 + Int(bytes[position + 2]) << 8 + Int(bytes[position + 3])
            segments.append(Segment(marker: marker, range: position..<end))
            position = end
            guard marker == 0xda else { continue }
            while bytes[position] != 0xff || bytes[position + 1] == 0 || 0xd0...0xd7 ~= bytes[position + 1] {
                position += 1
            }
        }
    }

    func removing(_ marker: UInt8) -> [UInt8] {
        var rest = bytes
        for segment in segments.reversed() where segment.marker == marker { rest.removeSubrange(segment.range) }
        return rest
    }

    /// The file with another frame header: precision, height, width, components from index 0 on.
    func patchingFrame(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
        let frame = segments.first { 0xc0...0xc2 ~= $0.marker }!.range
        var payload = Array(bytes[frame.lowerBound + 4..<frame.upperBound])
        change(&payload)
        return bytes[..<(frame.lowerBound + 4)] + payload + bytes[frame.upperBound...]
    }
}
