import Foundation

/// Which frames to list; each member narrows, none means all.
public struct FrameQuery: Sendable, Equatable {
    public var session: String?
    public var drone: String?
    public var mission: String?
    public var model: String?
    public var mode: FrameRecord.Mode?
    /// A class by name that occurs in the frame.
    public var className: String?
    /// The least fraction of the frame that `className` covers, 0…1.
    public var minFraction: Double?
    /// Captured at or after.
    public var from: Date?
    /// Captured before.
    public var to: Date?
    /// Frames a page.
    public var limit: Int?
    /// `nextCursor` of the page before.
    public var cursor: String?

    public init(
        session: String? = nil, drone: String? = nil, mission: String? = nil, model: String? = nil,
        mode: FrameRecord.Mode? = nil, className: String? = nil, minFraction: Double? = nil, from: Date? = nil,
        to: Date? = nil, limit: Int? = nil, cursor: String? = nil
    ) {
        self.session = session
        self.drone = drone
        self.mission = mission
        self.model = model
        self.mode = mode
        self.className = className
        self.minFraction = minFraction
        self.from = from
        self.to = to
        self.limit = limit
        self.cursor = cursor
    }

    var items: [(name: String, value: String)] {
        let all: [(name: String, value: String?)] = [
            ("session", session), ("drone", drone), ("mission", mission), ("model", model), ("mode", mode?.rawValue),
            ("class", className), ("min_fraction", minFraction.map { "\($0)" }), ("from", from.map(Wire.format)),
            ("to", to.map(Wire.format)), ("limit", limit.map { "\($0)" }), ("cursor", cursor),
        ]
        return all.compactMap { item in item.value.map { (item.name, $0) } }
    }
}
