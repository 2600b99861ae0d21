import Imaging
import Testing

@Suite struct PNGTests {
    @Test(arguments: ["rgb.png", "interlaced.png", "rgb-16.png"])
    func `Lossless pictures of other encoders decode exactly`(name: String) throws {
        #expect(try ImageCodec.decode(Fixture.bytes(name)) == Fixture.gradient)
    }

    @Test func `Four-bit palettes of other encoders decode`() throws {
        let frame = try ImageCodec.decode(Fixture.bytes("palette-4.png"))
        // Sixteen colours for a gradient of 384: what Pillow makes of it is up to 50 away.
        #expect(try #require(frame.difference(to: Fixture.gradient)) <= 50)
        #expect(Set((0..<16).flatMap { y in (0..<24).map { frame[$0, y] } }).count == 16)
    }

    /// Every colour type and depth there is (PNG specification, table 11.1).
    static let kinds: [(color: Int, depth: Int)] = [
        (0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16),
        (6, 8), (6, 16),
    ]

    @Test(arguments: kinds, [false, true])
    func `Every colour type and depth decodes`(kind: (color: Int, depth: Int), interlaced: Bool) throws {
        for (width, height) in [(7, 5), (1, 1), (9, 17)] {
            var png = PNGBuilder(width: width, height: height, depth: kind.depth, color: kind.color)
            png.interlaced = interlaced
            png.sample = { x, y, channel in (x * 7919 + y * 104_729 + channel * 40_503 + 77) % (1 << kind.depth) }
            png.palette = kind.color == 3 ? Self.palette(1 << kind.depth) : nil
            let frame = try ImageCodec.decode(png.bytes())
            let expected = Self.expected(png)
            #expect(try #require(frame.difference(to: expected)) <= (kind.depth == 16 ? 1 : 0))
        }
    }

    @Test func `A palette's transparent entries fade to black`() throws {
        var png = PNGBuilder(depth: 2, color: 3)
        png.palette = [200, 100, 50, 200, 100, 50, 200, 100, 50, 200, 100, 50]
        png.transparency = [0, 128, 255]
        png.sample = { x, _, _ in x % 4 }
        let frame = try ImageCodec.decode(png.bytes())
        #expect(frame[0, 0] == [0, 0, 0])
        #expect(frame[1, 0] == [100, 50, 25])
        #expect(frame[2, 0] == [200, 100, 50])
        #expect(frame[3, 0] == [200, 100, 50])
    }

    @Test(arguments: [1, 2, 4, 8, 16])
    func `The transparent shade of a grey PNG is black`(depth: Int) throws {
        let top = (1 << depth) - 1
        var png = PNGBuilder(depth: depth, color: 0)
        png.transparency = [UInt8(top >> 8), UInt8(top & 255)]
        png.sample = { x, _, _ in x == 3 ? top : x == 4 && depth > 1 ? top - 1 : 0 }
        let frame = try ImageCodec.decode(png.bytes())
        #expect(frame[3, 2] == [0, 0, 0])
        if depth > 1 { #expect(frame[4, 2][0] >= 150) }
    }

    @Test(arguments: [8, 16])
    func `The transparent colour of an RGB PNG is black`(depth: Int) throws {
        var png = PNGBuilder(depth: depth, color: 2)
        png.transparency = [0, 200, 0, 100, 0, 50]
        let scale = depth == 16 ? 257 : 1
        png.sample = { x, _, channel in x == 3 ? [200, 100, 50][channel] : [200, 100, 51][channel] * scale }
        let frame = try ImageCodec.decode(png.bytes())
        #expect(frame[3, 2] == [0, 0, 0])
        #expect(frame[4, 2] == [200, 100, 51])
    }

    @Test func `Gamma, profiles and text change nothing`() throws {
        var png = PNGBuilder(color: 6)
        png.sample = { x, y, channel in channel == 3 ? 128 : 30 * x + y }
        let plain = try ImageCodec.decode(png.bytes())
        png.extra = [
            ("gAMA", PNGBuilder.big(45_455)), ("iCCP", Array("x".utf8) + [0, 0, 1, 2, 3]),
            ("zTXt", Array("bomb".utf8) + [0, 0] + PNGBuilder.deflated([UInt8](repeating: 65, count: 100_000))),
            ("prVt", [1, 2, 3]),
        ]
        #expect(try ImageCodec.decode(png.bytes()) == plain)
    }

    @Test func `An unknown critical chunk is refused`() {
        var png = PNGBuilder()
        png.extra = [("CRIT", [1])]
        #expect(code { try ImageCodec.decode(png.bytes()) } == .corrupt)
    }

    @Test(arguments: ["rgb.png", "interlaced.png", "palette-4.png"])
    func `A PNG cut short anywhere is refused`(name: String) throws {
        let bytes = try Fixture.bytes(name)
        for count in 1..<bytes.count {
            #expect(code { try ImageCodec.decode(Array(bytes.prefix(count))) } != nil, "cut at \(count)")
        }
    }

    @Test(arguments: ["rgb.png", "interlaced.png", "palette-4.png"])
    func `A PNG with any one bit turned is refused`(name: String) throws {
        let bytes = try Fixture.bytes(name)
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                #expect(code { try ImageCodec.decode(damaged) } != nil, "bit \(bit) of byte \(index)")
            }
        }
    }

    @Test func `Too few rows and too many are refused`() {
        var png = PNGBuilder()
        png.rows = 4
        #expect(code { try ImageCodec.decode(png.bytes()) } == .corrupt)
        png.rows = 6
        #expect(code { try ImageCodec.decode(png.bytes()) } == .corrupt)
        png.rows = 5
        #expect(code { try ImageCodec.decode(png.bytes()) } == nil)
    }

    @Test(arguments: [(0, 5), (7, 0), (1 << 31, 1), (1, 1 << 31), (0xffff_ffff, 0xffff_ffff)])
    func `Impossible sizes are refused`(size: (width: Int, height: Int)) {
        var png = PNGBuilder(width: size.width, height: size.height)
        png.rows = 0
        #expect(code { try ImageCodec.header(of: png.bytes()) } == .corrupt)
    }

    @Test func `A size that the file cannot hold is refused`() {
        var png = PNGBuilder(width: 7000, height: 7000)
        png.rows = 0
        let error = #expect(throws: ImageError.self) { try ImageCodec.decode(png.bytes()) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.hasSuffix("cannot hold a PNG of 7000×7000 pixels") == true)
    }

    @Test(arguments: [(1, 8), (5, 8), (7, 8), (2, 4), (3, 16), (4, 2), (6, 1), (0, 3), (0, 0)])
    func `Impossible colour types and depths are refused`(kind: (color: UInt8, depth: UInt8)) {
        var ihdr = PNGBuilder().bytes()
        (ihdr[24], ihdr[25]) = (kind.depth, kind.color)
        #expect(code { try ImageCodec.header(of: ihdr) } == .corrupt)
    }

    @Test func `A palette PNG without a palette is refused`() {
        let png = PNGBuilder(depth: 8, color: 3)
        #expect(code { try ImageCodec.decode(png.bytes()) } == .corrupt)
    }

    @Test func `Encoding is lossless`() throws {
        var noise = Noise(state: 1)
        for (width, height) in [(1, 1), (3, 7), (64, 33)] {
            let frame = Frame(width: width, height: height, pixels: noise.bytes(3 * width * height))
            #expect(try ImageCodec.decode(frame.pngData()) == frame)
            let grey = GreyMap(width: width, height: height, pixels: noise.bytes(width * height))
            #expect(try GreyMap.decodePNG(grey.pngData()) == grey)
        }
    }

    @Test func `A plain surface, which compresses best, is not taken for a lie`() throws {
        let night = Frame(width: 2000, height: 2000, pixels: [UInt8](repeating: 0, count: 12_000_000))
        #expect(try ImageCodec.decode(night.pngData()) == night)
    }

    @Test func `Grey maps are read from grey PNGs only, whatever their depth`() throws {
        var png = PNGBuilder(depth: 16, color: 0)
        png.sample = { x, y, _ in 257 * (30 * x + y) }
        #expect(try GreyMap.decodePNG(png.bytes()).pixels[8] == 31)
        png.depth = 1
        png.sample = { x, _, _ in x & 1 }
        #expect(try GreyMap.decodePNG(png.bytes()).pixels.prefix(3) == [0, 255, 0])
        let error = #expect(throws: ImageError.self) { try GreyMap.decodePNG(PNGBuilder().bytes()) }
        #expect(error?.code == .unsupportedFormat)
        #expect(code { try GreyMap.decodePNG(png.bytes(), maxPixels: 34) } == .tooLarge)
    }

    private static func palette(_ count: Int) -> [UInt8] {
        var noise = Noise(state: 14)
        return noise.bytes(3 * count)
    }

    /// The picture a builder describes, by the specification's own arithmetic (13.12, 13.16).
    private static func expected(_ png: PNGBuilder) -> Frame {
        let top = Double((1 << png.depth) - 1)
        return Frame(width: png.width, height: png.height) { x, y in
            let samples = (0..<png.channels).map { Double(png.sample(x, y, $0)) / top }
            if png.color == 3 {
                let entry = 3 * png.sample(x, y, 0)
                return (Int(png.palette![entry]), Int(png.palette![entry + 1]), Int(png.palette![entry + 2]))
            }
            let alpha = png.color >= 4 ? samples[png.channels - 1] : 1
            let light = (0..<3).map { Int((samples[png.channels >= 3 ? $0 : 0] * alpha * 255).rounded()) }
            return (light[0], light[1], light[2])
        }
    }
}
