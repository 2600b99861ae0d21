import Foundation

/// Which frames to list; each member narrows, none means all.
public struct FrameQuery: Sendable, Equatable {
    /// A class by name, seen in a frame.
    public struct ClassShare: Sendable, Equatable {
        public var name: String
        /// The least fraction of the frame, 0…1.
        public var minFraction: Double

        public init(_ name: String, minFraction: Double = 0) {
            self.name = name
            self.minFraction = minFraction
        }
    }

    /// WGS 84 degrees, edges included; `west` above `east` lies across the antimeridian (RFC 7946, section 5.2).
    public struct Box: Sendable, Equatable {
        public var west: Double
        public var south: Double
        public var east: Double
        public var north: Double

        public init(west: Double, south: Double, east: Double, north: Double) {
            self.west = west
            self.south = south
            self.east = east
            self.north = north
        }
    }

    public enum Order: String, Sendable {
        case newestFirst = "-captured_at"
        case oldestFirst = "captured_at"
    }

    /// Of any of these; likewise below.
    public var sessions: [String]
    public var drones: [String] = []
    public var missions: [String] = []
    public var models: [String] = []
    public var modes: [FrameRecord.Mode] = []
    /// Why a frame was not propagated; `none`: frames that give no reason.
    public var reasons: [String] = []
    /// Methods of registration; `none`: frames for which none was done.
    public var registrations: [String] = []
    /// Registration was found, or lost.
    public var registrationOK: Bool?
    /// Classes that are all seen, or one of which is with `anyClass`.
    public var classes: [ClassShare] = []
    public var anyClass = false
    /// Mean similarity, 0…1, both ends included; frames without one do not fit.
    public var minSimilarity: Double?
    public var maxSimilarity: Double?
    /// Changed fraction, 0…1, likewise.
    public var minChanged: Double?
    public var maxChanged: Double?
    /// Where the camera was.
    public var box: Box?
    /// Captured at or after.
    public var from: Date?
    /// Captured before.
    public var to: Date?
    public var order: Order = .newestFirst
    /// Frames a page.
    public var limit: Int?
    /// `nextCursor` of the page before.
    public var cursor: String?

    public init(sessions: [String] = [], limit: Int? = nil) {
        self.sessions = sessions
        self.limit = limit
    }

    var items: [(name: String, value: String)] {
        func list(_ words: [String]) -> String? { words.isEmpty ? nil : words.joined(separator: ",") }
        func number(_ value: (some CustomStringConvertible)?) -> String? { value.map { $0.description } }
        let all: [(name: String, value: String?)] = [
            ("session", list(sessions)), ("drone", list(drones)), ("mission", list(missions)), ("model", list(models)),
            ("mode", list(modes.map(\.rawValue))), ("reason", list(reasons)), ("registration", list(registrations)),
            ("registration_ok", number(registrationOK)), ("class", list(classes.map(\.name))),
            (
                "min_fraction",
                classes.contains { $0.minFraction > 0 } ? list(classes.map { String($0.minFraction) }) : nil
            ),
            ("class_match", anyClass && !classes.isEmpty ? "any" : nil), ("min_similarity", number(minSimilarity)),
            ("max_similarity", number(maxSimilarity)), ("min_changed", number(minChanged)),
            ("max_changed", number(maxChanged)),
            ("bbox", box.map { list([$0.west, $0.south, $0.east, $0.north].map { String($0) })! }),
            ("from", from.map(Wire.format)), ("to", to.map(Wire.format)),
            ("sort", order == .newestFirst ? nil : order.rawValue), ("limit", number(limit)), ("cursor", cursor),
        ]
        return all.compactMap { item in item.value.map { (item.name, $0) } }
    }
}
