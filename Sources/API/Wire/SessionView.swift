import Foundation
import Results
import Sessions

/// A session as clients see it: its row, and what is in memory of it.
struct SessionView: Encodable {
    let record: SessionRecord
    let options: SessionOptions
    /// Nil: nothing of it is in memory.
    let status: VideoSession.Status?

    private enum Key: String, CodingKey {
        case id, model, state, frames, epoch, options, waiting, dropped, replayed, resets
        case droneID = "drone_id"
        case missionID = "mission_id"
        case modelVersion = "model_version"
        case reason = "end_reason"
        case createdAt = "created_at"
        case endedAt = "ended_at"
        case lastFrameAt = "last_frame_at"
        case lastSequence = "last_sequence"
        case nextSequence = "next_sequence"
        case stateBytes = "state_bytes"
        case reservedBytes = "reserved_bytes"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(record.id, forKey: .id)
        try out.encode(record.droneID, forKey: .droneID)
        try out.encode(record.missionID, forKey: .missionID)
        try out.encode(record.model, forKey: .model)
        try out.encode(record.modelVersion, forKey: .modelVersion)
        try out.encode(state, forKey: .state)
        try out.encode(record.endReason, forKey: .reason)
        try out.encode(RFC3339.text(record.createdAt), forKey: .createdAt)
        try out.encode(record.endedAt.map(RFC3339.text), forKey: .endedAt)
        try out.encode(record.lastFrameAt.map(RFC3339.text), forKey: .lastFrameAt)
        try out.encode(record.lastSequence, forKey: .lastSequence)
        try out.encode(record.lastSequence.map { $0 + 1 } ?? 0, forKey: .nextSequence)
        try out.encode(record.frames, forKey: .frames)
        try out.encode(record.epoch, forKey: .epoch)
        try out.encode(options, forKey: .options)
        try out.encode(status?.stateBytes ?? 0, forKey: .stateBytes)
        try out.encode(status?.phase == .active ? status?.reservedBytes ?? 0 : 0, forKey: .reservedBytes)
        try out.encode(status?.waiting ?? 0, forKey: .waiting)
        try out.encode(status?.statistics.dropped ?? 0, forKey: .dropped)
        try out.encode(status?.statistics.replayed ?? 0, forKey: .replayed)
        try out.encode(status?.statistics.resets ?? [:], forKey: .resets)
    }

    private var state: String {
        switch status?.phase {
        case .active: "active"
        case .idle: "idle"
        case .ended: "ended"
        case nil: record.state.rawValue
        }
    }
}
