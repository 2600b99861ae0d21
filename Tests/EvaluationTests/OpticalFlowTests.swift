import Evaluation
import Imaging
import Simulation
import Testing

@Suite struct OpticalFlowTests {
    @Test("A picture that is moved flows as it was moved", arguments: [(5, -3), (-8, 0), (0, 0)])
    func translation(x: Int, y: Int) throws {
        let picture = SimulatedFlight(seed: 3, width: 360, height: 240, plan: .transit).frame(0).frame.luminance()
        /// A part of the picture whose top left corner is here.
        func part(_ left: Int, _ top: Int) -> GreyMap {
            let rows = (top..<(top + 200)).map { picture.pixels[($0 * 360 + left)..<($0 * 360 + left + 320)] }
            return GreyMap(width: 320, height: 200, pixels: rows.flatMap { $0 })
        }
        let flow = try #require(OpticalFlow(from: part(20, 20), to: part(20 - x, 20 - y)))
        var errors: [Float] = []
        for index in 0..<(320 * 200) {
            let (dx, dy) = (flow.vectors[2 * index] - Float(x), flow.vectors[2 * index + 1] - Float(y))
            errors.append((dx * dx + dy * dy).squareRoot())
        }
        errors.sort()
        #expect(errors[errors.count / 2] < 0.1)
        #expect(errors[errors.count * 9 / 10] < 0.5)
    }

    @Test(
        "Frames smaller than its patches have no flow",
        arguments: [(16, 8, true), (16, 7, false), (8, 8, false), (1, 1, false)])
    func small(width: Int, height: Int, isEnough: Bool) {
        let tiny = GreyMap(width: width, height: height, pixels: [UInt8](repeating: 9, count: width * height))
        #expect((OpticalFlow(from: tiny, to: tiny) != nil) == isEnough)
    }
}
