import Imaging
import Testing

@Suite struct LabelMapTests {
    private static let classes = [
        ClassInfo(name: "background", color: RGB(1, 2, 3)), ClassInfo(name: "road", color: RGB(200, 100, 50)),
        ClassInfo(name: "Gebäude \"A\\B\"", color: RGB(0, 0, 255)),
    ]

    @Test func `A mask comes back from its PNG`() throws {
        var noise = Noise(state: 2)
        for (width, height) in [(1, 1), (5, 3), (640, 37)] {
            let mask = LabelMap(width: width, height: height, classes: noise.bytes(width * height, in: 0...2))
            #expect(try LabelMap.decodePNG(mask.pngData(classes: Self.classes)) == mask)
        }
    }

    @Test func `Its PNG is indexed, eight bits deep, and shows the class colours`() throws {
        let mask = LabelMap(width: 3, height: 1, classes: [2, 0, 1])
        let bytes = try mask.pngData(classes: Self.classes)
        #expect(bytes[24...25] == [8, 3])
        let palette: [UInt8] = PNGBuilder.chunk("PLTE", [1, 2, 3, 200, 100, 50, 0, 0, 255])
        #expect(bytes.firstRange(of: palette) != nil)
        #expect(try ImageCodec.decode(bytes).pixels == [0, 0, 255, 1, 2, 3, 200, 100, 50])
    }

    @Test func `Its PNG names the classes`() throws {
        let mask = LabelMap(width: 1, height: 1, classes: [0])
        let text = #"["background","road","Geb\u00e4ude \"A\\B\""]"#
        let chunk = PNGBuilder.chunk("tEXt", Array("windhover:classes".utf8) + [0] + Array(text.utf8))
        #expect(try mask.pngData(classes: Self.classes).firstRange(of: chunk) != nil)
    }

    @Test func `Labels without a class are kept and shown black`() throws {
        let mask = LabelMap(width: 3, height: 1, classes: [1, LabelMap.ignore, 7])
        let bytes = try mask.pngData(classes: Self.classes)
        #expect(try LabelMap.decodePNG(bytes) == mask)
        #expect(try ImageCodec.decode(bytes).pixels == [200, 100, 50, 0, 0, 0, 0, 0, 0])
    }

    @Test func `A palette holds 1 to 256 classes`() throws {
        let mask = LabelMap(width: 1, height: 1, classes: [0])
        #expect(code { try mask.pngData(classes: []) } == .cannotEncode)
        let many = Array(repeating: Self.classes[0], count: 257)
        #expect(code { try mask.pngData(classes: many) } == .cannotEncode)
        #expect(try LabelMap.decodePNG(mask.pngData(classes: Array(many.prefix(256)))) == mask)
    }

    @Test(arguments: [(3, 1), (3, 2), (3, 4), (3, 8), (0, 1), (0, 2), (0, 4), (0, 8)], [false, true])
    func `Palette and grey samples are read as they are`(kind: (color: Int, depth: Int), interlaced: Bool) throws {
        var png = PNGBuilder(depth: kind.depth, color: kind.color)
        png.interlaced = interlaced
        png.palette = kind.color == 3 ? [UInt8](repeating: 9, count: 3 << kind.depth) : nil
        png.sample = { x, y, _ in (x + 3 * y) % (1 << kind.depth) }
        let mask = try LabelMap.decodePNG(png.bytes())
        let expected = (0..<5).flatMap { y in (0..<7).map { UInt8(png.sample($0, y, 0)) } }
        #expect(mask == LabelMap(width: 7, height: 5, classes: expected))
    }

    @Test(arguments: [(2, 8), (4, 8), (6, 8), (0, 16)])
    func `Pictures are not taken for masks`(kind: (color: Int, depth: Int)) {
        let png = PNGBuilder(depth: kind.depth, color: kind.color)
        #expect(code { try LabelMap.decodePNG(png.bytes()) } == .unsupportedFormat)
    }

    @Test func `A JPEG is not taken for a mask, nor is a mask too large`() throws {
        let jpeg = try Fixture.bytes("grey.jpg")
        #expect(code { try LabelMap.decodePNG(jpeg) } == .unsupportedFormat)
        let png = PNGBuilder(depth: 8, color: 0)
        #expect(code { try LabelMap.decodePNG(png.bytes(), maxPixels: 34) } == .tooLarge)
    }

    @Test func `Resizing takes the label under each pixel's centre`() {
        let mask = LabelMap(width: 4, height: 2, classes: [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(mask.resized(width: 4, height: 2) == mask)
        #expect(mask.resized(width: 2, height: 1).classes == [5, 7])
        let large = mask.resized(width: 8, height: 4)
        #expect(large.classes.prefix(8) == [0, 0, 1, 1, 2, 2, 3, 3])
        #expect(large.resized(width: 4, height: 2) == mask)
        #expect(mask.resized(width: 3, height: 2).classes == [0, 2, 3, 4, 6, 7])
    }

    @Test func `A histogram counts every class`() {
        var noise = Noise(state: 4)
        for count in [1, 2, 3, 4, 5, 1003] {
            let mask = LabelMap(width: count, height: 1, classes: noise.bytes(count, in: 0...9))
            let counts = (0..<12).map { label in mask.classes.count { Int($0) == label } }
            #expect(mask.histogram(classes: 12) == counts)
        }
    }

    @Test func `A histogram leaves out what is no class`() {
        let mask = LabelMap(width: 4, height: 1, classes: [0, 1, 2, LabelMap.ignore])
        #expect(mask.histogram(classes: 2) == [1, 1])
        #expect(mask.histogram(classes: 300).reduce(0, +) == 4)
    }
}
