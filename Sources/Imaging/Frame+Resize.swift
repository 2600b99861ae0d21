extension Frame {
    /// The picture at another size: averaged over areas along an axis that shrinks, interpolated along one that grows.
    package func resized(width newWidth: Int, height newHeight: Int) -> Frame {
        precondition(newWidth > 0 && newHeight > 0, "a frame has pixels")
        if newWidth == width, newHeight == height { return self }
        let rows = ResampleTaps(from: height, to: newHeight)
        let columns = ResampleTaps(from: width, to: newWidth)
        let size = 3 * newWidth * newHeight
        // One row of the source's width, already blended vertically, in 1/256 of a brightness step.
        var blended = [UInt16](repeating: 0, count: 3 * width)
        let resized = [UInt8](unsafeUninitializedCapacity: size) { out, count in
            blended.withUnsafeMutableBufferPointer { blended in
                for y in 0..<newHeight {
                    let row = out[3 * newWidth * y..<3 * newWidth * (y + 1)]
                    blendRows(rows, y, into: blended)
                    columns.blend(UnsafeBufferPointer(blended), into: UnsafeMutableBufferPointer(rebasing: row))
                }
            }
            count = size
        }
        return Frame(width: newWidth, height: newHeight, pixels: resized)
    }

    /// Blends the source rows of output row `y`.
    private func blendRows(_ rows: ResampleTaps, _ y: Int, into blended: UnsafeMutableBufferPointer<UInt16>) {
        let taps = rows.offsets[y]..<rows.offsets[y + 1]
        let stride = 3 * width
        pixels.withUnsafeBytes { pixels in
            let first = pixels.baseAddress! + rows.starts[y] * stride
            let target = UnsafeMutableRawPointer(blended.baseAddress!)
            rows.weights.withUnsafeBufferPointer { weights in
                let whole = stride & ~15
                // Sixteen samples stay in registers while the taps go by.
                for column in Swift.stride(from: 0, to: whole, by: 16) {
                    var sum = SIMD16<UInt32>(repeating: 64)
                    var source = first + column
                    for tap in taps {
                        let samples = source.loadUnaligned(as: SIMD16<UInt8>.self)
                        let wide = SIMD16<UInt32>(truncatingIfNeeded: samples)
                        sum &+= wide &* SIMD16<UInt32>(repeating: UInt32(weights[tap]))
                        source += stride
                    }
                    let scaled = SIMD16<UInt16>(truncatingIfNeeded: sum &>> 7)
                    target.storeBytes(of: scaled, toByteOffset: 2 * column, as: SIMD16<UInt16>.self)
                }
                for column in whole..<stride {
                    var sum: UInt32 = 64
                    var source = first + column
                    for tap in taps {
                        sum &+= UInt32(source.load(as: UInt8.self)) &* UInt32(weights[tap])
                        source += stride
                    }
                    blended[column] = UInt16(truncatingIfNeeded: sum >> 7)
                }
            }
        }
    }
}

extension ResampleTaps {
    /// Blends the columns of one row of RGB pixels.
    fileprivate func blend(_ row: UnsafeBufferPointer<UInt16>, into out: UnsafeMutableBufferPointer<UInt8>) {
        weights.withUnsafeBufferPointer { weights in
            var tap = 0
            for (x, start) in starts.enumerated() {
                let end = offsets[x + 1]
                var source = 3 * start
                var (red, green, blue): (UInt32, UInt32, UInt32) = (1 << 22, 1 << 22, 1 << 22)
                while tap < end {
                    let weight = UInt32(weights[tap])
                    red &+= UInt32(row[source]) &* weight
                    green &+= UInt32(row[source + 1]) &* weight
                    blue &+= UInt32(row[source + 2]) &* weight
                    source += 3
                    tap += 1
                }
                out[3 * x] = UInt8(truncatingIfNeeded: red >> 23)
                out[3 * x + 1] = UInt8(truncatingIfNeeded: green >> 23)
                out[3 * x + 2] = UInt8(truncatingIfNeeded: blue >> 23)
            }
        }
    }
}
