import Foundation
import Telemetry
import Testing

@Suite struct FootprintTests {
    @Test func `metres on the plane are metres on the ellipsoid`() {
        // A degree of latitude and of longitude by the radii of curvature, which the plane does not use.
        for latitude in [-80.0, -33, 0, 49.4875, 70] {
            let (a, e2) = (6_378_137.0, 0.006_694_379_990_14)
            let phi = latitude * .pi / 180
            let w = (1 - e2 * sin(phi) * sin(phi)).squareRoot()
            let (north, east) = (a * (1 - e2) / (w * w * w) * .pi / 180, a / w * cos(phi) * .pi / 180)
            let plane = TangentPlane(latitude: latitude, longitude: 20)
            let up = plane.coordinate(GroundPoint(east: 0, north: 1000))
            #expect(abs((up.latitude - latitude) * north - 1000) < 0.1)
            let across = plane.coordinate(GroundPoint(east: 1000, north: 0))
            #expect(abs((across.longitude - 20) * east - 1000) < 0.01)
            let there = plane.coordinate(GroundPoint(east: 0, north: 0))
            #expect(there == Coordinate(latitude: latitude, longitude: 20))
        }
    }

    @Test(
        "Across the antimeridian a footprint is two polygons, and its bounds go round",
        arguments: [179.9999, -179.9999, 180])
    func antimeridian(lon: Double) throws {
        let camera = CameraTelemetry.pose(lat: -16.5, lon: lon, yaw: 30, pitch: -90, fov: 60)
        let footprint = Footprint(try GroundView(camera, width: 1000, height: 800))
        #expect(footprint.crosses)
        let bounds = footprint.bounds
        #expect(bounds.west > 179.99 && bounds.east < -179.99 && bounds.south < -16.5 && bounds.north > -16.5)
        let parts = footprint.geometry.parts
        #expect(parts.count == 2)
        #expect(parts[0][0].allSatisfy { $0.longitude > 179.99 && $0.longitude <= 180 })
        #expect(parts[1][0].allSatisfy { $0.longitude >= -180 && $0.longitude < -179.99 })
        // Together they are as large as the same footprint elsewhere, and wind the same way.
        let inland = CameraTelemetry.pose(lat: -16.5, lon: 20, yaw: 30, pitch: -90, fov: 60)
        let whole = Footprint(try GroundView(inland, width: 1000, height: 800)).geometry
        let area = parts.map { Self.area($0[0]) }.reduce(0, +)
        #expect(parts.allSatisfy { Self.area($0[0]) > 0 })
        #expect(abs(area / Self.area(whole.parts[0][0]) - 1) < 1e-3)
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(footprint.geometry)) as? [String: Any]
        #expect(json?["type"] as? String == "MultiPolygon")
    }

    @Test func `elsewhere it is one closed ring, counter-clockwise from the top left`() throws {
        let camera = CameraTelemetry.pose(yaw: 0, pitch: -90, fov: 60)
        let footprint = Footprint(try GroundView(camera, width: 1000, height: 800))
        #expect(!footprint.crosses)
        let ring = footprint.geometry.parts[0][0]
        #expect(ring.count == 5 && ring.first == ring.last && Self.area(ring) > 0)
        #expect(ring[0].latitude == footprint.bounds.north && ring[0].longitude == footprint.bounds.west)
        #expect(ring[2].latitude == footprint.bounds.south && ring[2].longitude == footprint.bounds.east)
    }

    @Test func `a hole beyond the antimeridian goes with its part`() {
        func ring(_ west: Double, _ east: Double, _ south: Double, _ north: Double) -> [Coordinate] {
            [(west, north), (west, south), (east, south), (east, north)].map {
                Coordinate(latitude: $0.1, longitude: $0.0)
            }
        }
        let polygon = GeoPolygon(rings: [
            ring(179.99, -179.99, 0, 0.02), ring(-179.996, -179.994, 0.005, 0.01).reversed(),
        ])
        #expect(polygon.parts.map(\.count) == [1, 2])
    }

    /// In square degrees; positive where it is counter-clockwise.
    private static func area(_ ring: [Coordinate]) -> Double {
        zip(ring, ring.dropFirst()).reduce(0) {
            $0 + ($1.0.longitude * $1.1.latitude - $1.1.longitude * $1.0.latitude) / 2
        }
    }
}
