import Imaging
import Inference

extension LogitsMap {
    /// The arg-max at another size, of logits interpolated bilinearly: boundaries stay smooth where enlarging the mask
    /// itself would make stairs.
    package func labels(width: Int, height: Int) -> LabelMap {
        let columns = Interpolation(from: self.width, to: width, kernel: .bilinear)
        let rows = Interpolation(from: self.height, to: height, kernel: .bilinear)
        let (stride, classes) = (self.stride, self.classes)
        var mask = LabelMap(width: width, height: height, classes: [UInt8](repeating: 0, count: width * height))
        var line = [Float](repeating: 0, count: self.width * stride)
        values.withUnsafeBufferPointer { values in
            mask.classes.withUnsafeMutableBufferPointer { mask in
                line.withUnsafeMutableBufferPointer { line in
                    for y in 0..<height {
                        let upper = values.baseAddress! + Int(rows.indices[2 * y]) * self.width * stride
                        let lower = values.baseAddress! + Int(rows.indices[2 * y + 1]) * self.width * stride
                        let (a, b) = (rows.weights[2 * y], rows.weights[2 * y + 1])
                        for i in 0..<line.count { line[i] = upper[i] * a + lower[i] * b }
                        let base = UnsafePointer(line.baseAddress!)
                        for x in 0..<width {
                            let left = base + Int(columns.indices[2 * x]) * stride
                            let right = base + Int(columns.indices[2 * x + 1]) * stride
                            let (l, r) = (columns.weights[2 * x], columns.weights[2 * x + 1])
                            var best = ArgMax(classes: classes)
                            for lane in Swift.stride(from: 0, to: stride, by: 4) {
                                best.consider(load(left + lane) * l + load(right + lane) * r, lane)
                            }
                            mask[y * width + x] = best.index
                        }
                    }
                }
            }
        }
        return mask
    }
}
