import Imaging
import Testing

@Suite struct PictureTests {
    @Test(arguments: [
        ("baseline-444.jpg", 1), ("baseline-422.jpg", 2), ("baseline-420.jpg", 2), ("sampling-440.jpg", 1),
        ("progressive.jpg", 2), ("restart.jpg", 2), ("arithmetic.jpg", nil),
    ])
    func `A JPEG of brightness and colour differences stays as it is`(name: String, columns: Int?) throws {
        let bytes = try Fixture.bytes(name)
        let picture = try ImageCodec.picture(of: bytes)
        guard case .ycbcr(let frame) = picture else {
            Issue.record("it was made red, green and blue")
            return
        }
        #expect(picture.width == 24 && picture.height == 16)
        if let columns { #expect(frame.cb.width == 24 / columns) }
        let expected = try ImageCodec.decode(bytes).luminance()
        // Red, green and blue are rounded, and cannot hold every colour.
        for (luma, grey) in zip(picture.luminance().pixels, expected.pixels) {
            #expect(abs(Int(luma) - Int(grey)) <= 6)
        }
    }

    @Test(arguments: [
        "grey.jpg", "cmyk-adobe.jpg", "rgb.jpg", "sampling-410.jpg", "orientation-6.jpg", "rgb.png", "palette-4.png",
    ])
    func `Any other picture is made red, green and blue`(name: String) throws {
        let bytes = try Fixture.bytes(name)
        #expect(try ImageCodec.picture(of: bytes) == .rgb(ImageCodec.decode(bytes)))
    }

    @Test func `So is one whose last colours would reach beyond it`() throws {
        let bytes = try Self.hills(width: 45, height: 32).jpegData(quality: 95)
        #expect(try ImageCodec.picture(of: bytes) == .rgb(ImageCodec.decode(bytes)))
    }

    @Test func `What is too large is refused before it is decoded`() throws {
        let bytes = try Fixture.bytes("baseline-420.jpg")
        #expect(code { try ImageCodec.picture(of: bytes, maxPixels: 24 * 16 - 1) } == .tooLarge)
        #expect(code { try ImageCodec.picture(of: bytes, maxPixels: 24 * 16) } == nil)
    }

    @Test(arguments: [(48, 32), (64, 48), (16, 16), (95, 63), (96, 64)])
    func `Of either kind it is made smaller, larger, and a JPEG again`(width: Int, height: Int) throws {
        let bytes = try Self.hills(width: 48, height: 32).jpegData(quality: 95)
        let kept = try ImageCodec.picture(of: bytes)
        let plain = Picture.rgb(try ImageCodec.decode(bytes))
        #expect(kept != plain)
        for picture in [kept, plain] {
            let small = picture.resized(width: width, height: height)
            #expect(small.width == width && small.height == height)
        }
        let files = try [kept, plain].map { try $0.jpegData(width: width, height: height, quality: 95) }
        let frames = try files.map { try ImageCodec.decode($0) }
        #expect(frames[0].width == width && frames[0].height == height)
        let differences = zip(frames[0].pixels, frames[1].pixels).map { abs(Int($0) - Int($1)) }
        #expect(differences.reduce(0, +) < 2 * differences.count)
        #expect(try #require(frames[0].difference(to: frames[1])) < 24)
    }

    /// Gentle slopes in all colours, which four pixels can share.
    private static func hills(width: Int, height: Int) -> Frame {
        Frame(width: width, height: height) { x, y in
            (40 + 160 * x / width, 60 + 120 * y / height, 200 - 80 * (x + y) / (width + height))
        }
    }
}
