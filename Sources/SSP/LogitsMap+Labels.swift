import Imaging
import Inference

extension LogitsMap {
    /// The arg-max at another size, of logits interpolated bilinearly: boundaries stay smooth where enlarging the mask
    /// itself would make stairs.
    package func labels(width: Int, height: Int) -> LabelMap {
        let columns = Interpolation(from: self.width, to: width, kernel: .bilinear).taps
        let rows = Interpolation(from: self.height, to: height, kernel: .bilinear).taps
        let stride = stride
        let padding = ArgMax.padding(classes: classes)
        var mask = LabelMap(width: width, height: height, classes: [UInt8](repeating: 0, count: width * height))
        var line = [Float](repeating: 0, count: self.width * stride)
        values.withUnsafeBufferPointer { values in
            mask.classes.withUnsafeMutableBufferPointer { mask in
                line.withUnsafeMutableBufferPointer { line in
                    let line = line.baseAddress!
                    let length = self.width * stride
                    for y in 0..<height {
                        let tap = rows[y]
                        let upper = values.baseAddress! + Int(tap.indices[1]) * length
                        let lower = values.baseAddress! + Int(tap.indices[2]) * length
                        for i in 0..<length { line[i] = upper[i] * tap.weights[1] + lower[i] * tap.weights[2] }
                        columns.withUnsafeBufferPointer { columns in
                            for x in 0..<width {
                                let tap = columns[x]
                                let left = line + Int(tap.indices[1]) * stride
                                let right = line + Int(tap.indices[2]) * stride
                                var best = ArgMax()
                                var lane = 0
                                while lane < stride {
                                    let value = load(left + lane) * tap.weights[1] + load(right + lane) * tap.weights[2]
                                    best.consider(lane + 4 < stride ? value : value + padding, lane)
                                    lane += 4
                                }
                                mask[y * width + x] = best.index
                            }
                        }
                    }
                }
            }
        }
        return mask
    }
}
