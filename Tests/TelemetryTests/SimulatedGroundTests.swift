import Foundation
import Imaging
import Simulation
import Telemetry
import Testing

/// The ground that we work out, against a world in which it is known.
@Suite struct SimulatedGroundTests {
    private static let world = World(seed: 7)

    private static func flight(_ plan: String) throws -> SimulatedFlight {
        SimulatedFlight(
            world: world, pilot: 7, width: 640, height: 360, fps: 1, plan: try #require(FlightPlan(name: plan)))
    }

    private static func camera(_ flight: SimulatedFlight, _ index: Int) -> CameraTelemetry {
        let pose = flight.telemetry(at: index)
        let source = TelemetrySource(
            .explicit,
            [
                .latitude: pose.latitude, .longitude: pose.longitude, .heightAboveGround: pose.altitude,
                .altitude: pose.altitude, .gimbalYaw: pose.heading, .gimbalPitch: pose.pitch, .gimbalRoll: pose.roll,
                .horizontalFieldOfView: pose.fieldOfView,
            ])
        return CameraTelemetry([source], width: flight.width, height: flight.height)
    }

    @Test(
        "A footprint's corners are the ground that the simulated camera sees there",
        arguments: ["orbit", "transit", "survey", "hover"])
    func corners(plan: String) throws {
        let flight = try Self.flight(plan)
        for index in [0, 3, 11] {
            let view = try GroundView(Self.camera(flight, index), width: 640, height: 360)
            let corners = Footprint(view).corners
            let pixels = [(-0.5, -0.5), (-0.5, 359.5), (639.5, 359.5), (639.5, -0.5)]
            for (corner, pixel) in zip(corners, pixels) {
                let truth = flight.ground(pixel.0, pixel.1, at: index)
                let east = (corner.longitude - Telemetry.home.longitude) * Telemetry.metresPerDegree.longitude
                let north = (corner.latitude - Telemetry.home.latitude) * Telemetry.metresPerDegree.latitude
                // The simulated world is flat in degrees, too: that is 3 cm off at 400 m.
                #expect(abs(east - truth.east) < 0.1 && abs(north - truth.north) < 0.1, "\(plan) \(index)")
            }
        }
    }

    @Test("Each pixel's class stands in the world where the pixel is laid", arguments: ["orbit", "survey"])
    func landing(plan: String) throws {
        let flight = try Self.flight(plan)
        let view = try GroundView(Self.camera(flight, 4), width: 640, height: 360)
        let frame = flight.frame(4)
        let pose = frame.telemetry
        var (right, all) = (0, 0)
        for y in stride(from: 0, to: 360, by: 3) {
            for x in stride(from: 0, to: 640, by: 3) {
                let label = Int(frame.labels.classes[y * 640 + x])
                if ["vehicle", "person"].contains(Simulation.classes[label].name) { continue }
                let place = view.ground(Double(x) + 0.5, Double(y) + 0.5)
                all += 1
                right +=
                    Self.world.label(east: pose.east + place.east, north: pose.north + place.north) == label ? 1 : 0
            }
        }
        #expect(Double(right) / Double(all) > 0.995, "\(right) of \(all)")
    }

    @Test func `the polygons of all classes cover the footprint, once`() throws {
        let flight = try Self.flight("orbit")
        let view = try GroundView(Self.camera(flight, 2), width: 640, height: 360)
        let labels = flight.frame(2).labels
        var area = 0.0
        for value in Simulation.classes.indices {
            for polygon in PolygonSet(mask: labels, class: value).polygons {
                let ground = view.polygon(
                    exterior: polygon.exterior.map { ($0.x, $0.y) },
                    holes: polygon.holes.map { $0.map { ($0.x, $0.y) } })
                #expect(ground.area > 0 && ground.error > 1)
                area += ground.area
            }
        }
        let whole = view.polygon(exterior: [(0, 0), (0, 360), (640, 360), (640, 0)], holes: [])
        #expect(abs(area / whole.area - 1) < 1e-9)
        // By the truth's own corners.
        let corners = [(-0.5, -0.5), (-0.5, 359.5), (639.5, 359.5), (639.5, -0.5)].map {
            flight.ground($0.0, $0.1, at: 2)
        }
        let shoelace = corners.indices.reduce(0.0) { sum, index in
            let (a, b) = (corners[index], corners[(index + 1) % 4])
            return sum + (a.east * b.north - b.east * a.north) / 2
        }
        #expect(abs(shoelace / whole.area - 1) < 1e-9)
    }
}
