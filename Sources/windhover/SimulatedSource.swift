import Foundation
import Imaging
import Simulation
import WindhoverClient

/// The frames of a simulated flight, drawn when they are asked for.
actor SimulatedSource: FrameSource {
    nonisolated let count: Int?
    private let flight: SimulatedFlight
    private let usesHomography: Bool
    private var index = 0

    init(_ flight: SimulatedFlight, frames: Int, usesHomography: Bool) {
        self.flight = flight
        self.usesHomography = usesHomography
        count = frames
    }

    func next() throws -> SourceFrame? {
        guard let count, index < count else { return nil }
        defer { index += 1 }
        let simulated = flight.frame(index)
        let telemetry = simulated.telemetry
        return SourceFrame(
            name: String(index).padded(to: 6, with: "0"),
            upload: FrameUpload(
                image: Data(try simulated.frame.jpegData(quality: 90)), capturedAt: telemetry.capturedAt,
                telemetry: FrameTelemetry(
                    lat: telemetry.latitude, lon: telemetry.longitude, altM: telemetry.altitude,
                    aglM: telemetry.altitude, headingDeg: telemetry.heading, gimbalYawDeg: telemetry.heading,
                    gimbalPitchDeg: telemetry.pitch, gimbalRollDeg: telemetry.roll, fovHDeg: telemetry.fieldOfView,
                    speedMps: telemetry.speed),
                // The first frame has nothing to be registered to.
                homography: usesHomography && index > 0 ? simulated.homography : nil),
            labels: simulated.labels)
    }
}
