import Foundation
import Subprocess
import Synchronization

/// Makes an MP4 of JPEGs, by a process of the system's ffmpeg.
struct OverlayEncoder: Sendable {
    let tools: VideoTools
    let settings: VideoSettings

    /// Writes a file whose frames are what `next` gives until it gives nil; at the end it has another name.
    ///
    /// - Parameters:
    ///   - rate: Frames a second.
    ///   - limit: Bytes.
    func encode(
        to file: URL, rate: Double, limit: Int, _ next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws {
        guard let first = try await next() else { throw VideoFailure("There is no frame to make an overlay of.") }
        let part = file.deletingLastPathComponent().appending(path: "overlay.part.mp4")
        try? FileManager.default.removeItem(at: part)
        let child = ChildProgram(
            program: tools.ffmpeg, arguments: arguments(part.lastPathComponent, rate: rate, encoder: await encoder()),
            cpuSeconds: 24 * 3600, memory: settings.memory, fileBytes: limit,
            folder: file.deletingLastPathComponent().path)
        let words = Mutex(LastWords())
        let patience = settings.patience
        let result = try await run(
            child.configuration, input: .inputWriter, output: .discarded, error: .sequence
        ) { execution in
            let watch = Watch(patience: patience)
            try await watch.attend(execution.standardError, line: { line in words.withLock { $0.append(line) } }) {
                let writer = execution.standardInputWriter
                var picture: [UInt8]? = first
                while let jpeg = picture {
                    let written = try await watch.waiting { try await writer.write(jpeg) }
                    // It has ended before its time; its exit status says why.
                    guard written == jpeg.count else { return }
                    picture = try await next()
                }
                try await writer.finish()
            }
        }
        try Task.checkCancellation()
        guard result.terminationStatus.isSuccess else {
            try? FileManager.default.removeItem(at: part)
            let why = words.withLock { $0.text } ?? result.terminationStatus.words
            throw VideoFailure("The overlay could not be made: \(why)")
        }
        try? FileManager.default.removeItem(at: file)
        try FileManager.default.moveItem(at: part, to: file)
    }

    private func arguments(_ file: String, rate: Double, encoder: [String]) -> [String] {
        ChildProgram.quiet + [
            "-nostdin", "-f", "image2pipe", "-c:v", "mjpeg", "-framerate", "\(rate)", "-i", "pipe:0",
            // H.264 takes even sizes; browsers take 4:2:0.
            "-vf", "scale=trunc(iw/2)*2:trunc(ih/2)*2,format=yuv420p", "-threads", "2",
        ] + encoder + ["-movflags", "+faststart", "-f", "mp4", "-y", file]
    }

    /// H.264 where this ffmpeg has it, which browsers show; else MPEG-4, which every ffmpeg has.
    private func encoder() async -> [String] {
        let child = ChildProgram(
            program: tools.ffmpeg, arguments: ["-v", "error", "-h", "encoder=libx264"], cpuSeconds: 60,
            memory: settings.memory, folder: "/")
        let told = try? await withDeadline(.seconds(60)) {
            try await run(child.configuration, output: .string(limit: 1 << 20), error: .discarded)
        }
        return told?.standardOutput.contains("Encoder libx264") == true
            ? ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23"] : ["-c:v", "mpeg4", "-q:v", "4"]
    }
}
