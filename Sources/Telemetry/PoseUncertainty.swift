/// How well a pose is taken to be known: standard deviations, assumed and not measured.
///
/// A place on the ground is moved
/// - along the line of sight by (h² + r²) / h · τ, and across it by √(h² + r²) · τ, h being the height and r the distance
///   from the point below the camera, where τ² = tilt² + (field of view · angle off the axis)²;
/// - around the point below the camera by r · heading;
/// - outward by r / h · height, the ground's not being flat included;
/// - anywhere by the position's own error.
///
/// The error is the root of the sum of their squares: the first order of the projection, what surveyors call DRMS. Two of
/// three places are closer to the truth. It holds for the ground: what stands on it leans by its height · r / h.
package struct PoseUncertainty: Sendable, Equatable {
    /// Metres, in each of the two directions: satellites without corrections.
    package var position = 1.5
    /// Metres: barometers drift, and the ground is not as high as where the flight began.
    package var height: Double
    /// Radians, of a gimbal's pitch and of its roll.
    package var tilt = 0.5 * Double.pi / 180
    /// Radians: compasses are disturbed.
    package var heading = 2 * Double.pi / 180
    /// A part of the angle off the axis: lenses are distorted, and videos cropped.
    package var fieldOfView = 0.01

    package init(_ camera: CameraTelemetry) {
        height = max(1, 0.03 * (camera[.heightAboveGround] ?? 0))
        // A camera that is fixed to the aircraft leans with it.
        if camera.origin(of: .gimbalPitch) == .assumed { tilt = 10 * Double.pi / 180 }
        // The nose need not point where the camera looks.
        if camera[.gimbalYaw] == nil { heading = 5 * Double.pi / 180 }
    }

    /// Metres; `distance` is from the point below the camera, `offAxis` in radians.
    func error(distance: Double, height above: Double, offAxis: Double) -> Double {
        let slant2 = above * above + distance * distance
        let turn = (tilt * tilt + fieldOfView * fieldOfView * offAxis * offAxis).squareRoot()
        let along = slant2 / above * turn
        let across2 = slant2 * turn * turn
        let around = distance * heading
        let outward = distance / above * height
        return (along * along + across2 + around * around + outward * outward + 2 * position * position).squareRoot()
    }
}
