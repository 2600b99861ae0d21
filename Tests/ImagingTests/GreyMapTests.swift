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
}
