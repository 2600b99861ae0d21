import Foundation

/// A plane that touches the earth at a place: metres east and north of it, and back to degrees.
///
/// Exact on the ellipsoid of WGS 84, through earth-centred coordinates; so nothing happens at the antimeridian. The plane
/// itself leaves the ellipsoid by the square of the distance over twice its radius, 2 m at 5 km, which moves nothing
/// sideways by more than millimetres.
package struct TangentPlane: Sendable, Equatable {
    /// Degrees WGS 84.
    package let latitude: Double
    package let longitude: Double
    /// Metres above the ellipsoid.
    package let height: Double

    private static let semiMajorAxis = 6_378_137.0
    private static let flattening = 1 / 298.257_223_563
    private static let eccentricity2 = flattening * (2 - flattening)

    private let origin: SIMD3<Double>
    private let east: SIMD3<Double>
    private let north: SIMD3<Double>

    package init(latitude: Double, longitude: Double, height: Double = 0) {
        self.latitude = latitude
        self.longitude = longitude
        self.height = height
        let (phi, lambda) = (latitude * .pi / 180, longitude * .pi / 180)
        let (sinPhi, cosPhi, sinLambda, cosLambda) = (sin(phi), cos(phi), sin(lambda), cos(lambda))
        let curvature = Self.semiMajorAxis / (1 - Self.eccentricity2 * sinPhi * sinPhi).squareRoot()
        origin = SIMD3(
            (curvature + height) * cosPhi * cosLambda, (curvature + height) * cosPhi * sinLambda,
            (curvature * (1 - Self.eccentricity2) + height) * sinPhi)
        east = SIMD3(-sinLambda, cosLambda, 0)
        north = SIMD3(-sinPhi * cosLambda, -sinPhi * sinLambda, cosPhi)
    }

    /// Degrees of a point of the plane, metres east and north of where it touches; longitude in −180…180.
    package func coordinate(_ point: GroundPoint) -> Coordinate {
        let place = origin + east * point.east + north * point.north
        let (a, e2) = (Self.semiMajorAxis, Self.eccentricity2)
        let distance = (place.x * place.x + place.y * place.y).squareRoot()
        // B. R. Bowring, Transformation from spatial to geographical coordinates, Survey Review 23 (181), 1976: one step
        // is good to a thousandth of a millimetre near the earth.
        let b = a * (1 - Self.flattening)
        let reduced = atan2(place.z * a, distance * b)
        let (sine, cosine) = (sin(reduced), cos(reduced))
        let phi = atan2(
            place.z + e2 / (1 - e2) * b * sine * sine * sine, distance - e2 * a * cosine * cosine * cosine)
        return Coordinate(latitude: phi * 180 / .pi, longitude: atan2(place.y, place.x) * 180 / .pi)
    }
}

/// Metres east and north of a place.
package struct GroundPoint: Sendable, Equatable {
    package var east: Double
    package var north: Double

    package init(east: Double, north: Double) {
        self.east = east
        self.north = north
    }
}

/// Degrees WGS 84, rounded to a millimetre.
package struct Coordinate: Sendable, Equatable {
    package var latitude: Double
    package var longitude: Double

    package init(latitude: Double, longitude: Double) {
        self.latitude = (latitude * 1e8).rounded() / 1e8
        self.longitude = (longitude * 1e8).rounded() / 1e8
    }
}
