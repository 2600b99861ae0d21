import Foundation
import Results

/// What is kept for how long, and what was removed, as clients see it.
struct RetentionView: Encodable {
    let policy: RetentionPolicy
    let disk: DiskSpace?
    let room: DiskLevel
    let running: RetentionReport?
    let lastRun: RetentionReport?

    private enum Key: String, CodingKey {
        case policy, disk, running
        case lastRun = "last_run"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(PolicyView(policy: policy), forKey: .policy)
        try out.encode(DiskView(space: disk, level: room), forKey: .disk)
        try out.encode(running.map(Report.init), forKey: .running)
        try out.encode(lastRun.map(Report.init), forKey: .lastRun)
    }

    private struct PolicyView: Encodable {
        let policy: RetentionPolicy

        private enum Key: String, CodingKey {
            case missions
            case keepPictures = "keep_pictures_s"
            case keepRows = "keep_rows_s"
            case maxPictures = "max_pictures_bytes"
        }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            try encode(policy.general, to: &out)
            try out.encode(policy.missions.mapValues(RuleView.init), forKey: .missions)
        }

        private func encode(_ rule: RetentionPolicy.Rule, to out: inout KeyedEncodingContainer<Key>) throws {
            try out.encode(rule.keepPictures, forKey: .keepPictures)
            try out.encode(rule.keepRows, forKey: .keepRows)
            try out.encode(rule.maxPictures, forKey: .maxPictures)
        }

        private struct RuleView: Encodable {
            let rule: RetentionPolicy.Rule

            func encode(to encoder: any Encoder) throws {
                var out = encoder.container(keyedBy: Key.self)
                try out.encode(rule.keepPictures, forKey: .keepPictures)
                try out.encode(rule.keepRows, forKey: .keepRows)
                try out.encode(rule.maxPictures, forKey: .maxPictures)
            }
        }
    }

    private struct DiskView: Encodable {
        let space: DiskSpace?
        let level: DiskLevel

        private enum Key: String, CodingKey {
            case level
            case free = "free_bytes"
            case total = "total_bytes"
        }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            try out.encode(level.name, forKey: .level)
            try out.encode(space?.free, forKey: .free)
            try out.encode(space?.total, forKey: .total)
        }
    }

    /// A run, real or dry.
    struct Report: Encodable {
        let report: RetentionReport

        private enum Key: String, CodingKey {
            case complete, expired, oversize, orphans, rows, sessions, stored
            case dryRun = "dry_run"
            case startedAt = "started_at"
            case finishedAt = "finished_at"
            case clockAhead = "clock_ahead_s"
            case heldPacks = "held_packs"
            case heldSessions = "held_sessions"
        }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            try out.encode(report.isDryRun, forKey: .dryRun)
            try out.encode(RFC3339.text(report.startedAt), forKey: .startedAt)
            try out.encode(report.finishedAt.map(RFC3339.text), forKey: .finishedAt)
            try out.encode(report.isComplete, forKey: .complete)
            try out.encode(report.clockAhead, forKey: .clockAhead)
            try out.encode(report.rows, forKey: .rows)
            try out.encode(report.sessions, forKey: .sessions)
            let packs: [(Key, RetentionReport.Packs)] = [
                (.expired, report.expired), (.oversize, report.oversize), (.orphans, report.orphans),
                (.heldPacks, report.heldPacks), (.stored, report.stored),
            ]
            for (key, value) in packs { try out.encode(["packs": value.packs, "bytes": value.bytes], forKey: key) }
            try out.encode(report.heldSessions, forKey: .heldSessions)
        }
    }
}
