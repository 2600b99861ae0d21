/// Writes PNGs of any kind, honest or not, without compressing them.
struct PNGBuilder {
    var width = 7
    var height = 5
    var depth = 8
    /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
    var color = 2
    var interlaced = false
    var palette: [UInt8]?
    var transparency: [UInt8]?
    /// Chunks to put before the image data.
    var extra: [(name: String, data: [UInt8])] = []
    /// Rows of the image data; nil writes them all.
    var rows: Int?
    var sample: (_ x: Int, _ y: Int, _ channel: Int) -> Int = { _, _, _ in 0 }

    var channels: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][color]! }

    func bytes() -> [UInt8] {
        var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]
        let shape = [UInt8(depth), UInt8(color), 0, 0, interlaced ? 1 : 0]
        file += Self.chunk("IHDR", Self.big(width) + Self.big(height) + shape)
        if let palette { file += Self.chunk("PLTE", palette) }
        if let transparency { file += Self.chunk("tRNS", transparency) }
        for (name, data) in extra { file += Self.chunk(name, data) }
        file += Self.chunk("IDAT", Self.deflated(imageData()))
        return file + Self.chunk("IEND", [])
    }

    private func imageData() -> [UInt8] {
        guard interlaced else { return pass(x: 0, y: 0, stepX: 1, stepY: 1) }
        // Adam7 (PNG specification, 8.2).
        let passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        return passes.flatMap { pass(x: $0.0, y: $0.1, stepX: $0.2, stepY: $0.3) }
    }

    private func pass(x left: Int, y top: Int, stepX: Int, stepY: Int) -> [UInt8] {
        guard left < width else { return [] }
        var data: [UInt8] = []
        for y in stride(from: top, to: rows ?? height, by: stepY) {
            data.append(0)  // filter: none
            var bits = 0
            var count = 0
            for x in stride(from: left, to: width, by: stepX) {
                for channel in 0..<channels {
                    bits = bits << depth | sample(x, y, channel)
                    count += depth
                    while count >= 8 {
                        data.append(UInt8(truncatingIfNeeded: bits >> (count - 8)))
                        count -= 8
                    }
                }
            }
            if count > 0 { data.append(UInt8(truncatingIfNeeded: bits << (8 - count))) }
        }
        return data
    }

    static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return big(data.count) + body + big(Int(crc(body)))
    }

    /// Stored deflate blocks in a zlib stream.
    static func deflated(_ data: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var start = 0
        repeat {
            let block = data[start..<min(start + 65_535, data.count)]
            start += block.count
            let (low, high) = (UInt8(block.count & 255), UInt8(block.count >> 8))
            stream += [start == data.count ? 1 : 0, low, high, ~low, ~high] + block
        } while start < data.count
        var (first, second) = (1, 0)
        for byte in data {
            first = (first + Int(byte)) % 65_521
            second = (second + first) % 65_521
        }
        return stream + big(second << 16 | first)
    }

    static func big(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
        }
        return ~crc
    }
}
