import Foundation

/// What video files may take of the machine.
package struct VideoSettings: Sendable {
    /// Where the files lie, in a folder each.
    package var folder: URL
    /// Bytes of one file.
    package var maxBytes = 8 << 30
    /// Bytes of all files together, overlays among them.
    package var space = 32 << 30
    /// Bytes of the disk that are left to others.
    package var reserve = 512 << 20
    /// Files that are run at once.
    package var jobs = 1
    /// Pixels of a frame.
    package var maxPixels = 50_000_000
    /// How long an upload may rest before it is given up.
    package var expiry: Duration = .seconds(24 * 3600)
    /// How long a decoder may give no sign of life.
    package var patience: Duration = .seconds(60)
    /// Address space of ffmpeg, bytes.
    package var memory = 2 << 30
    /// Between two events of a job's progress.
    package var tellEvery: Duration = .seconds(2)
    /// Where ffmpeg and ffprobe are; nil: not here.
    package var tools: VideoTools?

    package init(folder: URL, tools: VideoTools? = .find()) {
        self.folder = folder
        self.tools = tools
    }

    /// No video files.
    package static let none = VideoSettings(folder: URL(fileURLWithPath: "/dev/null"), tools: nil)
}

/// The system's ffmpeg and ffprobe.
package struct VideoTools: Sendable, Equatable {
    package var ffmpeg: String
    package var ffprobe: String

    package init(ffmpeg: String, ffprobe: String) {
        self.ffmpeg = ffmpeg
        self.ffprobe = ffprobe
    }

    /// Those that a shell would find; nil where one is missing.
    package static func find(
        path: String = ProcessInfo.processInfo.environment["PATH"] ?? ""
    ) -> VideoTools? {
        func program(_ name: String) -> String? {
            path.split(separator: ":").map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
        }
        guard let ffmpeg = program("ffmpeg"), let ffprobe = program("ffprobe") else { return nil }
        return VideoTools(ffmpeg: ffmpeg, ffprobe: ffprobe)
    }
}
