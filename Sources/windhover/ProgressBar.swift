import Foundation

/// How far a stream has come: a bar that redraws itself where somebody watches, else a line every few seconds.
struct ProgressBar {
    private let total: Int?
    private let began = ContinuousClock.now
    private var shown: ContinuousClock.Instant?
    private let interval: Duration = Terminal.isWatched ? .milliseconds(100) : .seconds(5)

    init(total: Int?) {
        self.total = total
    }

    /// Shows the state, if it is time to.
    mutating func update(done: Int, note: String) {
        let now = ContinuousClock.now
        if let shown, shown.duration(to: now) < interval, done != total { return }
        shown = now
        let line = line(done: done, note: note, elapsed: began.duration(to: now) / .seconds(1))
        Terminal.isWatched ? Terminal.say("\r\(line)\u{1B}[K", terminator: "") : Terminal.say(line)
    }

    /// Makes room for what follows.
    func finish() {
        if Terminal.isWatched, shown != nil { Terminal.say("\r\u{1B}[K", terminator: "") }
    }

    private func line(done: Int, note: String, elapsed: Double) -> String {
        let rate = elapsed > 0 ? Double(done) / elapsed : 0
        let pace = "\(rate.fixed(1)) fps  \(note)"
        guard let total, total > 0 else { return "\(done) \(done == 1 ? "frame" : "frames")  \(pace)" }
        let left = rate > 0 ? Double(total - done) / rate : 0
        let eta = done > 0 ? "  ETA \(Int(left) / 60):\(String(Int(left) % 60).padded(to: 2, with: "0"))" : ""
        guard Terminal.isWatched else { return "\(done)/\(total) frames  \(pace)\(eta)" }
        let width = 24
        let filled = width * done / total
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        return "\(bar) \(done)/\(total)  \(pace)\(eta)"
    }
}
