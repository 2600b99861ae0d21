import Foundation
import Telemetry
import Testing

@Suite struct GroundViewTests {
    @Test func `straight down the picture is a map, its top where the camera's yaw points`() throws {
        // 90 degrees over 1000 pixels at 50 m: 100 m, and 80 m in height.
        for (yaw, right) in [(0.0, (1.0, 0.0)), (90, (0, -1)), (-90, (0, 1)), (180, (-1, 0))] {
            let view = try GroundView(.pose(yaw: yaw, pitch: -90, fov: 90), width: 1000, height: 800)
            let centre = view.ground(500, 400)
            #expect(abs(centre.east) < 1e-9 && abs(centre.north) < 1e-9)
            let corner = view.ground(1000, 400)
            #expect(abs(corner.east - 50 * right.0) < 1e-9 && abs(corner.north - 50 * right.1) < 1e-9)
            let top = view.ground(500, 0)
            // Forward is the right hand turned a quarter to the left.
            #expect(abs(top.east - 40 * -right.1) < 1e-9 && abs(top.north - 40 * right.0) < 1e-9)
        }
    }

    @Test func `a tilted camera sees ahead by the cotangent of its tilt`() throws {
        let view = try GroundView(.pose(yaw: 30, pitch: -45, fov: 40), width: 640, height: 480)
        let centre = view.ground(320, 240)
        #expect(abs(centre.east - 50 * sin(Double.pi / 6)) < 1e-9)
        #expect(abs(centre.north - 50 * cos(Double.pi / 6)) < 1e-9)
    }

    @Test func `a roll turns the picture about its line of sight`() throws {
        let level = try GroundView(
            .pose(yaw: 70, pitch: -60, fov: 40, width: 400, height: 400), width: 400, height: 400)
        let rolled = try GroundView(
            .pose(yaw: 70, pitch: -60, roll: 90, fov: 40, width: 400, height: 400), width: 400, height: 400)
        // What was at the bottom is to the right of a camera that leans to the right by a quarter.
        let (a, b) = (level.ground(200, 400), rolled.ground(400, 200))
        #expect(abs(a.east - b.east) < 1e-9 && abs(a.north - b.north) < 1e-9)
    }

    @Test(
        "What is missing, or in the way, is named",
        arguments: [
            (Change.without(.latitude), "no-position"), (.without(.heightAboveGround), "no-altitude-above-ground"),
            (.without(.gimbalPitch), "no-gimbal"), (.without(.gimbalYaw), "no-heading"),
            (.without(.horizontalFieldOfView), "no-field-of-view"), (.with(.heightAboveGround, 0), "on-the-ground"),
            (.with(.heightAboveGround, -3), "on-the-ground"), (.with(.gimbalPitch, -10), "horizon-in-view"),
            (.with(.gimbalPitch, 0), "horizon-in-view"), (.with(.gimbalPitch, 90), "horizon-in-view"),
            (.with(.gimbalPitch, -16.6), "too-oblique"),
            (.with(.heightAboveGround, 9000), "too-oblique"), (.with(.latitude, 89.5), "near-pole"),
        ])
    func obstacle(change: Change, reason: String) {
        let camera = change.applied(to: .pose(yaw: 10, pitch: -40, fov: 40))
        let error = #expect(throws: GroundView.Obstacle.self) { try GroundView(camera, width: 640, height: 480) }
        #expect(error?.rawValue == reason)
    }

    @Test func `the heading stands in for the gimbal's yaw, at a price`() throws {
        var camera = CameraTelemetry.pose(yaw: 10, pitch: -50, fov: 40)
        let known = try GroundView(camera, width: 640, height: 480)
        camera.set(.gimbalYaw, nil, origin: .explicit)
        camera.set(.heading, 10, origin: .explicit)
        let taken = try GroundView(camera, width: 640, height: 480)
        #expect(taken.ground(0, 0) == known.ground(0, 0))
        #expect(taken.error(0, 0) > known.error(0, 0))
    }

    @Test func `the error is what chance makes of the assumed uncertainties`() throws {
        var generator = SeededGenerator(state: 3)
        for (pitch, place) in [(-90.0, (320.0, 240.0)), (-90, (0, 0)), (-60, (320, 240)), (-45, (600, 30))] {
            let camera = CameraTelemetry.pose(yaw: 20, pitch: pitch, fov: 50)
            let view = try GroundView(camera, width: 640, height: 480)
            let truth = view.ground(place.0, place.1)
            let assumed = view.uncertainty
            var sum = 0.0
            let rounds = 4000
            for _ in 0..<rounds {
                var other = camera
                func disturb(_ value: TelemetryValue, _ by: Double) {
                    other.set(value, camera[value]! + by * generator.gaussian(), origin: .explicit)
                }
                disturb(.heightAboveGround, assumed.height)
                disturb(.gimbalPitch, assumed.tilt * 180 / .pi)
                disturb(.gimbalYaw, assumed.heading * 180 / .pi)
                disturb(.gimbalRoll, assumed.tilt * 180 / .pi)
                let scale = 1 + assumed.fieldOfView * generator.gaussian()
                other.set(.horizontalFieldOfView, 50 * scale, origin: .explicit)
                other.set(.verticalFieldOfView, camera[.verticalFieldOfView]! * scale, origin: .explicit)
                let moved = try GroundView(other, width: 640, height: 480).ground(place.0, place.1)
                let east = moved.east - truth.east + assumed.position * generator.gaussian()
                let north = moved.north - truth.north + assumed.position * generator.gaussian()
                sum += east * east + north * north
            }
            let rms = (sum / Double(rounds)).squareRoot()
            #expect(abs(view.error(place.0, place.1) / rms - 1) < 0.15, "pitch \(pitch), \(place): \(rms)")
        }
    }

    enum Change: Sendable {
        case without(TelemetryValue)
        case with(TelemetryValue, Double)

        func applied(to camera: CameraTelemetry) -> CameraTelemetry {
            var camera = camera
            switch self {
            case .without(let value): camera.set(value, nil, origin: .explicit)
            case .with(let value, let number): camera.set(value, number, origin: .explicit)
            }
            return camera
        }
    }
}

extension CameraTelemetry {
    /// A camera 50 m over a place in Mannheim, with square pixels in a picture of 640 × 480 (or 1000 × 800 and such:
    /// `fov` is horizontal).
    static func pose(
        lat: Double = 49.4875, lon: Double = 8.466, above: Double = 50, yaw: Double, pitch: Double, roll: Double = 0,
        fov: Double, width: Int = 1000, height: Int = 800
    ) -> CameraTelemetry {
        CameraTelemetry(
            [
                TelemetrySource(
                    .explicit,
                    [
                        .latitude: lat, .longitude: lon, .heightAboveGround: above, .gimbalYaw: yaw,
                        .gimbalPitch: pitch, .gimbalRoll: roll, .horizontalFieldOfView: fov,
                    ])
            ], width: width, height: height)
    }
}

/// SplitMix64: random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Of mean 0 and deviation 1 (Box and Muller).
    mutating func gaussian() -> Double {
        let (u, v) = (Double.random(in: 1e-12...1, using: &self), Double.random(in: 0...1, using: &self))
        return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
    }
}
