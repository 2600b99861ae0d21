import Foundation
import Results

extension SessionRecord {
    static func make(
        _ id: String = UUIDv7.make(), drone: String? = "kestrel-1", mission: String? = nil, created: Date = .noon,
        state: State = .active
    ) -> SessionRecord {
        SessionRecord(
            id: id, droneID: drone, missionID: mission, model: "hiera-s", modelVersion: "1.0",
            options: #"{"late":"refuse"}"#, createdAt: created, state: state)
    }
}

extension FrameRecord {
    static func make(
        session: String, _ sequence: Int, id: String = UUIDv7.make(), captured: Date? = nil, key: String? = nil,
        classes: [ClassPixels] = [ClassPixels(value: 1, name: "road", pixels: 30, fraction: 0.3)]
    ) -> FrameRecord {
        FrameRecord(
            id: id, sessionID: session, sequence: sequence, digest: "\(session)/\(sequence)", idempotencyKey: key,
            droneID: "kestrel-1", model: "hiera-s", modelVersion: "1.0",
            capturedAt: captured ?? .noon + Double(sequence), receivedAt: .noon + Double(sequence), width: 1280,
            height: 736, mode: "propagated", classes: classes, stageMs: ["image": 41.5])
    }
}

extension FramePictures {
    /// Pictures that say which frame they belong to.
    static func make(_ sequence: Int, bytes: Int = 100) -> FramePictures {
        FramePictures(
            mask: .init(repeating: UInt8(truncatingIfNeeded: sequence), count: bytes),
            similarity: [1, 2, UInt8(truncatingIfNeeded: sequence)])
    }
}

extension Date {
    /// 2026-03-01T12:00:00Z.
    static let noon = Date(timeIntervalSince1970: 1_772_366_400)
}

/// SplitMix64: random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The value, or nil one time in three.
    mutating func maybe<Value>(_ value: Value) -> Value? {
        Int.random(in: 0..<3, using: &self) == 0 ? nil : value
    }
}
