import Foundation

/// A pinhole camera above the ground plane.
struct Camera: Sendable {
    /// Metres east and north of the world's origin, and above ground.
    var x: Double
    var y: Double
    var height: Double
    /// Degrees clockwise from north.
    var heading: Double
    /// Degrees above the horizon; −90 looks straight down.
    var pitch: Double
    /// Degrees clockwise.
    var roll: Double
    /// Horizontal, degrees.
    var fieldOfView: Double

    /// From ground (metres east and north of the world's origin) to pixels, with pixel centres on integers.
    func groundToImage(width: Int, height imageHeight: Int) -> Matrix3 {
        let yaw = heading * .pi / 180
        let tilt = pitch * .pi / 180
        let bank = roll * .pi / 180
        let forward = SIMD3(sin(yaw) * cos(tilt), cos(yaw) * cos(tilt), sin(tilt))
        let level = SIMD3(cos(yaw), -sin(yaw), 0)
        let down = Matrix3.cross(forward, level)
        let right = level * cos(bank) + down * sin(bank)
        let below = down * cos(bank) - level * sin(bank)
        let place = SIMD3(x, y, height)

        let focal = Double(width) / 2 / tan(fieldOfView * .pi / 360)
        let cx = Double(width - 1) / 2
        let cy = Double(imageHeight - 1) / 2
        // K [r1 r2 t]: the third column of the rotation meets z = 0 and drops out.
        func row(_ axis: SIMD3<Double>) -> SIMD3<Double> { SIMD3(axis.x, axis.y, -(axis * place).sum()) }
        return Matrix3(row(right) * focal + row(forward) * cx, row(below) * focal + row(forward) * cy, row(forward))
    }
}
