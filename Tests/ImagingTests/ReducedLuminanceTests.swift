import Imaging
import Testing

@Suite struct ReducedLuminanceTests {
    /// A slope in brightness, to the right and down.
    private static func slope(width: Int, height: Int) -> Frame {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let value = 40 + 100 * x / width + 80 * y / height
                pixels += [UInt8](repeating: UInt8(value), count: 3)
            }
        }
        return Frame(width: width, height: height, pixels: pixels)
    }

    @Test(
        "The smallest size that is wide enough is read",
        arguments: [(640, 320, 2), (1280, 320, 4), (1280, 640, 2), (1281, 640, 2), (2560, 320, 8)])
    func size(width: Int, minWidth: Int, reduction: Int) throws {
        let frame = Self.slope(width: width, height: 90)
        let read = try #require(
            ReducedLuminance.read(frame.jpegData(quality: 95), minWidth: minWidth, maxPixels: 1 << 20))
        #expect(read.reduction == reduction && read.width == width && read.height == 90)
        #expect(read.map.width == (width + reduction - 1) / reduction)
        // A pixel is the mean of those that it stands for.
        let grey = frame.luminance()
        for (x, y) in [(0, 0), (read.map.width / 2, 5), (read.map.width - 2, read.map.height - 2)] {
            let mean = Int(grey.pixels[(y * reduction + reduction / 2) * width + x * reduction + reduction / 2])
            #expect(abs(Int(read.map.pixels[y * read.map.width + x]) - mean) <= 2)
        }
    }

    @Test("Where nothing is saved, or the file is damaged or too large, there is none")
    func none() throws {
        let frame = Self.slope(width: 1000, height: 50)
        let jpeg = try frame.jpegData(quality: 90)
        #expect(ReducedLuminance.read(jpeg, minWidth: 640, maxPixels: 1 << 20) == nil)
        #expect(ReducedLuminance.read(jpeg, minWidth: 500, maxPixels: 49_999) == nil)
        #expect(ReducedLuminance.read(Array(jpeg.prefix(jpeg.count / 2)), minWidth: 500, maxPixels: 1 << 20) == nil)
        #expect(ReducedLuminance.read([1, 2, 3], minWidth: 1, maxPixels: 1 << 20) == nil)
        #expect(ReducedLuminance.read(jpeg, minWidth: 500, maxPixels: 50_000) != nil)
    }
}
