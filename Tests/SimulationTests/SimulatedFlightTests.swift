import Foundation
import Imaging
import Simulation
import Testing

/// Painting a world takes a moment: all tests fly over the same one.
let testWorld = World(seed: 7)

func makeFlight(_ plan: FlightPlan = .orbit, pilot: UInt64 = 7, fps: Double = 10) -> SimulatedFlight {
    SimulatedFlight(world: testWorld, pilot: pilot, width: 640, height: 360, fps: fps, plan: plan)
}

@Suite struct SimulatedFlightTests {
    @Test("The same seed gives the same pictures, in any order")
    func deterministic() {
        let first = SimulatedFlight(seed: 7, width: 320, height: 180, plan: .transit)
        let second = SimulatedFlight(world: testWorld, pilot: 7, width: 320, height: 180, plan: .transit)
        let later = first.frame(9)
        _ = second.frame(3)
        let again = second.frame(9)
        #expect(later.frame == again.frame)
        #expect(later.labels == again.labels)
        #expect(later.homography == again.homography)
        #expect(first.frame(8).frame != later.frame)
    }

    @Test("Another pilot sees another picture of the same world")
    func pilots() {
        #expect(makeFlight(pilot: 1).frame(0).labels != makeFlight(pilot: 2).frame(0).labels)
    }

    @Test("All classes occur in a default flight", arguments: [1, 2, 7] as [UInt64])
    func classes(seed: UInt64) {
        let flight = SimulatedFlight(seed: seed, width: 640, height: 360)
        var seen = Set<UInt8>()
        for index in stride(from: 0, to: 600, by: 60) {
            seen.formUnion(flight.frame(index).labels.classes)
        }
        #expect(seen == Set(Simulation.classes.indices.map(UInt8.init)))
    }

    @Test("Labels are classes, never anything else")
    func labels() throws {
        let most = try #require(makeFlight().frame(0).labels.classes.max())
        #expect(Int(most) < Simulation.classes.count)
    }

    @Test("A cut leaves nothing in view of what was seen before")
    func cut() {
        var plan = FlightPlan.transit
        plan.events = [5: .cut]
        let flight = makeFlight(plan)
        #expect(Warp(flight.homography(to: 4), 640, 360).overlap > 0.8)
        #expect(Warp(flight.homography(to: 5), 640, 360).overlap == 0)
        #expect(Warp(flight.homography(to: 6), 640, 360).overlap > 0.8)
    }
}
