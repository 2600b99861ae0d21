/// A line of ffmpeg's filter `metadata`: the how-many-th frame it is, and its time.
struct FrameTime: Sendable, Equatable {
    var number: Int
    /// Nil: the file does not say.
    var seconds: Double?

    init(number: Int, seconds: Double?) {
        self.number = number
        self.seconds = seconds
    }

    init?(_ line: String) {
        // Anywhere in the line: what another thread has begun to say may stand before it.
        guard let match = line.firstMatch(of: /frame:(\d+) +pts:\S+ +pts_time:(\S+)/), let number = Int(match.1) else {
            return nil
        }
        self.init(number: number, seconds: Double(match.2).flatMap { $0.isFinite ? $0 : nil })
    }

    /// The tag without which the filter prints nothing.
    static func isTag(_ line: String) -> Bool { line == "w=1" }
}
