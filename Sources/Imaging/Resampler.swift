import CKernels

/// Brings rows of bytes to another size, `channels` of them a pixel: along y by itself, along x by whoever knows how the
/// pixels lie.
struct Resampler {
    let columns: ResampleTaps
    private let rows: ResampleTaps
    private let channels: Int
    private let source: (width: Int, height: Int)
    private let target: (width: Int, height: Int)

    init(channels: Int, from source: (width: Int, height: Int), to target: (width: Int, height: Int)) {
        precondition(target.width > 0 && target.height > 0, "a picture has pixels")
        columns = ResampleTaps(from: source.width, to: target.width)
        rows = ResampleTaps(from: source.height, to: target.height)
        (self.channels, self.source, self.target) = (channels, source, target)
    }

    /// `line` gets a row of the source's width, blended along y, in 1/256 of a brightness step and with a number beyond
    /// its end, and writes one of the target's width.
    func resample(
        _ pixels: [UInt8], _ line: (_ blended: [UInt16], _ out: UnsafeMutablePointer<UInt8>) -> Void
    ) -> [UInt8] {
        let stride = channels * source.width
        let size = channels * target.width * target.height
        var blended = [UInt16](repeating: 0, count: stride + 1)
        return [UInt8](unsafeUninitializedCapacity: size) { out, count in
            pixels.withUnsafeBufferPointer { pixels in
                rows.weights.withUnsafeBufferPointer { weights in
                    for y in 0..<target.height {
                        let (first, end) = (rows.offsets[y], rows.offsets[y + 1])
                        windhover_resample_rows(
                            pixels.baseAddress! + Int(rows.starts[y]) * stride, Int32(stride), end - first,
                            weights.baseAddress! + Int(first), &blended)
                        line(blended, out.baseAddress! + channels * target.width * y)
                    }
                }
            }
            count = size
        }
    }
}
