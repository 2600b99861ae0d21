import Dispatch
import Foundation
import Imaging
import WindhoverClient

/// The frames of a video file, decoded by the system's ffmpeg into a pipe.
///
/// The pipe holds ffmpeg back when the server is slower than the video.
actor VideoSource: FrameSource {
    nonisolated let count: Int? = nil
    private let process = Process()
    private let pipe = Pipe()
    private let clock: FrameClock
    private let queue = DispatchQueue(label: "windhover.video")
    private var splitter = JPEGSplitter()
    private var index = 0

    /// - Parameter fps: Frames taken from each second of video; nil takes 10.
    init(_ file: URL, fps: Double?, limit: Int?) throws {
        guard let ffmpeg = Self.find("ffmpeg") else {
            throw Failure(
                """
                ffmpeg is needed to read \(file.lastPathComponent), and is not installed. Install it (Debian and Ubuntu: \
                apt-get install ffmpeg; macOS: brew install ffmpeg), or send a folder of pictures.
                """)
        }
        clock = FrameClock(fps: fps ?? 10)
        process.executableURL = ffmpeg
        // Told how many are wanted, ffmpeg ends by itself instead of complaining of a closed pipe.
        process.arguments =
            ["-v", "error", "-nostdin", "-i", file.path, "-map", "0:v:0", "-vf", "fps=\(clock.fps)"]
            + (limit.map { ["-frames:v", "\($0)"] } ?? [])
            + ["-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "2", "-"]
        process.standardOutput = pipe
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
    }

    func next() async throws -> SourceFrame? {
        while true {
            if let image = splitter.next().map({ Data($0) }) {
                defer { index += 1 }
                return SourceFrame(
                    name: "frame-" + String(index).padded(to: 6, with: "0"),
                    upload: FrameUpload(image: image, capturedAt: clock.time(index)))
            }
            guard let chunk = await read() else {
                process.waitUntilExit()
                guard process.terminationStatus == 0 else {
                    throw Failure("ffmpeg could not read the video (exit status \(process.terminationStatus))")
                }
                guard splitter.isEmpty else { throw Failure("the video breaks off in the middle of a frame") }
                return nil
            }
            splitter.append(chunk)
        }
    }

    /// What ffmpeg has written, waited for on a thread that may block; nil at the end.
    private func read() async -> Data? {
        let handle = pipe.fileHandleForReading
        return await withCheckedContinuation { continuation in
            queue.async {
                // `read(upToCount:)` would wait until there is as much: frames of a slow source would come late.
                let chunk = handle.availableData
                continuation.resume(returning: chunk.isEmpty ? nil : chunk)
            }
        }
    }

    private static func find(_ program: String) -> URL? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .map { URL(fileURLWithPath: String($0)).appending(path: program) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }
}
