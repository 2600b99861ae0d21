import Imaging
import Testing

@Suite struct FrameTests {
    @Test(arguments: [
        (16, 9, 8, 5), (16, 9, 7, 4), (16, 9, 16, 4), (16, 9, 5, 9), (16, 9, 16, 18), (16, 9, 31, 20), (16, 9, 1, 1),
        (16, 9, 8, 18), (16, 9, 40, 3), (1, 1, 5, 4), (2, 1, 7, 1), (33, 5, 12, 5), (40, 24, 20, 13),
    ])
    func `Resizing follows its definition`(size: (fromWidth: Int, fromHeight: Int, width: Int, height: Int)) {
        var noise = Noise(state: 5)
        let frame = Frame(
            width: size.fromWidth, height: size.fromHeight, pixels: noise.bytes(3 * size.fromWidth * size.fromHeight))
        let resized = frame.resized(width: size.width, height: size.height)
        #expect((resized.width, resized.height) == (size.width, size.height))
        for y in 0..<size.height {
            for x in 0..<size.width {
                for channel in 0..<3 {
                    var expected = 0.0
                    for row in 0..<frame.height {
                        let vertical = Self.weight(of: row, in: frame.height, for: y, in: size.height)
                        guard vertical > 0 else { continue }
                        for column in 0..<frame.width {
                            let horizontal = Self.weight(of: column, in: frame.width, for: x, in: size.width)
                            let sample = frame.pixels[3 * (row * frame.width + column) + channel]
                            expected += vertical * horizontal * Double(sample)
                        }
                    }
                    #expect(abs(Double(resized[x, y][channel]) - expected) < 0.53)
                }
            }
        }
    }

    @Test func `Resizing to the same size changes nothing`() {
        #expect(Fixture.gradient.resized(width: 24, height: 16) == Fixture.gradient)
    }

    @Test(arguments: [0, 1, 127, 254, 255] as [UInt8])
    func `A plain surface keeps its value at any size`(value: UInt8) {
        let frame = Frame(width: 37, height: 23, pixels: [UInt8](repeating: value, count: 3 * 37 * 23))
        for (width, height) in [(36, 22), (12, 50), (100, 7), (3, 2), (111, 69), (37, 1)] {
            #expect(frame.resized(width: width, height: height).pixels.allSatisfy { $0 == value })
        }
    }

    @Test func `Luminance is OpenCV's`() {
        let frame = Frame(width: 6, height: 1) { x, _ in
            [(255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (17, 200, 99), (0, 3, 217)][x]
        }
        // cv2.cvtColor(…, cv2.COLOR_RGB2GRAY); the last tells its 15-bit weights from those of 14 bits, which give 27.
        #expect(frame.luminance() == GreyMap(width: 6, height: 1, pixels: [255, 76, 150, 29, 134, 26]))
    }

    /// How much a source sample counts for an output sample: its share of the area when shrinking, a tent between
    /// pixel centres when growing.
    private static func weight(of source: Int, in sources: Int, for target: Int, in targets: Int) -> Double {
        let scale = Double(sources) / Double(targets)
        if targets < sources {
            let (low, high) = (Double(target) * scale, Double(target + 1) * scale)
            return max(0, min(high, Double(source + 1)) - max(low, Double(source))) / scale
        }
        let centre = min(max((Double(target) + 0.5) * scale - 0.5, 0), Double(sources - 1))
        return max(0, 1 - abs(centre - Double(source)))
    }
}
