import Foundation
import GRDB
import Telemetry

extension SQLiteStore {
    /// Writes sessions and frames by the thousand, in one transaction, ten times as fast as one by one: no events, no
    /// pictures.
    ///
    /// For databases to measure with. Frames are taken to be new, to belong to these sessions or earlier ones, and to
    /// hold nothing but finite numbers, and no footprints; sessions get their counts from the frames.
    package func fill(sessions: [SessionRecord], frames: [FrameRecord]) async throws {
        try await writer.write { db, _ in
            for session in sessions {
                let columns = SessionRecord.columns.joined(separator: ", ")
                let places = SessionRecord.columns.map { _ in "?" }.joined(separator: ", ")
                try db.cachedStatement(sql: "INSERT INTO session (\(columns)) VALUES (\(places))")
                    .execute(arguments: session.arguments)
            }
            var filling = try Filling(db)
            for frame in frames { try filling.insert(frame) }
            try filling.finish()
        }
    }
}

/// Frames on their way into the tables, through statements that are bound without anything in between.
private struct Filling {
    private let db: Database
    private let frame: RawStatement
    private let frameClass: RawStatement
    private var rollups = Rollups()
    private var sessions: [String: (key: Int64, frames: Int64, last: Int64, at: Int64)] = [:]
    private var classes: [String: UInt32] = [:]
    private var kinds = KindKeys()
    private var next: Int64

    init(_ db: Database) throws {
        self.db = db
        let columns = FrameRecord.columns
        frame = try RawStatement(
            """
            INSERT INTO frame (key, session, \(columns.joined(separator: ", ")))
            VALUES (?, ?\(columns.map { _ in ", ?" }.joined()))
            """, db)
        frameClass = try RawStatement("INSERT INTO frame_class VALUES (?, ?, ?, ?, ?, ?)", db)
        next = try (Int64.fetchOne(db, sql: "SELECT max(key) FROM frame") ?? 0) + 1
    }

    mutating func insert(_ record: FrameRecord) throws {
        var session =
            try sessions[record.sessionID]
            ?? (
                Int64.fetchOne(
                    db.cachedStatement(sql: "SELECT key FROM session WHERE id = ?"), arguments: [record.sessionID])!,
                0, 0, .min
            )
        let time = record.capturedAt.microseconds
        session.frames += 1
        session.last = max(session.last, Int64(record.sequence))
        session.at = max(session.at, record.receivedAt.microseconds)
        sessions[record.sessionID] = session

        frame.bind([.int(next), .int(session.key)] + record.bounds, from: 1)
        _ = try frame.step()
        frame.reset()
        var traits = FrameTraits(
            session: session.key, microseconds: time, mode: record.mode, reason: record.reason,
            registration: record.registration.map { ($0.method, $0.ok, $0.inliers) },
            similarity: record.similarityMean, changed: record.changedFraction,
            position: record.telemetry?.place,
            classes: [])
        for item in record.classes {
            frameClass.bind(
                [
                    .int(next), .text(item.name), .int(Int64(item.value)), .int(Int64(item.pixels)),
                    .double(item.fraction), .int(time),
                ], from: 1)
            _ = try frameClass.step()
            frameClass.reset()
            let key = try classes[item.name] ?? ClassNames.makeKey(of: item.name, db)
            classes[item.name] = key
            traits.classes.append((key, item.pixels, item.fraction))
        }
        traits.classes.sort { $0.key < $1.key }
        rollups.add(traits, kind: try kinds.key(of: traits.kind, db))
        next += 1
    }

    func finish() throws {
        try rollups.write(db)
        for session in sessions.values {
            try db.cachedStatement(
                sql: """
                    UPDATE session SET frames = frames + ?, last_sequence = max(coalesce(last_sequence, 0), ?),
                        last_frame_us = ? WHERE key = ?
                    """
            ).execute(arguments: [session.frames, session.last, session.at, session.key])
        }
    }
}

extension FrameRecord {
    /// As `arguments(session:)`, in the order of `columns`.
    fileprivate var bounds: [Bound?] {
        func int(_ value: Int?) -> Bound? { value.map { .int(Int64($0)) } }
        func real(_ value: Double?) -> Bound? { value.map(Bound.double) }
        func text(_ value: String?) -> Bound? { value.map(Bound.text) }
        // Swift writes finite numbers as JSON does.
        let homography = registration?.homography.map { "[" + $0.map { "\($0)" }.joined(separator: ",") + "]" }
        let stages = stageMs.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
        let camera = TelemetryValue.allCases.map { real(telemetry?[$0]) } + [text(telemetry?.originCode)]
        let before: [Bound?] = [
            .text(id), int(sequence), .text(digest), text(idempotencyKey), text(droneID), text(missionID), .text(model),
            .text(modelVersion), .int(capturedAt.microseconds), .int(receivedAt.microseconds), int(width), int(height),
            .text(mode), text(reason), int(epoch), int(gapFrames), int(gapMs), text(registration?.method),
            int(registration.map { $0.ok ? 1 : 0 }), int(registration?.matches), int(registration?.inliers),
            text(homography), real(similarityMean), real(changedFraction),
        ]
        let after: [Bound?] = [
            .text("{\(stages)}"), int(mask?.offset), int(mask?.length), int(similarity?.offset),
            int(similarity?.length), int(image?.offset), int(image?.length), text(withheld),
        ]
        // The footprint's ring, four bounds and reason.
        return before + camera + Array(repeating: nil, count: 6) + after
    }
}
