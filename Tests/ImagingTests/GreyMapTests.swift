import Imaging
import Testing

@Suite struct GreyMapTests {
    @Test func `Enlarging interpolates between the centres of pixels`() {
        let map = GreyMap(width: 2, height: 1, pixels: [0, 200])
        #expect(map.enlarged(width: 4, height: 1).pixels == [0, 50, 150, 200])
        #expect(map.enlarged(width: 2, height: 3).pixels == [0, 200, 0, 200, 0, 200])
        #expect(map.enlarged(width: 2, height: 1) == map)
    }

    @Test func `A map is enlarged as a frame is`() throws {
        var noise = Noise(state: 15)
        let map = GreyMap(width: 9, height: 7, pixels: noise.bytes(63))
        let frame = Frame(width: 9, height: 7) { x, y in
            let value = Int(map.pixels[9 * y + x])
            return (value, value, value)
        }
        let enlarged = map.enlarged(width: 40, height: 23)
        let expected = frame.resized(width: 40, height: 23)
        for (index, value) in enlarged.pixels.enumerated() {
            #expect(abs(Int(value) - Int(expected.pixels[3 * index])) <= 1)
        }
    }

    /// A third, a half, a fraction, along one axis only, and larger.
    @Test(arguments: [(16, 8), (24, 12), (31, 17), (48, 9), (7, 24), (60, 40), (1, 1), (48, 24)])
    func `A map is resized as a frame is`(width: Int, height: Int) {
        var noise = Noise(state: 16)
        let map = GreyMap(width: 48, height: 24, pixels: noise.bytes(48 * 24))
        let frame = Frame(width: 48, height: 24) { x, y in
            let value = Int(map.pixels[48 * y + x])
            return (value, value, value)
        }
        let resized = map.resized(width: width, height: height)
        let expected = frame.resized(width: width, height: height)
        #expect(resized.width == width && resized.height == height)
        for (index, value) in resized.pixels.enumerated() {
            #expect(abs(Int(value) - Int(expected.pixels[3 * index])) <= 1)
        }
    }

    @Test func `A plain surface keeps its value at any size`() {
        for value in [0, 1, 127, 254, 255] as [UInt8] {
            let map = GreyMap(width: 300, height: 6, pixels: [UInt8](repeating: value, count: 1800))
            for width in [1, 50, 75, 100, 150, 299, 300, 301] {
                #expect(map.resized(width: width, height: 3).pixels.allSatisfy { $0 == value })
            }
        }
    }
}
