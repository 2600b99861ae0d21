import Foundation
import Telemetry
import WindhoverClient

/// Frames of another source, with what a log says of each.
actor TrackedSource: FrameSource {
    nonisolated let count: Int?
    private let source: any FrameSource
    private let track: TelemetryTrack?
    private let options: TelemetryOptions
    private var index = 0
    private var first: Date?
    /// Pictures of which the log told something.
    private var found = 0

    init(_ source: any FrameSource, track: TelemetryTrack?, options: TelemetryOptions) {
        count = source.count
        self.source = source
        self.track = track
        self.options = options
    }

    func next() async throws -> SourceFrame? {
        guard var frame = try await source.next() else {
            if track != nil, index > 0, found == 0 {
                Terminal.say("\(options.telemetry ?? "") tells nothing of these pictures: of other names, or times")
            }
            return nil
        }
        defer { index += 1 }
        let taken = frame.upload.capturedAt ?? frame.timeOfPicture
        if first == nil { first = taken }
        let elapsed = taken.flatMap { time in first.map { time.timeIntervalSince($0) } } ?? 0
        if let start = options.start { frame.upload.capturedAt = start.date.addingTimeInterval(elapsed) }

        let moment = TelemetryTrack.Moment(
            name: frame.name, index: index, elapsed: elapsed + options.telemetryOffset,
            capturedAt: (options.start.map { _ in frame.upload.capturedAt } ?? taken)?
                .addingTimeInterval(options.telemetryOffset))
        if let told = track?.source(of: moment) {
            frame.upload.telemetry = FrameTelemetry(told, over: frame.upload.telemetry)
            frame.upload.isFromSidecar = true
            found += 1
        }
        var telemetry = frame.upload.telemetry ?? FrameTelemetry()
        if telemetry.fovHDeg == nil, telemetry.fovVDeg == nil, telemetry.focal35mm == nil {
            telemetry.fovHDeg = options.fov
        }
        frame.upload.telemetry = telemetry
        frame.upload.assumesNadir = options.assumeNadir
        return frame
    }
}

extension SourceFrame {
    /// What the picture itself says.
    var timeOfPicture: Date? {
        PictureMetadata.sources(in: [UInt8](upload.image)).lazy.compactMap(\.capturedAt).first
    }
}

extension FrameTelemetry {
    /// What a log tells, and where it is silent, what was known before.
    init(_ told: TelemetrySource, over known: FrameTelemetry?) {
        func value(_ value: TelemetryValue, _ known: Double?) -> Double? { told.values[value] ?? known }
        // A place, and a field of view, are one source's whole.
        let hasPlace = told.values[.latitude] != nil
        let view = [TelemetryValue.horizontalFieldOfView, .verticalFieldOfView].contains { told.values[$0] != nil }
        let hasView = view || told.focalLength35mm != nil
        self.init(
            lat: hasPlace ? told.values[.latitude] : known?.lat, lon: hasPlace ? told.values[.longitude] : known?.lon,
            altM: value(.altitude, known?.altM), aglM: value(.heightAboveGround, known?.aglM),
            headingDeg: value(.heading, known?.headingDeg), gimbalYawDeg: value(.gimbalYaw, known?.gimbalYawDeg),
            gimbalPitchDeg: value(.gimbalPitch, known?.gimbalPitchDeg),
            gimbalRollDeg: value(.gimbalRoll, known?.gimbalRollDeg),
            fovHDeg: hasView ? told.values[.horizontalFieldOfView] : known?.fovHDeg,
            fovVDeg: hasView ? told.values[.verticalFieldOfView] : known?.fovVDeg,
            focal35mm: hasView ? (view ? nil : told.focalLength35mm) : known?.focal35mm,
            speedMps: value(.speed, known?.speedMps))
    }
}
