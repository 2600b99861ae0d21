import Imaging
import Inference

extension LogitsMap {
    /// The arg-max at another size, of logits interpolated bilinearly: boundaries stay smooth where enlarging the mask
    /// itself would make stairs.
    ///
    /// `mask` is the arg-max at this size.
    ///
    /// Between four pixels of one class every interpolated pixel is of that class, since the weights are positive and
    /// sum to 1: only at boundaries are logits looked at.
    package func labels(_ mask: LabelMap, width: Int, height: Int) -> LabelMap {
        precondition(mask.width == self.width && mask.height == self.height, "the mask of these logits")
        let columns = Interpolation(from: self.width, to: width, kernel: .bilinear).taps
        let rows = Interpolation(from: self.height, to: height, kernel: .bilinear).taps
        let padding = ArgMax.padding(classes: classes)
        let (stride, sourceWidth) = (stride, self.width)
        var out = LabelMap(width: width, height: height, classes: [UInt8](repeating: 0, count: width * height))
        values.withUnsafeBufferPointer { values in
            let logits = values.baseAddress!
            mask.classes.withUnsafeBufferPointer { mask in
                columns.withUnsafeBufferPointer { columns in
                    out.classes.withUnsafeMutableBufferPointer { out in
                        for y in 0..<height {
                            let row = rows[y]
                            let (upper, lower) = (Int(row.indices[1]) * sourceWidth, Int(row.indices[2]) * sourceWidth)
                            for x in 0..<width {
                                let column = columns[x]
                                let (left, right) = (Int(column.indices[1]), Int(column.indices[2]))
                                let label = mask[upper + left]
                                if label == mask[upper + right], label == mask[lower + left],
                                    label == mask[lower + right]
                                {
                                    out[y * width + x] = label
                                    continue
                                }
                                let corners = (
                                    logits + (upper + left) * stride, logits + (upper + right) * stride,
                                    logits + (lower + left) * stride, logits + (lower + right) * stride
                                )
                                let (l, r) = (column.weights[1], column.weights[2])
                                let (t, b) = (row.weights[1], row.weights[2])
                                var best = ArgMax()
                                var lane = 0
                                while lane < stride {
                                    var value = (load(corners.0 + lane) * l + load(corners.1 + lane) * r) * t
                                    value += (load(corners.2 + lane) * l + load(corners.3 + lane) * r) * b
                                    best.consider(lane + 4 < stride ? value : value + padding, lane)
                                    lane += 4
                                }
                                out[y * width + x] = best.index
                            }
                        }
                    }
                }
            }
        }
        return out
    }
}
