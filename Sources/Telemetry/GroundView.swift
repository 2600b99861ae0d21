import Foundation

/// A camera over flat ground: where on it each pixel lies.
///
/// The ground is a plane at the height told below the camera. What stands on it (roofs, crowns of trees) is therefore
/// drawn where its picture covers the ground, leaning away from the camera.
package struct GroundView: Sendable, Equatable {
    /// Of the frame, upright.
    package let width: Int
    package let height: Int
    /// Touches the ground below the camera.
    package let plane: TangentPlane
    /// Metres above the ground.
    package let heightAboveGround: Double
    package let uncertainty: PoseUncertainty

    /// East, north, up: the line of sight, and a pixel's step to the right and down at distance 1.
    private let forward: SIMD3<Double>
    private let right: SIMD3<Double>
    private let below: SIMD3<Double>

    /// Why pixels cannot be laid on the ground.
    package enum Obstacle: String, Error, Sendable, CaseIterable {
        case noPosition = "no-position"
        case noHeightAboveGround = "no-altitude-above-ground"
        /// At or below ground level: nothing is known of what it sees.
        case onTheGround = "on-the-ground"
        case noGimbal = "no-gimbal"
        case noHeading = "no-heading"
        case noFieldOfView = "no-field-of-view"
        case horizonInView = "horizon-in-view"
        /// Ground is in view that is farther than `reach`.
        case tooOblique = "too-oblique"
        case nearPole = "near-pole"
    }

    /// Metres from the point below the camera: beyond it a degree of tilt is hundreds of metres, and the earth not flat.
    package static let reach = 5000.0
    /// Degrees: closer to a pole longitudes mean little.
    static let highestLatitude = 89.0

    /// - Throws: Why it is not known where pixels lie.
    package init(_ camera: CameraTelemetry, width: Int, height: Int) throws(Obstacle) {
        guard let latitude = camera[.latitude], let longitude = camera[.longitude] else { throw .noPosition }
        guard let above = camera[.heightAboveGround] else { throw .noHeightAboveGround }
        guard above > 0 else { throw .onTheGround }
        guard let pitch = camera[.gimbalPitch] else { throw .noGimbal }
        guard let yaw = camera[.gimbalYaw] ?? camera[.heading] else { throw .noHeading }
        guard let horizontal = camera[.horizontalFieldOfView], let vertical = camera[.verticalFieldOfView] else {
            throw .noFieldOfView
        }
        guard abs(latitude) <= Self.highestLatitude else { throw .nearPole }
        self.width = width
        self.height = height
        heightAboveGround = above
        plane = TangentPlane(
            latitude: latitude, longitude: longitude, height: camera[.altitude].map { $0 - above } ?? 0)
        uncertainty = PoseUncertainty(camera)

        // Yaw about the vertical, then pitch, then roll (Z-Y-X). A gimbal whose roll nobody tells is level.
        func radians(_ degrees: Double) -> Double { degrees * .pi / 180 }
        let (turn, tilt, bank) = (radians(yaw), radians(pitch), radians(camera[.gimbalRoll] ?? 0))
        let sight = SIMD3(sin(turn) * cos(tilt), cos(turn) * cos(tilt), sin(tilt))
        let level = SIMD3(cos(turn), -sin(turn), 0)
        let down = SIMD3(sin(turn) * sin(tilt), cos(turn) * sin(tilt), -cos(tilt))
        forward = sight
        right = (level * cos(bank) + down * sin(bank)) * (2 * tan(radians(horizontal / 2)) / Double(width))
        below = (down * cos(bank) - level * sin(bank)) * (2 * tan(radians(vertical / 2)) / Double(height))

        // A pixel's height over the horizon is linear in its place: no pixel sees what no corner sees.
        let corners = Self.corners(width, height).map { ray($0.x, $0.y) }
        guard corners.allSatisfy({ $0.z < 0 }) else { throw .horizonInView }
        guard corners.allSatisfy({ Self.distance($0, above) <= Self.reach }) else { throw .tooOblique }
    }

    /// The ground at a place of the frame; (0, 0) is the top left corner of the top left pixel.
    package func ground(_ x: Double, _ y: Double) -> GroundPoint {
        let ray = ray(x, y)
        let length = -heightAboveGround / ray.z
        return GroundPoint(east: ray.x * length, north: ray.y * length)
    }

    /// How far off the truth the ground at a place may be, metres: see `PoseUncertainty`.
    package func error(_ x: Double, _ y: Double) -> Double {
        let ray = ray(x, y)
        let offAxis = acos(min(1, (ray * forward).sum() / (ray * ray).sum().squareRoot()))
        return uncertainty.error(
            distance: Self.distance(ray, heightAboveGround), height: heightAboveGround, offAxis: offAxis)
    }

    /// The frame's corners, counter-clockwise as seen on the screen, and so on the map.
    static func corners(_ width: Int, _ height: Int) -> [(x: Double, y: Double)] {
        let (right, bottom) = (Double(width), Double(height))
        return [(0, 0), (0, bottom), (right, bottom), (right, 0)]
    }

    private func ray(_ x: Double, _ y: Double) -> SIMD3<Double> {
        forward + right * (x - Double(width) / 2) + below * (y - Double(height) / 2)
    }

    /// From the point below the camera to where a ray meets the ground.
    private static func distance(_ ray: SIMD3<Double>, _ height: Double) -> Double {
        (ray.x * ray.x + ray.y * ray.y).squareRoot() / -ray.z * height
    }
}
