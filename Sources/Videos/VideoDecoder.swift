import Foundation
import Imaging
import Subprocess
import Synchronization

/// Takes a video file apart into JPEGs, by a process of the system's ffmpeg.
///
/// What is not taken fast enough stays in the pipe, and holds ffmpeg back: no more than two pictures are in memory.
struct VideoDecoder: Sendable {
    /// Which frames of a video are run.
    struct Choice: Sendable, Equatable {
        var every = 1
        /// Frames of a second that are taken at most.
        var fps: Double?
        /// Frames that are chosen but known already: decoded, and passed over.
        var passed = 0
    }

    struct DecodedFrame: Sendable {
        /// Among those chosen, from 0.
        var index: Int
        /// Seconds from the video's time zero.
        var time: Double
        var jpeg: [UInt8]
    }

    let tools: VideoTools
    let settings: VideoSettings

    /// Bytes of one picture at most.
    private static let maxPicture = 256 << 20

    /// Hands the chosen frames to `body`, in order.
    ///
    /// Returns what ffmpeg complained of although it came to the end. Throws `VideoFailure` with its last words where it
    /// did not, or gave no sign of life for as long as it is waited for; what was handed over before stays good.
    func decode(
        _ file: URL, as container: VideoContainer, _ choice: Choice, seconds: Double?,
        _ body: @escaping @Sendable (inout Reader) async throws -> Void
    ) async throws -> String? {
        let child = ChildProgram(
            program: tools.ffmpeg, arguments: Self.arguments(file.lastPathComponent, container, choice),
            // An hour, and sixty times as long as the video plays.
            cpuSeconds: 3600 + Int(60 * min(seconds ?? 0, 86_400)), memory: settings.memory,
            folder: file.deletingLastPathComponent().path)
        let words = Mutex(LastWords())
        let patience = settings.patience
        let result = try await run(child.configuration, input: .none, output: .sequence, error: .sequence) {
            execution in
            let watch = Watch(patience: patience)
            let (times, time) = AsyncStream.makeStream(of: FrameTime.self)
            try await watch.attend(
                execution.standardError,
                line: { line in
                    if let found = FrameTime(line) {
                        time.yield(found)
                    } else if !FrameTime.isTag(line) {
                        words.withLock { $0.append(line) }
                    }
                },
                {
                    var reader = Reader(
                        chunks: execution.standardOutput.makeAsyncIterator(), times: times.makeAsyncIterator(),
                        next: choice.passed, rate: choice.fps, watch: watch)
                    try await body(&reader)
                })
        }
        try Task.checkCancellation()
        let last = words.withLock { $0.text }
        guard result.terminationStatus.isSuccess else {
            throw VideoFailure("The video could not be decoded: \(last ?? result.terminationStatus.words)")
        }
        return last
    }

    /// As they come out of ffmpeg.
    struct Reader {
        fileprivate var chunks: SubprocessOutputSequence.Iterator
        fileprivate var times: AsyncStream<FrameTime>.Iterator
        fileprivate var next: Int
        fileprivate let rate: Double?
        fileprivate let watch: Watch
        private var splitter = JPEGSplitter()
        private var count = 0
        private var last: FrameTime?

        fileprivate init(
            chunks: SubprocessOutputSequence.Iterator, times: AsyncStream<FrameTime>.Iterator, next: Int, rate: Double?,
            watch: Watch
        ) {
            self.chunks = chunks
            self.times = times
            self.next = next
            self.rate = rate
            self.watch = watch
        }

        /// Nil after the last one.
        mutating func frame() async throws -> DecodedFrame? {
            while true {
                if let jpeg = splitter.next() {
                    defer {
                        next += 1
                        count += 1
                    }
                    return DecodedFrame(index: next, time: await time(), jpeg: jpeg)
                }
                guard splitter.count <= VideoDecoder.maxPicture else {
                    throw VideoFailure("A picture of the video is too large.")
                }
                guard let chunk = try await watch.waiting({ try await chunks.next() }) else {
                    // ffmpeg's exit status says why.
                    return nil
                }
                chunk.withUnsafeBytes { splitter.append($0) }
            }
        }

        /// Written before the picture is; what is missing follows the one before.
        private mutating func time() async -> Double {
            let before = last
            while last.map({ $0.number < count }) ?? true {
                guard let found = await times.next() else { break }
                last = found
            }
            if let last, last.number == count, let seconds = last.seconds { return seconds }
            let guess = (before?.seconds ?? 0) + 1 / (rate ?? 25)
            last = FrameTime(number: count, seconds: guess)
            return guess
        }
    }

    /// A frame's time goes to the errors' pipe before its picture goes to the other: the picture alone has none.
    ///
    /// Turned upright (ffmpeg does that by itself), each frame once however they are spaced.
    static func arguments(_ file: String, _ container: VideoContainer, _ choice: Choice) -> [String] {
        var filters: [String] = []
        if choice.every > 1 { filters.append("select='not(mod(n,\(choice.every)))'") }
        if let fps = choice.fps {
            // The first frame of each interval of 1/fps: whatever the file's own rate is, and without drift.
            filters.append(
                "select='isnan(prev_selected_t)+gt(floor(t*\(fps)+0.000001),floor(prev_selected_t*\(fps)+0.000001))'")
        }
        if choice.passed > 0 { filters.append("select='gte(n,\(choice.passed))'") }
        filters += [
            "metadata=mode=add:key=w:value=1", "metadata=mode=print:file=pipe\\\\:2:direct=1",
            // The encoder wants times that rise; they are told already.
            "settb=1/25", "setpts=N",
        ]
        return ChildProgram.quiet + [
            "-nostdin", "-threads", "2", "-hwaccel", "none", "-f", container.demuxer, "-i", file, "-map", "0:V:0",
            "-an",
            "-sn", "-dn", "-vf", filters.joined(separator: ","), "-fps_mode", "passthrough", "-enc_time_base", "1:25",
            "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "2", "-flags", "+bitexact", "pipe:1",
        ]
    }
}
