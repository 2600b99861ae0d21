import Foundation
import Results

extension FrameRecord {
    /// A frame received `at` seconds after noon; `captured`: seconds after noon by the client's clock.
    static func make(
        _ sequence: Int, at: Double, captured: Double? = nil, mode: String = "propagated", reason: String? = nil,
        person: Double = 0, similarity: Double? = nil, changed: Double? = nil, lost: Bool? = nil, inliers: Int = 100,
        gapMs: Int? = nil, gapFrames: Int = 0
    ) -> FrameRecord {
        let received = Date(timeIntervalSince1970: 1_772_366_400 + at)
        return FrameRecord(
            id: "f\(sequence)", sessionID: "s", sequence: sequence, digest: "", model: "m", modelVersion: "1",
            capturedAt: captured.map { Date(timeIntervalSince1970: 1_772_366_400 + $0) } ?? received,
            receivedAt: received, width: 100, height: 100, mode: mode, reason: reason, gapFrames: gapFrames,
            gapMs: gapMs,
            registration: lost.map {
                .init(method: "klt", ok: !$0, matches: 100, inliers: inliers, homography: nil)
            }, similarityMean: similarity, changedFraction: changed,
            classes: [
                .init(value: 0, name: "ground", pixels: Int((1 - person) * 10_000), fraction: 1 - person),
                .init(value: 1, name: "person", pixels: Int(person * 10_000), fraction: person),
            ])
    }
}
