import Foundation
import Simulation
import Testing

@Suite struct TelemetryTests {
    private let calm = FlightPlan(path: .transit, speed: 12, altitude: 60, pitch: -60, shake: 0)

    @Test("A transit moves at its speed in the direction of its heading")
    func transit() {
        let flight = makeFlight(calm, fps: 10)
        let (start, end) = (flight.telemetry(at: 0), flight.telemetry(at: 50))
        let metresPerDegree = 111_320.0
        let north = (end.latitude - start.latitude) * metresPerDegree
        let east = (end.longitude - start.longitude) * metresPerDegree * cos(start.latitude * .pi / 180)
        #expect(abs((east * east + north * north).squareRoot() - 60) < 0.1)
        let bearing = atan2(east, north) * 180 / .pi
        // The nose swings by 4° about the course.
        #expect(abs(remainder(bearing - end.heading, 360)) < 4.5)
        #expect(start.altitude == 60)
        #expect(start.pitch == -60)
    }

    @Test("Headings stay within the compass")
    func headings() {
        let flight = makeFlight(.orbit, fps: 1)
        #expect((0..<120).allSatisfy { (0..<360).contains(flight.telemetry(at: $0).heading) })
    }

    @Test("Frames are taken at the frame rate")
    func times() {
        let flight = makeFlight(calm, fps: 8)
        #expect(flight.telemetry(at: 12).capturedAt.timeIntervalSince(flight.start) == 1.5)
    }

    @Test("A gap lets time pass and the drone fly on")
    func gap() {
        var plan = calm
        plan.events = [3: .gap(seconds: 2)]
        let flight = makeFlight(plan, fps: 10)
        let (before, after) = (flight.telemetry(at: 2), flight.telemetry(at: 3))
        #expect(abs(after.capturedAt.timeIntervalSince(before.capturedAt) - 2.1) < 1e-6)
        let flown =
            ((after.east - before.east) * (after.east - before.east)
            + (after.north - before.north) * (after.north - before.north)).squareRoot()
        #expect(abs(flown - 25.2) < 1e-6)
    }

    @Test("A survey comes back along its neighbouring line")
    func survey() {
        let plan = FlightPlan(path: .survey(line: 100, spacing: 30), speed: 10, altitude: 60, pitch: -90, shake: 0)
        let flight = makeFlight(plan, fps: 1)
        let turn = Double.pi * 15
        // In the middle of the first and of the second line.
        let first = flight.telemetry(at: 5)
        let second = SimulatedFlight(
            world: testWorld, pilot: 7, width: 640, height: 360, fps: 10 / (150 + turn), plan: plan
        ).telemetry(at: 1)
        #expect(abs(abs(remainder(first.heading - second.heading, 360)) - 180) < 1e-6)
        let apart =
            ((first.east - second.east) * (first.east - second.east)
            + (first.north - second.north) * (first.north - second.north)).squareRoot()
        #expect(abs(apart - 30) < 1e-6)
    }
}
