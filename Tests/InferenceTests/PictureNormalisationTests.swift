import Imaging
import Inference
import Testing

@Suite struct PictureNormalisationTests {
    @Test func `Brightness and colour differences give the network what red, green and blue give it`() throws {
        let bundle = try ModelBundle.load(SpoiltBundle.golden)
        // Larger than the network's input, and colours at the ends of their ranges among them.
        var pixels: [UInt8] = []
        for y in 0..<192 {
            for x in 0..<320 {
                let shade = UInt8(40 + (x / 8 + y / 8) % 16 * 11)
                pixels += [x < 160 ? 255 : shade, y < 96 ? shade : 0, UInt8(255 - x * 255 / 320)]
            }
        }
        let jpeg = try Frame(width: 320, height: 192, pixels: pixels).jpegData(quality: 95)
        let kept = try ImageCodec.picture(of: jpeg)
        let plain = Picture.rgb(try ImageCodec.decode(jpeg))
        #expect(kept != plain)
        let (found, expected) = (kept.input(for: bundle), plain.input(for: bundle))
        #expect(found.shape == [1, 3, bundle.inputHeight, bundle.inputWidth] && expected.shape == found.shape)
        // In steps of brightness. Colours are shared by four pixels, and smoothed between them in one way only.
        let differences = zip(found.array, expected.array).enumerated().map { index, pair in
            abs(pair.0 - pair.1) * 255 * bundle.std[index / (bundle.inputHeight * bundle.inputWidth)]
        }
        #expect(differences.reduce(0, +) / Float(differences.count) < 1.5)
    }

    @Test func `A colour in three planes is the one that the standard says`() throws {
        let bundle = try ModelBundle.load(SpoiltBundle.golden)
        func plain(_ value: UInt8) -> GreyMap {
            GreyMap(width: 8, height: 8, pixels: [UInt8](repeating: value, count: 64))
        }
        // Red, and beyond: ITU-T T.871, 7.
        for (y, cb, cr, red, green, blue) in [
            (76, 85, 255, 254.05, 0.10, 0.0), (255, 128, 255, 255, 164.3, 255), (128, 128, 128, 128, 128, 128),
        ] as [(UInt8, UInt8, UInt8, Float, Float, Float)] {
            let picture = Picture.ycbcr(YCbCrFrame(luma: plain(y), cb: plain(cb), cr: plain(cr)))
            let input = picture.input(for: bundle).array
            let plane = bundle.inputWidth * bundle.inputHeight
            for (channel, value) in [red, green, blue].enumerated() {
                let expected = (value / 255 - bundle.mean[channel]) / bundle.std[channel]
                #expect(abs(input[channel * plane + plane / 2] - expected) < 0.01)
            }
        }
    }
}
