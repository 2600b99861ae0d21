import Foundation
import Hummingbird
import NIOCore
import Results

/// An event as clients see it: of a frame its record, of others what they have to say.
struct EventView: Encodable {
    let event: EventRecord

    private enum Key: String, CodingKey {
        case at, reason, sequence, count, model, state, frames
        case sessionID = "session_id"
        case droneID = "drone_id"
        case missionID = "mission_id"
        case lastSequence = "last_sequence"
        case videoID = "video_id"
        case framesTotal = "frames_total"
    }

    func encode(to encoder: any Encoder) throws {
        if let frame = event.frame { return try FrameView(frame: frame).encode(to: encoder) }
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(event.sessionID, forKey: .sessionID)
        try out.encode(event.droneID, forKey: .droneID)
        try out.encode(event.missionID, forKey: .missionID)
        try out.encode(RFC3339.text(event.at), forKey: .at)
        switch event.kind {
        case .frame: break
        case .reset:
            try out.encode(event.reason, forKey: .reason)
            try out.encode(event.sequence, forKey: .sequence)
        case .drop: try out.encode(event.count, forKey: .count)
        case .begun: try out.encode(event.name, forKey: .model)
        case .idle, .ended:
            try out.encode(event.reason, forKey: .reason)
            try out.encode(event.sequence, forKey: .lastSequence)
        case .resumed: try out.encode(event.sequence, forKey: .lastSequence)
        case .video:
            try out.encode(event.name, forKey: .videoID)
            try out.encode(event.reason, forKey: .state)
            try out.encode(event.count, forKey: .frames)
            try out.encode(event.sequence, forKey: .framesTotal)
        }
    }

    /// As `text/event-stream` has it (HTML, 9.2.6).
    var message: ByteBuffer { Self.message(event.kind.rawValue, id: event.cursor, data: Response.encoded(self)) }

    /// The events after a cursor are no longer kept: what happened has to be asked for.
    static func lost(after cursor: Int64, oldest: Int64) -> ByteBuffer {
        message("lost", id: oldest - 1, data: Response.encoded(["after": cursor, "oldest": oldest]))
    }

    private static func message(_ name: String, id: Int64, data: Data) -> ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(name)\nid: \(id)\ndata: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
        return buffer
    }
}
