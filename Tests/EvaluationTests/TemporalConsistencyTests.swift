import Evaluation
import Imaging
import Testing

@Suite struct TemporalConsistencyTests {
    /// The same way for each pixel.
    private static func flow(_ x: Float, _ y: Float, width: Int, height: Int) -> OpticalFlow {
        OpticalFlow(width: width, height: height, vectors: (0..<(width * height)).flatMap { _ in [x, y] })
    }

    /// Classes in no order.
    private static func patchwork(_ x: Int, _ y: Int) -> UInt8 {
        UInt8((x * 5 + y * 3 + x * y) % 7)
    }

    private static func mask(_ width: Int, _ height: Int, _ label: (Int, Int) -> UInt8) -> LabelMap {
        LabelMap(
            width: width, height: height,
            classes: (0..<(width * height)).map { label($0 % width, $0 / width) })
    }

    @Test("A mask that moves with the flow is consistent, whatever comes into view")
    func moved() {
        let mask = Self.mask(13, 9, Self.patchwork)
        let moved = Self.mask(13, 9) { x, y in x < 2 || y >= 8 ? 6 : Self.patchwork(x - 2, y + 1) }
        #expect(TemporalConsistency.between(mask, moved, flow: Self.flow(2, -1, width: 13, height: 9)) == 1)
        let still = TemporalConsistency.between(mask, moved, flow: Self.flow(0, 0, width: 13, height: 9))
        #expect((still ?? 1) < 0.5)
    }

    @Test("It is the mean over the classes that either mask has")
    func byHand() {
        let value = TemporalConsistency.between(
            row(0, 0, 1, 2), row(0, 1, 1, 3), flow: Self.flow(0, 0, width: 4, height: 1))
        // 1/2, 1/2, 0 and 0.
        #expect(value == 0.25)
    }

    @Test("Halves are rounded to even, and what is rounded to the edge is inside")
    func halves() {
        // To 0, 2, 2 and out of view.
        let forward = Self.flow(0.5, 0, width: 4, height: 1)
        #expect(TemporalConsistency.between(row(0, 1, 1, 8), row(0, 9, 1, 9), flow: forward) == 1)
        // To 0 (by way of -0.5), 0, 2 and 2.
        let backward = Self.flow(-0.5, 0, width: 4, height: 1)
        #expect(TemporalConsistency.between(row(0, 0, 1, 1), row(0, 9, 1, 9), flow: backward) == 1)
        // Just beyond the edge.
        let beyond = OpticalFlow(width: 2, height: 1, vectors: [-0.5001, 0, 0, 0.5001])
        #expect(TemporalConsistency.between(row(0, 1), row(2, 3), flow: beyond) == nil)
    }

    @Test("Where nothing stays in view there is no figure", arguments: [Float.nan, .infinity, -1e30, 4])
    func out(way: Float) {
        let flow = Self.flow(way, 0, width: 4, height: 1)
        #expect(TemporalConsistency.between(row(0, 1, 2, 3), row(0, 1, 2, 3), flow: flow) == nil)
    }

    @Test("A sequence's TC is the mean over its pairs, and its mIoU that of one matrix over its labelled frames")
    func sequence() throws {
        let still = Self.flow(0, 0, width: 2, height: 1)
        var score = SequenceScore()
        score.add(row(0, 1), truth: row(0, 1), flow: nil)
        score.add(row(0, 1), truth: nil, flow: still)
        score.add(row(0, 0), truth: row(0, 1), flow: still)
        score.add(row(1, 1), truth: nil, flow: nil)
        score.add(row(1, 1), truth: row(255, 255), flow: still)
        // 0, 0 after 0, 1: class 0 is one of two, class 1 none of one.
        #expect(score.frames.map(\.consistency) == [1, 0.25, nil, 1, nil])
        #expect(score.frames.map(\.meanIntersectionOverUnion) == [1, nil, 0.25, nil, nil])
        #expect(try #require(score.temporalConsistency) == 0.75)
        // Class 0: two of three; class 1: one of two.
        #expect(score.confusion.meanIntersectionOverUnion == (2.0 / 3 + 1.0 / 2) / 2)
        #expect(SequenceScore().temporalConsistency == nil)
    }
}
