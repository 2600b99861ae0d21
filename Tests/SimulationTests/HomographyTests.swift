import Imaging
import Simulation
import Testing

/// Where the pixels of one frame lie in the frame before.
struct Warp {
    let width: Int
    let height: Int
    private let inverse: [Double]

    init(_ h: [Double], _ width: Int, _ height: Int) {
        self.width = width
        self.height = height
        inverse = [
            h[4] * h[8] - h[5] * h[7], h[2] * h[7] - h[1] * h[8], h[1] * h[5] - h[2] * h[4],
            h[5] * h[6] - h[3] * h[8], h[0] * h[8] - h[2] * h[6], h[2] * h[3] - h[0] * h[5],
            h[3] * h[7] - h[4] * h[6], h[1] * h[6] - h[0] * h[7], h[0] * h[4] - h[1] * h[3],
        ]
    }

    /// The nearest pixel of the earlier frame; nil outside of it.
    func source(_ x: Int, _ y: Int) -> Int? {
        let (x, y) = (Double(x), Double(y))
        let w = inverse[6] * x + inverse[7] * y + inverse[8]
        let u = ((inverse[0] * x + inverse[1] * y + inverse[2]) / w).rounded()
        let v = ((inverse[3] * x + inverse[4] * y + inverse[5]) / w).rounded()
        guard u >= 0, v >= 0, u < Double(width), v < Double(height) else { return nil }
        return Int(v) * width + Int(u)
    }

    /// Fraction of the later frame that the earlier one saw too.
    var overlap: Double {
        let seen = (0..<height).reduce(0) { sum, y in sum + (0..<width).count { source($0, y) != nil } }
        return Double(seen) / Double(width * height)
    }
}

@Suite struct HomographyTests {
    static let plans = ["orbit", "transit", "survey", "hover"]

    @Test("The first frame's homography is the identity")
    func identity() {
        #expect(makeFlight().frame(0).homography == [1, 0, 0, 0, 1, 0, 0, 0, 1])
    }

    @Test("Labels of what stands still follow the homography", arguments: plans)
    func exactForLabels(plan: String) throws {
        let flight = makeFlight(try #require(FlightPlan(name: plan)), fps: 4)
        let before = flight.frame(11)
        let after = flight.frame(12)
        let warp = Warp(after.homography, 640, 360)
        var agreed = 0
        var compared = 0
        for y in 1..<359 {
            for x in 1..<639 {
                let label = after.labels.classes[y * 640 + x]
                guard !Self.isMobile(label), Self.isInside(after.labels, x, y), let source = warp.source(x, y)
                else { continue }
                let earlier = before.labels.classes[source]
                if Self.isMobile(earlier) { continue }
                compared += 1
                agreed += earlier == label ? 1 : 0
            }
        }
        #expect(compared > 640 * 360 / 3)
        #expect(Double(agreed) / Double(compared) > 0.995)
    }

    @Test("Colours follow the homography too, and not the identity")
    func exactForColors() {
        let flight = makeFlight(.transit, fps: 4)
        let before = flight.frame(4).frame
        let after = flight.frame(5)
        func difference(_ homography: [Double]) -> Double {
            let warp = Warp(homography, 640, 360)
            var sum = 0
            var count = 0
            for y in 0..<360 {
                for x in 0..<640 {
                    guard let source = warp.source(x, y) else { continue }
                    sum += abs(Int(before.pixels[source * 3 + 1]) - Int(after.frame.pixels[(y * 640 + x) * 3 + 1]))
                    count += 1
                }
            }
            return Double(sum) / Double(count)
        }
        let registered = difference(after.homography)
        let unregistered = difference([1, 0, 0, 0, 1, 0, 0, 0, 1])
        #expect(registered < 7)
        #expect(unregistered > 2 * registered)
    }

    @Test("Looking straight down, the ground slides down the picture at the speed of flight")
    func scale() {
        let plan = FlightPlan(path: .survey(line: 100, spacing: 20), speed: 8, altitude: 50, pitch: -90, shake: 0)
        let homography = makeFlight(plan, fps: 5).homography(to: 3)
        // Focal length of a 70° lens in pixels; 8 m/s at 5 frames a second are 1.6 m.
        let pixels = 320 / 0.700_207_538 * 1.6 / 50
        let expected = [1, 0, 0, 0, 1, pixels, 0, 0, 1]
        for (value, wanted) in zip(homography, expected) {
            #expect(abs(value - wanted) < 1e-6)
        }
    }

    @Test("Vehicles and people move against the ground")
    func movement() {
        let flight = makeFlight(fps: 2)
        let before = flight.frame(10)
        let after = flight.frame(11)
        let warp = Warp(after.homography, 640, 360)
        for label in [UInt8(4), 5] {
            var arrived = 0
            for y in 0..<360 {
                for x in 0..<640 where after.labels.classes[y * 640 + x] == label {
                    if let source = warp.source(x, y), before.labels.classes[source] != label { arrived += 1 }
                }
            }
            #expect(arrived > 20, "\(Simulation.classes[Int(label)].name)")
        }
    }

    private static func isMobile(_ label: UInt8) -> Bool {
        label == 4 || label == 5
    }

    /// Whether a pixel's whole neighbourhood has its label.
    private static func isInside(_ labels: LabelMap, _ x: Int, _ y: Int) -> Bool {
        let middle = labels.classes[y * labels.width + x]
        return (-1...1).allSatisfy { dy in
            (-1...1).allSatisfy { dx in labels.classes[(y + dy) * labels.width + x + dx] == middle }
        }
    }
}
