import Evaluation
import Foundation
import Imaging
import Simulation
import Testing

/// The figures of a simulated flight beside those that `Golden/make.py` computes in NumPy.
@Suite struct GoldenTests {
    private struct Figures: Decodable {
        let iou: [Double?]
        let miou: Double
        let accuracy: Double
        let consistencies: [Double]
        let tc: Double
    }

    /// A mask that is right but for odd frames moved by a pixel, and blocks that flicker.
    private static func prediction(_ labels: LabelMap, _ k: Int) -> LabelMap {
        var mask = labels
        for index in mask.classes.indices {
            let (x, y) = (index % labels.width, index / labels.width)
            let moved = labels.classes[y * labels.width + min(x + k % 2, labels.width - 1)]
            let flickers = ((x / 8) * 73 + (y / 8) * 151 + k * 199) % 7 == 0
            mask.classes[index] = flickers ? (labels.classes[index] + 1) % 8 : moved
        }
        return mask
    }

    /// The labels, some of them ignored.
    private static func truth(_ labels: LabelMap, _ k: Int) -> LabelMap {
        var truth = labels
        for index in truth.classes.indices where (index % labels.width + 2 * (index / labels.width) + k) % 11 == 0 {
            truth.classes[index] = LabelMap.ignore
        }
        return truth
    }

    @Test("mIoU and TC are those of an independent implementation")
    func figures() throws {
        let file = try #require(Bundle.module.url(forResource: "Golden/figures", withExtension: "json"))
        let expected = try JSONDecoder().decode(Figures.self, from: Data(contentsOf: file))
        let flight = SimulatedFlight(seed: 3, width: 320, height: 180, plan: .transit)
        var score = SequenceScore()
        var previous: GreyMap?
        for k in 0...expected.consistencies.count {
            let simulated = flight.frame(k)
            let grey = simulated.frame.luminance()
            score.add(
                Self.prediction(simulated.labels, k), truth: Self.truth(simulated.labels, k),
                flow: previous.flatMap { OpticalFlow(from: $0, to: grey) })
            previous = grey
        }

        #expect(try abs(#require(score.confusion.meanIntersectionOverUnion) - expected.miou) < 1e-9)
        #expect(try abs(#require(score.confusion.accuracy) - expected.accuracy) < 1e-9)
        for found in score.confusion.classes {
            #expect(try abs(found.intersectionOverUnion - #require(expected.iou[found.index])) < 1e-9)
        }
        // What versions of OpenCV make of one flow differs by as much as 0.0008.
        for (found, value) in zip(score.frames, expected.consistencies) {
            #expect(try abs(#require(found.consistency) - value) < 0.002)
        }
        #expect(try abs(#require(score.temporalConsistency) - expected.tc) < 0.002)
    }
}
