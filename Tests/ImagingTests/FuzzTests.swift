import Imaging
import Testing

/// Damage at random, always the same: whatever the bytes, a picture of the size the header says or an error.
@Suite struct FuzzTests {
    @Test(arguments: [
        "baseline-420.jpg", "progressive.jpg", "restart.jpg", "grey.jpg", "cmyk-adobe.jpg", "arithmetic.jpg",
        "orientation-6.jpg", "rgb.png", "interlaced.png", "palette-4.png", "rgb-16.png",
    ])
    func `Damaged files never crash the decoder`(name: String) throws {
        let bytes = try Fixture.bytes(name)
        var noise = Noise(state: 11)
        for _ in 0..<1500 {
            let damaged = mutate(bytes, &noise)
            let header = try? ImageCodec.header(of: damaged)
            // Small enough to be quick where the damage is in the size.
            let frame = try? ImageCodec.decode(damaged, maxPixels: 1 << 20)
            let picture = try? ImageCodec.picture(of: damaged, maxPixels: 1 << 20)
            #expect(picture.map { [$0.width, $0.height] } == frame.map { [$0.width, $0.height] })
            guard let frame else { continue }
            #expect(header.map { [$0.width, $0.height] } == [frame.width, frame.height])
        }
    }

    @Test func `Damage behind honest checksums never crashes the decoder`() {
        var noise = Noise(state: 12)
        for _ in 0..<3000 {
            let kind = PNGTests.kinds.randomElement(using: &noise)!
            var png = PNGBuilder(depth: kind.depth, color: kind.color)
            (png.width, png.height) = (Int.random(in: 1...20, using: &noise), Int.random(in: 1...20, using: &noise))
            png.interlaced = Bool.random(using: &noise)
            png.rows = Bool.random(using: &noise) ? nil : Int.random(in: 0...30, using: &noise)
            png.palette = Bool.random(using: &noise) ? noise.bytes(Int.random(in: 0...800, using: &noise)) : nil
            png.transparency = Bool.random(using: &noise) ? noise.bytes(Int.random(in: 0...300, using: &noise)) : nil
            let texture = noise.bytes(64)
            png.sample = { x, y, channel in Int(texture[(x * 7 + y * 13 + channel) & 63]) & ((1 << kind.depth) - 1) }
            let bytes = png.bytes()
            let frame = try? ImageCodec.decode(bytes)
            #expect(frame.map { [$0.width, $0.height] } ?? [png.width, png.height] == [png.width, png.height])
            _ = try? LabelMap.decodePNG(bytes)
            _ = try? GreyMap.decodePNG(bytes)
        }
    }

    @Test func `Noise behind a signature never crashes the decoder`() {
        var noise = Noise(state: 13)
        let starts: [[UInt8]] = [[0xff, 0xd8, 0xff], Array(PNGBuilder().bytes().prefix(8))]
        for _ in 0..<3000 {
            let bytes = starts.randomElement(using: &noise)! + noise.bytes(Int.random(in: 0...400, using: &noise))
            #expect(code { try ImageCodec.decode(bytes) } != nil)
        }
    }

    /// A few bytes changed, removed, inserted, or copied to elsewhere.
    private func mutate(_ bytes: [UInt8], _ noise: inout Noise) -> [UInt8] {
        var damaged = bytes
        for _ in 0...Int.random(in: 0...4, using: &noise) {
            let place = Int.random(in: 0..<damaged.count, using: &noise)
            let length = Int.random(in: 1...8, using: &noise)
            let piece = place..<min(place + length, damaged.count)
            switch Int.random(in: 0..<5, using: &noise) {
            case 0: damaged[place] = noise.bytes(1)[0]
            case 1: damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &noise)
            case 2: damaged.removeSubrange(piece)
            case 3: damaged.insert(contentsOf: noise.bytes(length), at: place)
            default: damaged.insert(contentsOf: damaged[piece], at: Int.random(in: 0..<damaged.count, using: &noise))
            }
            if damaged.isEmpty { return bytes }
        }
        return damaged
    }
}
