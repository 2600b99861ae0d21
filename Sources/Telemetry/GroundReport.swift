/// What is stored of a frame's telemetry, and the ground it shows.
package struct GroundReport: Sendable, Equatable {
    /// Nil where nobody said anything.
    package let telemetry: CameraTelemetry?
    package let footprint: Footprint?
    /// Why there is no footprint, where there is telemetry.
    package let obstacle: GroundView.Obstacle?

    /// - Parameters:
    ///   - sources: The earlier counts.
    ///   - width: Pixels of the upright frame.
    package init(_ sources: [TelemetrySource], width: Int, height: Int) {
        let camera = CameraTelemetry(sources, width: width, height: height)
        guard !camera.isEmpty else {
            (telemetry, footprint, obstacle) = (nil, nil, nil)
            return
        }
        telemetry = camera
        do throws(GroundView.Obstacle) {
            footprint = Footprint(try GroundView(camera, width: width, height: height))
            obstacle = nil
        } catch {
            footprint = nil
            obstacle = error
        }
    }
}
