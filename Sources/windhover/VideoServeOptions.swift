import ArgumentParser
import Foundation
import Videos

/// What `serve` lets video files take.
struct VideoServeOptions: ParsableArguments {
    @Option(help: "Video files that are run at once; the others wait.")
    var videoJobs = 1

    @Option(help: "Largest video file, MiB.")
    var maxVideo = 8192

    @Option(help: "Disk for all video files together, overlays among them, MiB.")
    var videoSpace = 32_768

    @Option(help: "Hours that an upload may rest before it is given up.")
    var videoExpiry = 24

    @Option(help: "Seconds that ffmpeg may give no sign of life.")
    var videoPatience = 60

    @Option(help: "Address space of ffmpeg, MiB.")
    var videoMemory = 2048

    func validate() throws {
        func positive(_ value: Int, _ name: String, to high: Int = Int(Int32.max)) throws {
            guard (1...high).contains(value) else {
                throw ValidationError("--\(name) must be 1 to \(high), not \(value)")
            }
        }
        try positive(videoJobs, "video-jobs", to: 64)
        try positive(maxVideo, "max-video")
        try positive(videoSpace, "video-space")
        try positive(videoExpiry, "video-expiry", to: 8760)
        try positive(videoPatience, "video-patience", to: 86_400)
        try positive(videoMemory, "video-memory")
    }

    /// `data`: the server's data folder.
    func settings(data: URL, maxPixels: Int) -> VideoSettings {
        var settings = VideoSettings(folder: data.appending(path: "videos"))
        settings.jobs = videoJobs
        settings.maxBytes = maxVideo << 20
        settings.space = videoSpace << 20
        settings.expiry = .seconds(videoExpiry * 3600)
        settings.patience = .seconds(videoPatience)
        settings.memory = videoMemory << 20
        settings.maxPixels = maxPixels
        return settings
    }
}
