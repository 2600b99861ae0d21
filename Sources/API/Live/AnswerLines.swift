import Hummingbird
import NIOCore
import Sessions

/// Answers on their way to whoever sent the frames, one JSON object a line.
///
/// Whoever does not read them, as ffmpeg does not, holds up nothing: a few wait, the oldest of them give way.
struct AnswerLines: Sendable {
    private struct Line<Payload: Encodable>: Encodable {
        let event: String
        let data: Payload
    }

    private struct Summary: Encodable {
        let frames: Int
        let dropped: Int
        let failed: Int
    }

    let stream: AsyncStream<ByteBuffer>
    private let line: AsyncStream<ByteBuffer>.Continuation
    private let metrics: Metrics
    private let onlyEnd: Bool

    /// `onlyEnd`: nothing is said of frames.
    init(metrics: Metrics, onlyEnd: Bool) {
        self.onlyEnd = onlyEnd
        (stream, line) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
        self.metrics = metrics
    }

    func frame(_ answer: FrameAnswer) {
        if !onlyEnd { send("frame", FrameView(frame: answer.record)) }
    }

    /// `count`: frames that gave way since the last line of this kind.
    func drop(_ count: Int) {
        if !onlyEnd { send("drop", ["count": count]) }
    }

    func problem(_ problem: Problem) { send("problem", problem.members) }

    /// The last line.
    func end(frames: Int, dropped: Int, failed: Int) {
        send("end", Summary(frames: frames, dropped: dropped, failed: failed))
        line.finish()
    }

    private func send(_ event: String, _ data: some Encodable) {
        var buffer = ByteBuffer(bytes: Response.encoded(Line(event: event, data: data)))
        buffer.writeString("\n")
        if case .dropped = line.yield(buffer) { metrics.count("windhover_stream_answers_dropped_total") }
    }
}
