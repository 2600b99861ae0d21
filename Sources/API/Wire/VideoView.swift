import Foundation
import Results
import Sessions
import Videos

/// A video file and its job as clients see them.
///
/// Absent values are null, not missing.
struct VideoView: Encodable {
    let record: VideoRecord
    let motion: VideoQueue.Motion
    /// Frames that are stored.
    let frames: Int

    private enum Key: String, CodingKey {
        case id, name, state, phase, model, length, offset, every, fps, overlay, keep, options, frames, rate, error
        case warning, links
        case droneID = "drone_id"
        case missionID = "mission_id"
        case sessionID = "session_id"
        case createdAt = "created_at"
        case startedAt = "started_at"
        case endedAt = "ended_at"
        case capturedAt = "captured_at"
        case framesTotal = "frames_total"
        case overlayFrames = "overlay_frames"
        case secondsLeft = "seconds_left"
    }

    /// Bytes of the file that are here.
    var offset: Int {
        if case .uploading(let offset) = motion { offset } else { record.length ?? 0 }
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(record.id, forKey: .id)
        try out.encode(record.name, forKey: .name)
        try out.encode(record.state.rawValue, forKey: .state)
        try out.encode(record.droneID, forKey: .droneID)
        try out.encode(record.missionID, forKey: .missionID)
        try out.encode(record.model, forKey: .model)
        try out.encode(record.sessionID, forKey: .sessionID)
        try out.encode(RFC3339.text(record.createdAt), forKey: .createdAt)
        try out.encode(record.startedAt.map(RFC3339.text), forKey: .startedAt)
        try out.encode(record.endedAt.map(RFC3339.text), forKey: .endedAt)
        try out.encode((record.zero ?? record.choices.capturedAt).map(RFC3339.text), forKey: .capturedAt)
        try out.encode(record.length, forKey: .length)
        try out.encode(offset, forKey: .offset)
        try out.encode(record.choices.every, forKey: .every)
        try out.encode(record.choices.fps, forKey: .fps)
        try out.encode(record.choices.overlay, forKey: .overlay)
        try out.encode(record.choices.keep, forKey: .keep)
        try out.encode(SessionOptions(json: record.options), forKey: .options)
        try out.encode(frames, forKey: .frames)
        try out.encode(record.total, forKey: .framesTotal)
        try out.encode(reading?.phase.rawValue, forKey: .phase)
        try out.encode(reading?.phase == .overlay ? reading?.done : nil, forKey: .overlayFrames)
        try out.encode(reading?.rate, forKey: .rate)
        try out.encode(secondsLeft, forKey: .secondsLeft)
        try out.encode(record.failure, forKey: .error)
        try out.encode(record.warning, forKey: .warning)
        try out.encode(links, forKey: .links)
    }

    private var reading: VideoProgress.Reading? {
        if case .running(let reading) = motion, record.state == .running { reading } else { nil }
    }

    /// Of the phase that it is in.
    private var secondsLeft: Double? {
        guard let reading, let rate = reading.rate, rate > 0 else { return nil }
        let all = reading.phase == .overlay ? frames : record.total
        return all.map { Double(max(0, $0 - reading.done)) / rate }
    }

    private var links: [String: String] {
        var links = ["self": "/v1/videos/\(record.id)"]
        if let session = record.sessionID {
            links["session"] = "/v1/sessions/\(session)"
            links["frames"] = "/v1/frames?session=\(session)"
            links["events"] = "/v1/sessions/\(session)/events"
        }
        if record.hasOverlay { links["overlay"] = "/v1/videos/\(record.id)/overlay.mp4" }
        return links
    }
}
