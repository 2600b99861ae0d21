import Foundation
import Results

/// A frame's record as clients see it.
///
/// Absent values are null, not missing.
struct FrameView: Encodable {
    let frame: FrameRecord
    /// Members that are asked for; nil: all.
    var only: Set<String>? = nil

    /// What a frame's record has.
    static var members: [String] { Key.allCases.map(\.rawValue) }

    private enum Key: String, CodingKey, CaseIterable {
        case id, sequence, epoch, model, width, height, mode, reason, keyframe, registration, position, telemetry
        case classes, links, pictures
        case sessionID = "session_id"
        case droneID = "drone_id"
        case missionID = "mission_id"
        case modelVersion = "model_version"
        case capturedAt = "captured_at"
        case receivedAt = "received_at"
        case gapFrames = "gap_frames"
        case gapMs = "gap_ms"
        case similarityMean = "similarity_mean"
        case changedFraction = "changed_fraction"
        case stageMs = "stage_ms"
    }

    func encode(to encoder: any Encoder) throws {
        var out = ChosenMembers(encoder.container(keyedBy: Key.self), only: only)
        try out.encode(frame.id, forKey: .id)
        try out.encode(frame.sessionID, forKey: .sessionID)
        try out.encode(frame.sequence, forKey: .sequence)
        try out.encode(frame.droneID, forKey: .droneID)
        try out.encode(frame.missionID, forKey: .missionID)
        try out.encode(frame.model, forKey: .model)
        try out.encode(frame.modelVersion, forKey: .modelVersion)
        try out.encode(RFC3339.text(frame.capturedAt), forKey: .capturedAt)
        try out.encode(RFC3339.text(frame.receivedAt), forKey: .receivedAt)
        try out.encode(frame.width, forKey: .width)
        try out.encode(frame.height, forKey: .height)
        try out.encode(frame.mode, forKey: .mode)
        try out.encode(frame.reason, forKey: .reason)
        try out.encode(frame.isKeyframe, forKey: .keyframe)
        try out.encode(frame.epoch, forKey: .epoch)
        try out.encode(frame.gapFrames, forKey: .gapFrames)
        try out.encode(frame.gapMs, forKey: .gapMs)
        try out.encode(frame.registration.map(RegistrationView.init), forKey: .registration)
        try out.encode(frame.similarityMean, forKey: .similarityMean)
        try out.encode(frame.changedFraction, forKey: .changedFraction)
        try out.encode(PositionView(frame), forKey: .position)
        try out.encode(TelemetryView(frame), forKey: .telemetry)
        try out.encode(frame.classes, forKey: .classes)
        try out.encode(frame.stageMs, forKey: .stageMs)
        try out.encode(links, forKey: .links)
        try out.encode(pictures, forKey: .pictures)
    }

    private var pictures: String {
        if let reason = frame.withheld { return "not-stored-\(reason)" }
        return frame.mask == nil && frame.image == nil ? "not-stored" : "stored"
    }

    /// What can be asked for: a picture that was not stored has no link.
    private var links: [String: String] {
        let path = "/v1/frames/\(frame.id)"
        var links = ["self": path]
        if frame.mask != nil {
            for name in ["mask", "rle", "polygons"] { links[name] = "\(path)/\(name)" }
            if frame.footprint != nil { links["ground"] = "\(path)/polygons?on=ground" }
            if frame.image != nil { links["overlay"] = "\(path)/overlay" }
        }
        if frame.image != nil { links["image"] = "\(path)/image" }
        if frame.similarity != nil { links["similarity"] = "\(path)/similarity" }
        return links
    }

    private struct RegistrationView: Encodable {
        let registration: FrameRecord.Registration

        private enum Key: String, CodingKey { case method, ok, matches, inliers, homography }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            try out.encode(registration.method, forKey: .method)
            try out.encode(registration.ok, forKey: .ok)
            try out.encode(registration.matches, forKey: .matches)
            try out.encode(registration.inliers, forKey: .inliers)
            try out.encode(registration.homography, forKey: .homography)
        }
    }
}

/// Writes members that are asked for, and passes over the others.
private struct ChosenMembers<Key: CodingKey> {
    private var container: KeyedEncodingContainer<Key>
    private let only: Set<String>?

    init(_ container: KeyedEncodingContainer<Key>, only: Set<String>?) {
        self.container = container
        self.only = only
    }

    mutating func encode(_ value: some Encodable, forKey key: Key) throws {
        if only?.contains(key.stringValue) ?? true { try container.encode(value, forKey: key) }
    }
}

/// A page of anything.
struct ListView<Item: Encodable>: Encodable {
    let items: [Item]
    let nextCursor: String?

    private enum Key: String, CodingKey {
        case items
        case nextCursor = "next_cursor"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(items, forKey: .items)
        try out.encode(nextCursor, forKey: .nextCursor)
    }
}
