import ArgumentParser
import Foundation

struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send a folder of pictures, or a video, to a server.",
        discussion: """
            A folder's pictures are sent in natural order. If it has a flight.jsonl, as "windhover simulate" writes it, \
            times and positions are taken from there; what JPEGs say of themselves (EXIF, DJI's XMP) the server reads. A video is decoded by ffmpeg. Interrupted uploads are repeated \
            safely: the server runs no frame twice.
            """)

    @Argument(help: "A folder of .jpg or .png files, or a video file.")
    var source: String

    @OptionGroup var client: ClientOptions
    @OptionGroup var stream: StreamOptions
    @OptionGroup var camera: TelemetryOptions

    @Option(
        help: """
            Send so many frames a second, and space their times so. Without it frames go as fast as the server takes \
            them, with times of flight.jsonl or of the pictures (EXIF), or 10 a second.
            """)
    var fps: Double?

    @Flag(help: "Send the homographies of flight.jsonl, so that the server need not register frames.")
    var useHomography = false

    @Option(help: "Send no more than so many frames.")
    var limit: Int?

    func validate() throws {
        if let fps, fps <= 0 { throw ValidationError("--fps must be positive") }
        if let limit, limit <= 0 { throw ValidationError("--limit must be positive") }
    }

    func run() async throws {
        let frames = try camera.attached(to: open())
        let sender = try FrameSender(client, options: stream, pace: fps)
        try await client.explaining { try await sender.run(frames) }
    }

    private func open() throws -> any FrameSource {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
            throw ValidationError("there is no \(source)")
        }
        let url = URL(fileURLWithPath: source)
        if isFolder.boolValue {
            return try FolderSource(url, fps: fps, usesHomography: useHomography, limit: limit)
        }
        guard !useHomography else { throw ValidationError("a video has no homographies to use") }
        return try VideoSource(url, fps: fps, limit: limit)
    }
}
