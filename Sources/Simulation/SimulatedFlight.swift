import Foundation
import Imaging

/// A drone's flight over a simulated town: pictures with exact labels and exact homographies.
///
/// The same seed, size and plan give the same bytes, and any frame can be asked for alone.
package struct SimulatedFlight: Sendable {
    package let world: World
    package let width: Int
    package let height: Int
    package let fps: Double
    package let plan: FlightPlan
    package let start: Date

    /// The morning of 1 June 2026, UTC.
    package static let defaultStart = Date(timeIntervalSince1970: 1_780_300_800)

    private let photometry: Photometry
    private let anchor: (x: Double, y: Double)
    private let course: Double
    private let phases: [Double]
    private let departure: Double

    /// Paints a world for the seed and flies over it.
    ///
    /// - Parameters:
    ///   - width: Pixels, at least 16.
    ///   - fps: Frames a second, positive.
    ///   - start: When the first frame is taken.
    package init(
        seed: UInt64, width: Int = 1280, height: Int = 720, fps: Double = 10, plan: FlightPlan = .orbit,
        start: Date = Self.defaultStart
    ) {
        self.init(
            world: World(seed: seed), pilot: seed, width: width, height: height, fps: fps, plan: plan, start: start)
    }

    /// Flies over a world that other drones may share; `pilot` seeds what belongs to this flight alone.
    package init(
        world: World, pilot: UInt64, width: Int = 1280, height: Int = 720, fps: Double = 10, plan: FlightPlan = .orbit,
        start: Date = Self.defaultStart
    ) {
        precondition(width >= 16 && height >= 16 && fps > 0, "a flight needs pictures of some size, and a rate")
        self.world = world
        self.width = width
        self.height = height
        self.fps = fps
        self.plan = plan
        self.start = start
        photometry = Photometry(seed: pilot)
        var random = SplitMix64(seed: pilot, stream: 8)
        anchor = Self.anchor(in: world.plan, for: plan.path, random: &random)
        course = random.uniform(0...360)
        phases = (0..<12).map { _ in random.uniform(0...6.28) }
        departure = random.uniform(0...20)
    }

    /// An orbit turns about a bridgehead, where roads, water, traffic and mostly houses are in view; the other paths
    /// begin at any crossing.
    private static func anchor(
        in town: TownPlan, for path: FlightPlan.Path, random: inout SplitMix64
    ) -> (x: Double, y: Double) {
        if case .orbit = path {
            let bank = town.streets[town.river.row + random.integer(0..<2)]
            return town.world(u: random.pick(town.avenues).position, v: bank.position)
        }
        return town.world(
            u: random.pick(town.avenues).position + random.uniform(-25...25),
            v: random.pick(town.streets).position + random.uniform(-25...25))
    }

    /// Frame `index` of the flight, from 0.
    package func frame(_ index: Int) -> SimulatedFrame {
        precondition(index >= 0)
        let time = plan.time(of: index, fps: fps)
        let camera = camera(at: index)
        var view = Renderer(world: world, width: width, height: height, camera: camera)
        drawTraffic(on: &view, camera: camera, time: departure + time)
        return SimulatedFrame(
            index: index, frame: photometry.develop(view, time: time, index: index, seed: world.seed),
            labels: LabelMap(width: width, height: height, classes: view.labels),
            homography: homography(to: index), telemetry: telemetry(at: index))
    }

    /// The homography from frame `index − 1` to frame `index`, row-major.
    ///
    /// [u, v, 1]ᵀ ~ H·[x, y, 1]ᵀ takes a pixel of the earlier frame to its place in the later one; pixel centres lie on
    /// integers. Identity for frame 0. Exact for all that stands still; after a cut it is still the truth, but mostly
    /// leads out of the picture.
    package func homography(to index: Int) -> [Double] {
        guard index > 0 else { return Matrix3.identity.homography }
        let earlier = camera(at: index - 1).groundToImage(width: width, height: height)
        let later = camera(at: index).groundToImage(width: width, height: height)
        return (later * earlier.inverse).homography
    }

    /// The ground that a place of frame `index` shows, metres east and north of the world's origin; pixel centres lie on
    /// integers.
    package func ground(_ x: Double, _ y: Double, at index: Int) -> (east: Double, north: Double) {
        let place = camera(at: index).groundToImage(width: width, height: height).inverse.apply(x, y)
        return (place.x, place.y)
    }

    /// Where the camera is and looks at frame `index`.
    package func telemetry(at index: Int) -> Telemetry {
        let camera = camera(at: index)
        return Telemetry(
            capturedAt: start.addingTimeInterval(plan.time(of: index, fps: fps)),
            east: camera.x, north: camera.y, altitude: camera.height,
            heading: camera.heading - (camera.heading / 360).rounded(.down) * 360, pitch: camera.pitch,
            roll: camera.roll, fieldOfView: camera.fieldOfView, speed: plan.speed)
    }

    private func camera(at index: Int) -> Camera {
        let time = plan.time(of: index, fps: fps)
        let cuts = Double(plan.cuts(by: index))
        let place = plan.position(at: time, course: course + 97 * cuts)
        func sway(_ axis: Int) -> Double {
            sin(time * (1.9 + 0.23 * Double(axis)) + phases[2 * axis])
                + 0.5 * sin(time * (5.3 + 0.41 * Double(axis)) + phases[2 * axis + 1])
        }
        return Camera(
            x: anchor.x + 163.7 * cuts + place.x + plan.shake * 0.09 * sway(0),
            y: anchor.y + 118.3 * cuts + place.y + plan.shake * 0.09 * sway(1),
            height: plan.altitude + plan.shake * 0.12 * sway(2), heading: place.heading + plan.shake * 0.22 * sway(3),
            pitch: max(-90, plan.pitch + plan.shake * 0.16 * sway(4)), roll: plan.shake * 0.16 * sway(5),
            fieldOfView: plan.fieldOfView)
    }

    private func drawTraffic(on view: inout Renderer, camera: Camera, time: Double) {
        let footprint = view.footprint(camera: camera, reach: 450)
        let light = world.light
        for person in world.traffic.people(at: time) {
            for (x, y) in Self.copies(person.x, person.y, in: footprint) {
                view.draw(
                    x: x, y: y, reach: person.reach, label: Label.person, color: person.color,
                    shadow: { person.shadows($0, $1, light) })
            }
        }
        for vehicle in world.traffic.vehicles(at: time) {
            for (x, y) in Self.copies(vehicle.x, vehicle.y, in: footprint) {
                view.draw(
                    x: x, y: y, reach: vehicle.reach, label: Label.vehicle, color: vehicle.color,
                    shadow: { vehicle.shadows($0, $1, light) })
            }
        }
    }

    /// All places in view where something appears, as the world repeats.
    private static func copies(
        _ x: Double, _ y: Double, in area: (x: ClosedRange<Double>, y: ClosedRange<Double>)
    ) -> [(Double, Double)] {
        func along(_ place: Double, _ range: ClosedRange<Double>) -> [Double] {
            let first = ((range.lowerBound - 8 - place) / World.extent).rounded(.up)
            let last = ((range.upperBound + 8 - place) / World.extent).rounded(.down)
            return first > last ? [] : stride(from: first, through: last, by: 1).map { place + $0 * World.extent }
        }
        let columns = along(x, area.x)
        guard !columns.isEmpty else { return [] }
        return along(y, area.y).flatMap { north in columns.map { ($0, north) } }
    }
}

/// One picture of a simulated flight and the truth about it.
package struct SimulatedFrame: Sendable {
    package let index: Int
    package let frame: Frame
    /// Indices into `Simulation.classes`.
    package let labels: LabelMap
    /// See `SimulatedFlight.homography(to:)`.
    package let homography: [Double]
    package let telemetry: Telemetry
}

/// Where the camera was when it took a frame.
package struct Telemetry: Sendable, Equatable {
    package let capturedAt: Date
    /// Metres east and north of the world's origin.
    package let east: Double
    package let north: Double
    /// Metres above ground.
    package let altitude: Double
    /// Degrees clockwise from north, 0..<360.
    package let heading: Double
    /// Degrees above the horizon.
    package let pitch: Double
    /// Degrees clockwise about the line of sight.
    package let roll: Double
    /// Horizontal, degrees.
    package let fieldOfView: Double
    /// Metres a second.
    package let speed: Double

    /// The world's origin lies here, degrees.
    package static let home = (latitude: 49.4875, longitude: 8.466)
    /// Metres of a degree of latitude and of longitude there, on the ellipsoid of WGS 84; 3 cm off at 400 m from home.
    package static let metresPerDegree = (latitude: 111_219.172, longitude: 72_455.005)

    /// Degrees WGS 84.
    package var latitude: Double { Self.home.latitude + north / Self.metresPerDegree.latitude }
    package var longitude: Double { Self.home.longitude + east / Self.metresPerDegree.longitude }
}
