import Foundation
import Results
import Sessions
import Synchronization
import Videos

/// Counters and histograms in Prometheus' text form.
///
/// Labels are few and bounded: never a session or a drone.
package final class Metrics: Sendable {
    private struct Histogram {
        var counts: [Int]
        var sum = 0.0
        var count = 0
    }

    private struct State {
        var counters: [String: [String: Int]] = [:]
        var gauges: [String: [String: Int]] = [:]
        var histograms: [String: [String: Histogram]] = [:]
    }

    /// Seconds; OpenTelemetry's for HTTP, with finer ones below for stages of milliseconds.
    private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10]
    private let state = Mutex(State())

    package init() {}

    /// `labels` as in the text form, `mode="cold"`.
    func count(_ name: String, _ labels: String = "", by amount: Int = 1) {
        state.withLock { $0.counters[name, default: [:]][labels, default: 0] += amount }
    }

    /// Moves a number that goes up and down.
    func gauge(_ name: String, _ labels: String, by amount: Int) {
        state.withLock { $0.gauges[name, default: [:]][labels, default: 0] += amount }
    }

    func observe(_ name: String, _ labels: String = "", seconds: Double) {
        state.withLock { state in
            var histogram =
                state.histograms[name, default: [:]][labels] ?? Histogram(counts: Self.bounds.map { _ in 0 })
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound { histogram.counts[index] += 1 }
            histogram.sum += seconds
            histogram.count += 1
            state.histograms[name, default: [:]][labels] = histogram
        }
    }

    /// What sessions report.
    package func record(_ event: SessionEvent) {
        switch event {
        case .frame(let frame):
            count("windhover_frames_total", "outcome=\"stored\",mode=\"\(frame.mode)\"")
            if frame.mode == "reset" { count("windhover_resets_total", "reason=\"\(frame.reason ?? "")\"") }
            for (stage, milliseconds) in frame.stageMs {
                observe("windhover_stage_seconds", "stage=\"\(stage)\"", seconds: milliseconds / 1000)
            }
        case .dropped: count("windhover_frames_total", "outcome=\"dropped\",mode=\"\"")
        case .reset: count("windhover_resets_total", "reason=\"client\"")
        }
    }

    /// What video files report.
    package func record(_ event: VideoEvent) {
        switch event {
        case .uploaded(let bytes): count("windhover_video_bytes_total", by: bytes)
        case .ended(let state): count("windhover_videos_total", "outcome=\"\(state.rawValue)\"")
        }
    }

    /// The whole exposition, with what is only known now.
    func text(_ sessions: SessionRegistry.Status, _ store: StoreStatistics?, _ videos: VideoQueue.Counts) -> String {
        var out = ""
        func gauge(_ name: String, _ value: Int) { out += "# TYPE \(name) gauge\n\(name) \(value)\n" }
        gauge("windhover_sessions", sessions.sessions)
        gauge("windhover_frames_in_flight", sessions.framesInFlight)
        gauge("windhover_state_bytes", sessions.reservedBytes)
        gauge("windhover_state_budget_bytes", sessions.stateBudget)
        gauge("windhover_ready", sessions.draining ? 0 : 1)
        out += "# TYPE windhover_videos gauge\n"
        for (state, count) in [
            ("uploading", videos.uploading), ("queued", videos.queued), ("running", videos.running),
        ] {
            out += "windhover_videos{state=\"\(state)\"} \(count)\n"
        }
        gauge("windhover_video_disk_bytes", videos.bytes)
        if let resident = Self.residentBytes { gauge("process_resident_memory_bytes", resident) }
        if let store {
            gauge("windhover_store_queue_length", store.queueLength)
            gauge("windhover_store_wal_bytes", store.walBytes)
            gauge("windhover_store_database_bytes", store.databaseBytes)
            out += "# TYPE windhover_store_commit_seconds summary\n"
            out += "windhover_store_commit_seconds_sum \(store.commitSeconds)\n"
            out += "windhover_store_commit_seconds_count \(store.groups)\n"
        }
        let snapshot = state.withLock { $0 }
        for (type, families) in [("gauge", snapshot.gauges), ("counter", snapshot.counters)] {
            for (name, series) in families.sorted(by: { $0.key < $1.key }) {
                out += "# TYPE \(name) \(type)\n"
                for (labels, value) in series.sorted(by: { $0.key < $1.key }) {
                    out += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
                }
            }
        }
        for (name, series) in snapshot.histograms.sorted(by: { $0.key < $1.key }) {
            out += "# TYPE \(name) histogram\n"
            for (labels, histogram) in series.sorted(by: { $0.key < $1.key }) {
                let prefix = labels.isEmpty ? "" : labels + ","
                for (bound, count) in zip(Self.bounds, histogram.counts) {
                    out += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(count)\n"
                }
                out += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(histogram.count)\n"
                out += "\(name)_sum\(labels.isEmpty ? "" : "{\(labels)}") \(histogram.sum)\n"
                out += "\(name)_count\(labels.isEmpty ? "" : "{\(labels)}") \(histogram.count)\n"
            }
        }
        return out
    }

    /// Of this process; nil where /proc does not say.
    package static var residentBytes: Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
