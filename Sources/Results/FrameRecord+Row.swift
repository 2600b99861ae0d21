import Foundation
import GRDB
import Telemetry

extension FrameRecord {
    /// The order in which `arguments` writes and `init(_:sessionID:classes:)` reads; `session` comes before them.
    static let columns =
        [
            "id", "sequence", "digest", "idempotency_key", "drone", "mission", "model", "model_version", "captured_us",
            "received_us", "width", "height", "mode", "reason", "epoch", "gap_frames", "gap_ms", "registration",
            "registration_ok", "matches", "inliers", "homography", "similarity_mean", "changed_fraction",
        ] + CameraTelemetry.columns + [
            "stage_ms", "mask_offset", "mask_length", "similarity_offset", "similarity_length", "image_offset",
            "image_length", "withheld",
        ]

    /// The record as the store gives it back: times in whole microseconds, numbers that are not finite left out,
    /// telemetry that says nothing is none, classes in the order of their values, no pictures yet.
    var normalized: FrameRecord {
        func finite(_ number: Double?) -> Double? { number.flatMap { $0.isFinite ? $0 : nil } }
        var frame = self
        frame.capturedAt = capturedAt.roundedToMicroseconds
        frame.receivedAt = receivedAt.roundedToMicroseconds
        frame.similarityMean = finite(similarityMean)
        frame.changedFraction = finite(changedFraction)
        if telemetry?.isEmpty == true { frame.telemetry = nil }
        if let homography = registration?.homography, !homography.allSatisfy(\.isFinite) {
            frame.registration?.homography = nil
        }
        frame.stageMs = stageMs.filter(\.value.isFinite)
        frame.classes.sort { ($0.value, $0.name) < ($1.value, $1.name) }
        frame.mask = nil
        frame.similarity = nil
        frame.image = nil
        frame.withheld = nil
        return frame
    }

    func arguments(session: Int64) throws -> StatementArguments {
        let before: StatementArguments = [
            session, id, sequence, digest, idempotencyKey, droneID, missionID, model, modelVersion,
            capturedAt.microseconds, receivedAt.microseconds, width, height, mode, reason, epoch, gapFrames, gapMs,
            registration?.method, registration?.ok, registration?.matches, registration?.inliers,
            try registration?.homography.map(JSON.text), similarityMean, changedFraction,
        ]
        let after: StatementArguments = [
            try JSON.text(stageMs), mask?.offset, mask?.length, similarity?.offset, similarity?.length, image?.offset,
            image?.length, withheld,
        ]
        return try before + telemetryArguments() + after
    }

    init(_ row: inout RowReader, sessionID: String, classes: [ClassPixels]) throws {
        self.init(
            id: row.next(), sessionID: sessionID, sequence: row.next(), digest: row.next(), idempotencyKey: row.next(),
            droneID: row.next(), missionID: row.next(), model: row.next(), modelVersion: row.next(),
            capturedAt: row.date(), receivedAt: row.date(), width: row.next(), height: row.next(), mode: row.next(),
            reason: row.next(), epoch: row.next(), gapFrames: row.next(), gapMs: row.next(),
            registration: try Registration(&row),
            similarityMean: row.next(), changedFraction: row.next(), telemetry: CameraTelemetry(&row),
            footprint: try Footprint(&row), footprintReason: row.next(), classes: classes,
            stageMs: try JSON.value(row.next()))
        let file = Pack.file(session: sessionID, receivedAt: receivedAt)
        mask = StoredBlob(&row, in: file)
        similarity = StoredBlob(&row, in: file)
        image = StoredBlob(&row, in: file)
        withheld = row.next()
    }
}

extension FrameRecord.Registration {
    fileprivate init?(_ row: inout RowReader) throws {
        let method: String? = row.next()
        let ok: Bool? = row.next()
        let matches: Int? = row.next()
        let inliers: Int? = row.next()
        let homography: String? = row.next()
        guard let method, let ok, let matches, let inliers else { return nil }
        self.init(
            method: method, ok: ok, matches: matches, inliers: inliers, homography: try homography.map(JSON.value))
    }
}

extension FrameRecord.StoredBlob {
    fileprivate init?(_ row: inout RowReader, in file: String) {
        let offset: Int? = row.next()
        let length: Int? = row.next()
        guard let offset, let length else { return nil }
        self.init(file: file, offset: offset, length: length)
    }
}

/// Small JSON values within a column.
///
/// Foundation writes the shortest digits that read back as the same number.
enum JSON {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func value<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}
