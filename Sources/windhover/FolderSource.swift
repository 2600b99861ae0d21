import Foundation
import Simulation
import WindhoverClient

/// The pictures of a folder in natural order (2 before 10), with what its `flight.jsonl` says of them.
actor FolderSource: FrameSource {
    nonisolated let count: Int?
    private let files: [URL]
    private let log: [String: Logged]
    private let clock: FrameClock
    private let keepsTime: Bool
    private let usesHomography: Bool
    private var index = 0

    /// A line of the flight log, and the picture of the line before it.
    private struct Logged {
        let entry: FlightLogEntry
        let previous: String?
    }

    /// - Parameters:
    ///   - fps: Spaces the frames in time; nil leaves them the times of the log, or their own, or 10 a second.
    ///   - usesHomography: Whether the log's homographies are sent.
    init(_ folder: URL, fps: Double?, usesHomography: Bool, limit: Int?) throws {
        // Where frames lie in a folder of their own, as `windhover simulate` writes them, either folder will do.
        let inner = folder.appending(path: "frames")
        let pictures = try Self.pictures(in: folder) + ((try? Self.pictures(in: inner)) ?? [])
        guard !pictures.isEmpty else {
            throw Failure("\(folder.path) holds no pictures (.jpg, .jpeg or .png)")
        }
        var log: [String: Logged] = [:]
        for place in [folder, folder.deletingLastPathComponent()] where log.isEmpty {
            let file = place.appending(path: "flight.jsonl")
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
            var previous: String?
            for entry in try FlightLogEntry.parse(text) {
                let picture = place.appending(path: entry.file).standardizedFileURL.path
                log[picture] = Logged(entry: entry, previous: previous)
                previous = picture
            }
        }
        guard !usesHomography || !log.isEmpty else {
            throw Failure("--use-homography needs a flight.jsonl beside the pictures; \(folder.path) has none")
        }
        files = Array(pictures.prefix(limit ?? .max))
        count = files.count
        self.log = log
        clock = FrameClock(fps: fps ?? 10)
        keepsTime = fps == nil
        self.usesHomography = usesHomography
    }

    private static func pictures(in folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { ["jpg", "jpeg", "png"].contains($0.pathExtension.lowercased()) }
            .sorted { $0.lastPathComponent.compare($1.lastPathComponent, options: .numeric) == .orderedAscending }
    }

    func next() throws -> SourceFrame? {
        guard index < files.count else { return nil }
        defer { index += 1 }
        let file = files[index]
        let logged = log[file.standardizedFileURL.path]
        let entry = logged?.entry
        // The log's homography leads from its previous line's picture, which need not be the one sent before.
        let follows = index > 0 && logged?.previous == files[index - 1].standardizedFileURL.path
        let telemetry = entry.map {
            FrameTelemetry(
                lat: $0.lat, lon: $0.lon, altM: $0.altM, aglM: $0.aglM, headingDeg: $0.headingDeg,
                gimbalYawDeg: $0.gimbalYawDeg, gimbalPitchDeg: $0.gimbalPitchDeg ?? $0.pitchDeg,
                gimbalRollDeg: $0.gimbalRollDeg, fovHDeg: $0.fovHDeg, speedMps: $0.speedMps)
        }
        var frame = SourceFrame(
            name: file.lastPathComponent,
            upload: FrameUpload(
                image: try Data(contentsOf: file), capturedAt: keepsTime ? entry?.capturedAt : nil,
                telemetry: telemetry, isFromSidecar: entry != nil,
                homography: usesHomography && follows ? entry?.homography : nil))
        // A picture that knows when it was taken tells the server itself.
        if frame.upload.capturedAt == nil, !keepsTime || frame.timeOfPicture == nil {
            frame.upload.capturedAt = clock.time(index)
        }
        return frame
    }
}
