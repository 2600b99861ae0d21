import Foundation
import WindhoverClient

/// What a stream of frames amounted to.
struct SendSummary {
    private(set) var frames = 0
    private var replays = 0
    private var modes: [String: Int] = [:]
    private var reasons: [String: Int] = [:]
    private var similarities: [Double] = []
    private var changes: [Double] = []
    private var shares: [String: (order: Int, sum: Double, seen: Int)] = [:]
    private var latencies: [Double] = []
    private let began = ContinuousClock.now

    mutating func add(_ receipt: UploadReceipt, latency: Duration) {
        let record = receipt.record
        frames += 1
        replays += receipt.isReplay ? 1 : 0
        modes[record.mode.rawValue, default: 0] += 1
        if let reason = record.reason { reasons[reason, default: 0] += 1 }
        if let similarity = record.similarityMean { similarities.append(similarity) }
        if let change = record.changedFraction { changes.append(change) }
        for share in record.classes {
            let before = shares[share.name] ?? (share.value, 0, 0)
            shares[share.name] = (before.order, before.sum + share.fraction, before.seen + (share.pixels > 0 ? 1 : 0))
        }
        latencies.append(latency / .milliseconds(1))
    }

    /// Modes with their counts, most frequent first.
    var modeCounts: String {
        Self.list(modes)
    }

    func lines(session: Session, isOpen: Bool) -> [String] {
        let seconds = began.duration(to: .now) / .seconds(1)
        var lines = [
            "\(frames) \(frames == 1 ? "frame" : "frames") in \(seconds.fixed(1)) s "
                + "(\((Double(frames) / max(seconds, 1e-3)).fixed(1)) fps), "
                + "model \(session.model) \(session.modelVersion)",
            "session     \(session.id) (\(isOpen ? "open" : "ended"))",
        ]
        guard frames > 0 else { return lines }
        lines.append("modes       \(modeCounts)")
        if !reasons.isEmpty { lines.append("reasons     \(Self.list(reasons))") }
        if replays > 0 { lines.append("replayed    \(replays)") }
        if !similarities.isEmpty { lines.append("similarity  mean \(Self.mean(similarities).fixed(3))") }
        if !changes.isEmpty { lines.append("changed     mean \((100 * Self.mean(changes)).fixed(1)) %") }
        lines.append(
            "latency     p50 \(percentile(50).fixed(0)) ms, p95 \(percentile(95).fixed(0)) ms")
        var table = Table([("class", .left), ("share", .right), ("frames", .right)])
        for (name, share) in shares.sorted(by: { $0.value.order < $1.value.order }) {
            table.add([name, "\((100 * share.sum / Double(frames)).fixed(1)) %", "\(share.seen)"])
        }
        return lines + [""] + table.lines
    }

    /// Nearest rank: the least latency that so many percent of the frames did not exceed.
    private func percentile(_ percent: Int) -> Double {
        let rank = (latencies.count * percent + 99) / 100
        return latencies.sorted()[max(0, rank - 1)]
    }

    private static func mean(_ values: [Double]) -> Double {
        values.reduce(0, +) / Double(values.count)
    }

    private static func list(_ counts: [String: Int]) -> String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
            .joined(separator: ", ")
    }
}
