import Evaluation
import Imaging
import Testing

/// A mask of one row.
func row(_ classes: UInt8...) -> LabelMap {
    LabelMap(width: classes.count, height: 1, classes: classes)
}

@Suite struct ConfusionMatrixTests {
    @Test("Figures are those that one counts by hand, and ignored pixels are not counted")
    func byHand() {
        var matrix = ConfusionMatrix()
        matrix.add(row(0, 1, 1, 1, 0, 2), truth: row(0, 0, 1, 1, 2, 255))
        #expect(matrix.classes.map(\.index) == [0, 1, 2])
        #expect(matrix.classes.map(\.truth) == [2, 2, 1])
        #expect(matrix.classes.map(\.predicted) == [2, 3, 0])
        #expect(matrix.classes.map(\.hits) == [1, 2, 0])
        #expect(matrix.classes.map(\.intersectionOverUnion) == [1.0 / 3, 2.0 / 3, 0])
        #expect(matrix.meanIntersectionOverUnion == 1.0 / 3)
        #expect(matrix.accuracy == 3.0 / 5)
    }

    @Test("A class that the truth does not have costs the others, but has no IoU of its own in the mean")
    func predictedOnly() {
        var matrix = ConfusionMatrix()
        matrix.add(row(0, 3), truth: row(0, 0))
        #expect(matrix.meanIntersectionOverUnion == 0.5)
        #expect(matrix.meanAgreement == 0.25)
    }

    @Test("Frames are counted together; their own means are not averaged")
    func together() {
        var matrix = ConfusionMatrix()
        matrix.add(row(0, 0, 0, 1), truth: row(0, 0, 0, 0))
        matrix.add(row(1, 1), truth: row(1, 1))
        // 3 of 4, and 2 of 3; frame by frame it would be (3/4 + 1) / 2.
        #expect(matrix.meanIntersectionOverUnion == (3.0 / 4 + 2.0 / 3) / 2)

        var (first, second) = (ConfusionMatrix(), ConfusionMatrix())
        first.add(row(0, 0, 0, 1), truth: row(0, 0, 0, 0))
        second.add(row(1, 1), truth: row(1, 1))
        first += second
        #expect(first == matrix)
    }

    @Test("Where everything is ignored there are no figures")
    func nothing() {
        var matrix = ConfusionMatrix()
        matrix.add(row(0, 1), truth: row(255, 255))
        #expect(matrix.classes.isEmpty)
        #expect(matrix.meanIntersectionOverUnion == nil && matrix.meanAgreement == nil && matrix.accuracy == nil)
    }

    @Test("A mask is brought to the size of the truth")
    func size() {
        var matrix = ConfusionMatrix()
        matrix.add(row(4, 7), truth: LabelMap(width: 4, height: 2, classes: [4, 4, 7, 7, 4, 4, 4, 7]))
        #expect(matrix.accuracy == 7.0 / 8)
    }

    /// What OpenCV's `resize` with `INTER_NEAREST` makes of 0, 1, 2…, in versions 4.6 and 5.0.
    @Test(
        "Masks are resized as OpenCV does, its rounding included",
        arguments: [
            (3, [0, 0, 0, 1, 1, 1, 2, 2]),
            (7, [0, 1, 2, 4, 5]),
            // 9 · 14 / 18 is 7, but not in floating point.
            (14, [0, 0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 10, 10, 11, 12, 13]),
        ] as [(UInt8, [UInt8])])
    func nearest(count: UInt8, expected: [UInt8]) {
        let ramp = LabelMap(width: Int(count), height: 1, classes: Array(0..<count))
        #expect(ramp.nearest(width: expected.count, height: 1).classes == expected)
        let column = LabelMap(width: 1, height: Int(count), classes: Array(0..<count))
        let double = column.nearest(width: 2, height: expected.count)
        #expect(double.classes == expected.flatMap { [$0, $0] })
    }
}
