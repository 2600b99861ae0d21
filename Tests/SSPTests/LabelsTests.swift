import Imaging
import SSP
import Testing

@Suite struct LabelsTests {
    @Test(
        "At another size each pixel is the arg-max of the interpolated logits", arguments: [3, 4, 8, 11],
        [StatePrecision.float32, .float16])
    func oracle(classes: Int, precision: StatePrecision) {
        var random = Scene.Random(state: UInt64(classes))
        let stride = LogitsMap.stride(classes: classes)
        // Padding lanes are large on purpose: they are no classes.
        let numbers = (0..<108 * stride).map { $0 % stride < classes ? Float(random.next() % 1000) / 100 : 6e4 }
        let logits = LogitsMap(
            width: 12, height: 9, classes: classes, values: StoredFloats(numbers, precision: precision))
        let values = logits.values.floats
        func value(_ x: Int, _ y: Int, _ c: Int) -> Float { values[(y * 12 + x) * stride + c] }
        func best(_ value: (Int) -> Float) -> UInt8 {
            UInt8((0..<classes).max { (value($0), -$0) < (value($1), -$1) }!)
        }
        let mask = LabelMap(
            width: 12, height: 9, classes: (0..<108).map { i in best { value(i % 12, i / 12, $0) } })
        let out = logits.labels(mask, width: 31, height: 20)
        for y in 0..<20 {
            for x in 0..<31 {
                let u = max(0, (Float(x) + 0.5) * 12 / 31 - 0.5)
                let v = max(0, (Float(y) + 0.5) * 9 / 20 - 0.5)
                let (x0, y0) = (Int(u), Int(v))
                let (x1, y1) = (min(x0 + 1, 11), min(y0 + 1, 8))
                let (fx, fy) = (u - Float(x0), v - Float(y0))
                func mixed(_ c: Int) -> Float {
                    (value(x0, y0, c) * (1 - fx) + value(x1, y0, c) * fx) * (1 - fy)
                        + (value(x0, y1, c) * (1 - fx) + value(x1, y1, c) * fx) * fy
                }
                let chosen = Int(out.classes[y * 31 + x])
                // Two ways of adding up may differ in the last bits; a class that is clearly not the largest is wrong.
                #expect(chosen < classes && mixed(chosen) > mixed(Int(best(mixed))) - 1e-4)
            }
        }
    }
}
