import Imaging
import Testing

@Suite struct OrientationTests {
    @Test(arguments: 1...8)
    func `A picture stored turned is decoded upright`(value: Int) throws {
        let bytes = try Fixture.bytes("orientation-\(value).jpg")
        let header = try ImageCodec.header(of: bytes)
        #expect(header.orientation.rawValue == value)
        #expect((header.width, header.height) == (24, 16))
        #expect(try #require(ImageCodec.decode(bytes).difference(to: Fixture.gradient)) <= 5)
    }

    @Test(arguments: [true, false], 1...8)
    func `EXIF is read in both byte orders`(littleEndian: Bool, value: Int) throws {
        let bytes = try jpeg(exif(value, littleEndian: littleEndian))
        #expect(try ImageCodec.header(of: bytes).orientation.rawValue == value)
    }

    @Test(arguments: [0, 9, 255, 65_535])
    func `An orientation that does not exist is none`(value: Int) throws {
        #expect(try ImageCodec.header(of: jpeg(exif(value, littleEndian: true))).orientation == .up)
    }

    @Test func `Other tags before it do no harm`() throws {
        let bytes = try jpeg(exif(6, littleEndian: false, tagsBefore: 5))
        #expect(try ImageCodec.header(of: bytes).orientation == .right)
    }

    @Test func `EXIF cut short is no orientation, and the picture is still one`() throws {
        let whole = exif(6, littleEndian: true, tagsBefore: 1)
        for count in 0..<whole.count - 4 {
            let bytes = try jpeg(Array(whole.prefix(count)))
            let frame = try ImageCodec.decode(bytes)
            #expect((frame.width, frame.height) == (24, 16), "cut at \(count)")
        }
    }

    @Test func `EXIF of noise never turns into a crash`() throws {
        var noise = Noise(state: 3)
        for _ in 0..<2000 {
            var segment = exif(6, littleEndian: Bool.random(using: &noise), tagsBefore: 2)
            for _ in 0..<3 { segment[Int.random(in: 6..<segment.count, using: &noise)] = noise.bytes(1)[0] }
            _ = try ImageCodec.header(of: jpeg(segment))
        }
    }

    @Test func `The first EXIF segment counts`() throws {
        let bytes = try jpeg(exif(3, littleEndian: true), exif(6, littleEndian: true))
        #expect(try ImageCodec.header(of: bytes).orientation == .upsideDown)
    }

    @Test func `Turning moves every pixel to its place`() {
        let frame = Frame(width: 3, height: 2) { x, y in (10 * x, 100 * y, 7) }
        // Where each upright pixel is stored (EXIF 2.32, 4.6.4.A).
        let places: [Orientation: (Int, Int) -> (Int, Int)] = [
            .up: { ($0, $1) }, .mirrored: { (2 - $0, $1) }, .upsideDown: { (2 - $0, 1 - $1) },
            .mirroredUpsideDown: { ($0, 1 - $1) }, .transposed: { ($1, $0) }, .right: { ($1, 1 - $0) },
            .transversed: { (2 - $1, 1 - $0) }, .left: { (2 - $1, $0) },
        ]
        for (orientation, place) in places {
            let turned = frame.turned(orientation)
            #expect((turned.width, turned.height) == (orientation.swapsSides ? (2, 3) : (3, 2)))
            for y in 0..<turned.height {
                for x in 0..<turned.width {
                    let (storedX, storedY) = place(x, y)
                    #expect(turned[x, y] == frame[storedX, storedY], "\(orientation) at \(x), \(y)")
                }
            }
        }
    }

    /// A plain JPEG with segments APP1 behind its first marker.
    private func jpeg(_ payloads: [UInt8]...) throws -> [UInt8] {
        let bytes = try Fixture.bytes("baseline-444.jpg")
        var segments: [UInt8] = []
        for payload in payloads { segments += [0xff, 0xe1] + PNGBuilder.big(payload.count + 2).suffix(2) + payload }
        return bytes[..<2] + segments + bytes[2...]
    }

    private func exif(_ value: Int, littleEndian: Bool, tagsBefore: Int = 0) -> [UInt8] {
        func number(_ value: Int, _ size: Int) -> [UInt8] {
            let bytes = (0..<size).map { UInt8(value >> (8 * $0) & 255) }
            return littleEndian ? bytes : bytes.reversed()
        }
        var tiff = Array(littleEndian ? "II".utf8 : "MM".utf8) + number(42, 2) + number(8, 4)
        tiff += number(tagsBefore + 1, 2)
        for tag in 0..<tagsBefore { tiff += number(0x100 + tag, 2) + number(4, 2) + number(1, 4) + number(77, 4) }
        tiff += number(0x112, 2) + number(3, 2) + number(1, 4) + number(value, 2) + number(0, 2)
        return Array("Exif".utf8) + [0, 0] + tiff + number(0, 4)
    }
}
