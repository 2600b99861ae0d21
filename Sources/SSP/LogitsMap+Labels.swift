import CKernels
import Imaging
import Inference

extension LogitsMap {
    /// The arg-max at another size, of logits interpolated bilinearly: boundaries stay smooth where enlarging the mask
    /// itself would make stairs.
    ///
    /// `mask` is the arg-max at this size.
    package func labels(_ mask: LabelMap, width: Int, height: Int, threads: Int = 1) -> LabelMap {
        precondition(mask.width == self.width && mask.height == self.height, "the mask of these logits")
        let columns = Interpolation(from: self.width, to: width, kernel: .bilinear).taps
        let rows = Interpolation(from: self.height, to: height, kernel: .bilinear).taps
        var starts: [Int32] = []
        for (x, column) in columns.enumerated() {
            while starts.count <= column.indices.1 { starts.append(Int32(x)) }
        }
        while starts.count <= self.width { starts.append(Int32(width)) }
        let classes = [UInt8](unsafeUninitializedCapacity: width * height) { out, initialized in
            values.withValues { logits, half in
                _ = Bands.map(height, threads: threads) { band in
                    var differs = [UInt8](repeating: 0, count: self.width)
                    for y in band {
                        windhover_enlarge_row(
                            logits, half, mask.classes, Int32(self.width), rows[y], columns, starts, Int32(stride),
                            Int32(self.classes), &differs, out.baseAddress! + y * width)
                    }
                }
            }
            initialized = width * height
        }
        return LabelMap(width: width, height: height, classes: classes)
    }
}
