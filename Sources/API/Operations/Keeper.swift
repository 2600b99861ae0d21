import Foundation
import Logging
import Results
import ServiceLifecycle

/// What keeps the store within its bounds, and tells of it: retention and the disk.
struct Keeper: Sendable {
    let store: SQLiteStore
    let retention: Retention
    let metrics: Metrics
    let logger: Logger

    /// One run, where none is under way.
    func run() async {
        if await retention.begin() { await proceed() }
    }

    /// A run that has begun, told in the log and in metrics.
    func proceed(confirmingClock: Bool = false) async {
        do {
            tell(try await retention.proceed(confirmingClock: confirmingClock))
        } catch StoreError.closed {
            // The server stops.
        } catch {
            metrics.count("windhover_retention_runs_total", "outcome=\"failed\"")
            // What was removed stays removed; the next run goes on.
            logger.error("retention failed", metadata: ["error": "\(error)"])
        }
    }

    private func tell(_ report: RetentionReport) {
        if let ahead = report.clockAhead {
            metrics.count("windhover_retention_runs_total", "outcome=\"clock-ahead\"")
            logger.warning(
                "retention removes nothing: the clock is further ahead than can be explained; put it right, or confirm it",
                metadata: ["ahead_s": "\(Int(ahead))", "confirm": "POST /v1/retention/runs {\"confirm_clock\": true}"])
            return
        }
        metrics.count("windhover_retention_runs_total", "outcome=\"done\"")
        let packs = [("expired", report.expired), ("oversize", report.oversize), ("orphan", report.orphans)]
        for (reason, removed) in packs where removed.packs > 0 {
            metrics.count("windhover_retention_packs_total", "reason=\"\(reason)\"", by: removed.packs)
            metrics.count("windhover_retention_bytes_total", "reason=\"\(reason)\"", by: removed.bytes)
        }
        if report.rows > 0 { metrics.count("windhover_retention_rows_total", by: report.rows) }
        if report.sessions > 0 { metrics.count("windhover_retention_sessions_total", by: report.sessions) }
        guard report.removedAnything else { return }
        let bytes = packs.reduce(0) { $0 + $1.1.bytes }
        logger.info(
            "retention removed what is past",
            metadata: [
                "rows": "\(report.rows)", "sessions": "\(report.sessions)",
                "packs": "\(packs.reduce(0) { $0 + $1.1.packs })", "bytes": "\(bytes)",
                "held_sessions": "\(report.heldSessions)", "held_packs": "\(report.heldPacks.packs)",
                "seconds": "\(report.finishedAt.map { Int($0.timeIntervalSince(report.startedAt)) } ?? 0)",
            ])
    }

    func lookAtDisk() {
        let (before, now) = store.lookAtDisk()
        guard before != now else { return }
        let space = store.diskSpace
        let metadata: Logger.Metadata = [
            "free_bytes": "\(space?.free ?? 0)", "total_bytes": "\(space?.total ?? 0)", "level": "\(now.name)",
        ]
        switch now {
        case .ample: logger.notice("there is room on the disk again", metadata: metadata)
        case .scarce: logger.warning("room on the disk becomes scarce", metadata: metadata)
        case .low: logger.error("the disk is nearly full: pictures are not stored", metadata: metadata)
        case .full: logger.critical("the disk is full: frames are refused", metadata: metadata)
        }
    }
}

/// Looks at the disk once a second.
struct DiskService: Service {
    let keeper: Keeper

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                keeper.lookAtDisk()
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}

/// Removes what is past, every ten minutes.
struct RetentionService: Service {
    private static let interval = Duration.seconds(600)
    let keeper: Keeper

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Not at once: a server that starts has other things to do.
            try? await Task.sleep(for: .seconds(60))
            while !Task.isCancelled {
                await keeper.run()
                try? await Task.sleep(for: Self.interval)
            }
        }
        await keeper.retention.stop()
    }
}
