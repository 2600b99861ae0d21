extension GreyMap {
    /// Bilinear interpolation to another size, with half-pixel centres and clamped edges; meant for enlarging.
    package func enlarged(width: Int, height: Int) -> GreyMap {
        guard (width, height) != (self.width, self.height) else { return self }
        let columns = Self.taps(from: self.width, to: width)
        let rows = Self.taps(from: self.height, to: height)
        var out = [UInt8](repeating: 0, count: width * height)
        for (y, row) in rows.enumerated() {
            for (x, column) in columns.enumerated() {
                let top = mix(row.low * self.width, column)
                let bottom = mix(row.high * self.width, column)
                out[y * width + x] = UInt8(top + (bottom - top) * row.weight + 0.5)
            }
        }
        return GreyMap(width: width, height: height, pixels: out)
    }

    private typealias Tap = (low: Int, high: Int, weight: Float)

    private func mix(_ row: Int, _ tap: Tap) -> Float {
        let left = Float(pixels[row + tap.low])
        return left + (Float(pixels[row + tap.high]) - left) * tap.weight
    }

    private static func taps(from source: Int, to count: Int) -> [Tap] {
        (0..<count).map { output in
            let position = max(0, (Float(output) + 0.5) * Float(source) / Float(count) - 0.5)
            let low = min(Int(position), source - 1)
            return (low, min(low + 1, source - 1), position - Float(low))
        }
    }
}
