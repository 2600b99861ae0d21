import Imaging
import Testing

@Suite struct ImageCodecTests {
    @Test(arguments: [[], [0xff], [0x89, 0x50], Array("GIF89a".utf8), Array("RIFF....WEBP".utf8), Array("<svg>".utf8)])
    func `What is neither JPEG nor PNG is refused`(bytes: [UInt8]) {
        #expect(code { try ImageCodec.header(of: bytes) } == (bytes.isEmpty ? .corrupt : .unsupportedFormat))
        #expect(code { try ImageCodec.decode(bytes) } == (bytes.isEmpty ? .corrupt : .unsupportedFormat))
    }

    @Test func `The header says format and size`() throws {
        let jpeg = try ImageCodec.header(of: Fixture.bytes("baseline-420.jpg"))
        #expect(jpeg == ImageHeader(format: .jpeg, width: 24, height: 16))
        let png = try ImageCodec.header(of: Fixture.bytes("rgb.png"))
        #expect(png == ImageHeader(format: .png, width: 24, height: 16))
    }

    @Test func `The header of a file needs no more than its beginning`() throws {
        #expect(try ImageCodec.header(of: Array(Fixture.bytes("rgb.png").prefix(33))).width == 24)
        let jpeg = try Fixture.bytes("baseline-420.jpg")
        let scan = try #require(jpeg.indices.first { jpeg[$0] == 0xff && jpeg[$0 + 1] == 0xda })
        #expect(try ImageCodec.header(of: Array(jpeg.prefix(scan + 14))).width == 24)
    }

    @Test(arguments: ["baseline-420.jpg", "rgb.png"])
    func `Pictures of more pixels than allowed are refused`(name: String) throws {
        let bytes = try Fixture.bytes(name)
        #expect(try ImageCodec.decode(bytes, maxPixels: 24 * 16).width == 24)
        #expect(code { try ImageCodec.decode(bytes, maxPixels: 24 * 16 - 1) } == .tooLarge)
    }

    @Test func `The default limit is fifty megapixels`() throws {
        var png = PNGBuilder(width: 10_000, height: 5001)
        png.rows = 0
        png.extra = [("teXt", [UInt8](repeating: 0, count: 200_000))]
        let error = #expect(throws: ImageError.self) { try ImageCodec.decode(png.bytes()) }
        #expect(error?.code == .tooLarge)
        #expect(error?.message == "The image is 10000×5001 pixels; at most 50000000 pixels are allowed")
        png.height = 5000
        #expect(code { try ImageCodec.decode(png.bytes()) } == .corrupt)
    }

    @Test func `Errors read like a sentence`() {
        let error = #expect(throws: ImageError.self) { try ImageCodec.decode([1, 2, 3]) }
        #expect(error?.description == "The image is neither JPEG nor PNG")
        #expect(error?.code.description == "unsupported-format")
    }
}

/// The code of the image error that an expression throws; nil if it throws none.
func code<Result>(_ body: () throws -> Result) -> ImageError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? ImageError)?.code
    }
}
