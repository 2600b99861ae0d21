import Foundation
import Subprocess

/// What a container says of its video, before a frame is decoded; it may lie.
struct VideoProbe: Sendable, Equatable {
    var width: Int
    var height: Int
    /// Frames in the file, where it says so; else estimated.
    var frames: Int?
    /// Frames a second, on average.
    var rate: Double?
    /// Seconds.
    var duration: Double?
    /// When it was taken.
    var creation: Date?

    /// Frames that will be run: an estimate.
    func total(every: Int, fps: Double?) -> Int? {
        if let fps, let duration, (rate ?? .infinity) > fps { return max(1, Int((duration * fps).rounded(.up))) }
        return frames.map { ($0 + every - 1) / every }
    }

    /// Throws `VideoFailure` where there is no video that could be run.
    static func read(_ file: URL, as container: VideoContainer, settings: VideoSettings, tools: VideoTools)
        async throws -> VideoProbe
    {
        let child = ChildProgram(
            program: tools.ffprobe,
            arguments: ChildProgram.quiet + [
                "-f", container.demuxer, "-select_streams", "V:0", "-show_entries",
                "stream=width,height,nb_frames,avg_frame_rate,duration:format=duration:format_tags=creation_time",
                "-of", "json", file.lastPathComponent,
            ],
            cpuSeconds: 60, memory: settings.memory, folder: file.deletingLastPathComponent().path)
        let result = try await withDeadline(.seconds(60)) {
            try await run(child.configuration, output: .bytes(limit: 1 << 20), error: .bytes(limit: 1 << 20))
        }
        guard let result else { throw VideoFailure("The file could not be looked at: ffprobe gave no answer.") }
        var words = LastWords()
        for line in String(decoding: result.standardError, as: UTF8.self).split(whereSeparator: \.isNewline) {
            words.append(line)
        }
        guard result.terminationStatus.isSuccess else {
            throw VideoFailure("The file cannot be read: \(words.text ?? result.terminationStatus.words)")
        }
        return try VideoProbe(json: result.standardOutput, maxPixels: settings.maxPixels)
    }

    init(json: [UInt8], maxPixels: Int) throws(VideoFailure) {
        let document = (try? JSONSerialization.jsonObject(with: Data(json))) as? [String: Any] ?? [:]
        guard let stream = (document["streams"] as? [[String: Any]])?.first else {
            throw VideoFailure("There is no video in the file.")
        }
        guard let width = stream["width"] as? Int, let height = stream["height"] as? Int, width > 0, height > 0 else {
            throw VideoFailure("The file does not say how large its pictures are.")
        }
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= maxPixels else {
            throw VideoFailure(
                "The video's pictures are \(width)×\(height) pixels; at most \(maxPixels) pixels are allowed.")
        }
        self.width = width
        self.height = height
        let format = document["format"] as? [String: Any]
        func seconds(_ value: Any?) -> Double? {
            (value as? String).flatMap { Double($0) }.flatMap { $0 > 0 && $0 < 1e7 ? $0 : nil }
        }
        duration = seconds(stream["duration"]) ?? seconds(format?["duration"])
        if let parts = (stream["avg_frame_rate"] as? String)?.split(separator: "/").compactMap({ Double($0) }),
            parts.count == 2, parts[0] > 0, parts[1] > 0
        {
            rate = parts[0] / parts[1]
        }
        let counted = (stream["nb_frames"] as? String).flatMap { Int($0) }
        let estimated = duration.flatMap { duration in rate.map { duration * $0 } }
        frames = counted ?? estimated.flatMap { (1..<1e9).contains($0) ? Int($0.rounded()) : nil }
        creation = ((format?["tags"] as? [String: Any])?["creation_time"] as? String).flatMap { text in
            (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
                ?? (try? Date(text, strategy: .iso8601))
        }
        // Cameras without a clock write the epoch of the format, 1904, or of Unix.
        if let creation, creation < Date(timeIntervalSince1970: 86_400) { self.creation = nil }
    }
}

/// Nil where the work takes longer; it is cancelled then.
func withDeadline<Value: Sendable>(
    _ time: Duration, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: time)
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next()!
    }
}
