/// Draws a mask over its frame for human eyes.
package struct OverlayRenderer {
    /// Tints each pixel of the frame with the colour of its class.
    ///
    /// - Parameters:
    ///   - mask: Of any size; it is stretched over the frame by nearest neighbour. Labels that `classes` does not
    ///     name are left clear.
    ///   - alpha: How much of the colour, 0...1; values outside are clamped.
    ///   - only: Classes to draw; nil draws all.
    ///   - legend: Whether to list the drawn classes that are present with their share of the mask. Frames too small
    ///     to hold the list have none.
    package static func render(
        frame: Frame, mask: LabelMap, classes: [ClassInfo], alpha: Double = 0.5, only: Set<Int>? = nil,
        legend: Bool = true
    ) -> Frame {
        let fitted = mask.resized(width: frame.width, height: frame.height)
        var result = frame
        let drawn = classes.indices.filter { $0 < 256 && only?.contains($0) != false }
        tint(&result, by: fitted, drawn.map { ($0, classes[$0].color) }, weight: UInt32(min(max(alpha, 0), 1) * 256))
        if legend {
            let histogram = mask.histogram(classes: classes.count)
            let entries = drawn.filter { histogram[$0] > 0 }.map { index in
                Legend.Entry(
                    name: classes[index].name, color: classes[index].color,
                    share: Double(histogram[index]) / Double(mask.classes.count))
            }
            Legend(entries: entries).draw(on: &result)
        }
        return result
    }

    /// Blends in 1/256: `weight` of the colour, the rest of the frame.
    private static func tint(_ frame: inout Frame, by mask: LabelMap, _ colors: [(Int, RGB)], weight: UInt32) {
        // For each label what is kept of the frame and what is added, so that the loop has no branches.
        var tints = [SIMD4<UInt32>](repeating: SIMD4(0, 0, 0, 256), count: 256)
        for (label, color) in colors {
            let added = SIMD3(UInt32(color.red), UInt32(color.green), UInt32(color.blue)) &* weight &+ 128
            tints[label] = SIMD4(added, 256 - weight)
        }
        tints.withUnsafeBufferPointer { tints in
            mask.classes.withUnsafeBufferPointer { labels in
                frame.pixels.withUnsafeMutableBufferPointer { pixels in
                    for index in labels.indices {
                        let tint = tints[Int(labels[index])]
                        for channel in 0..<3 {
                            let kept = UInt32(pixels[3 * index + channel]) &* tint.w
                            pixels[3 * index + channel] = UInt8(truncatingIfNeeded: (kept &+ tint[channel]) >> 8)
                        }
                    }
                }
            }
        }
    }
}
