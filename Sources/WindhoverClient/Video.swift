import Foundation

/// A video file that a server runs as a job.
public struct Video: Codable, Sendable, Equatable, Identifiable {
    public struct State: RawRepresentable, Codable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Not all of the file is there yet.
        public static let uploading = State(rawValue: "uploading")
        /// Waits for its turn.
        public static let queued = State(rawValue: "queued")
        public static let running = State(rawValue: "running")
        public static let done = State(rawValue: "done")
        public static let failed = State(rawValue: "failed")
        public static let cancelled = State(rawValue: "cancelled")
    }

    public var id: String
    public var name: String?
    public var state: State
    /// Of a running one: `frames`, or `overlay`.
    public var phase: String?
    /// Its session, once it has begun.
    public var sessionID: String?
    public var model: String
    /// Bytes of the file, and how many of them are there.
    public var length: Int?
    public var offset: Int
    /// Frames that are stored, and how many there will be, as far as the container tells.
    public var frames: Int
    public var framesTotal: Int?
    /// Frames of the overlay that are drawn.
    public var overlayFrames: Int?
    /// Frames a second, and seconds that are left at that rate.
    public var rate: Double?
    public var secondsLeft: Double?
    /// Why it failed.
    public var error: String?
    /// What was not as it should be all the same.
    public var warning: String?
    /// Paths of what can be asked for, `overlay` among them when it is made.
    public var links: [String: String]?

    /// Whether nothing more will happen.
    public var isOver: Bool { [.done, .failed, .cancelled].contains(state) }

    enum CodingKeys: String, CodingKey {
        case id, name, state, phase, model, length, offset, frames, rate, error, warning, links
        case sessionID = "session_id"
        case framesTotal = "frames_total"
        case overlayFrames = "overlay_frames"
        case secondsLeft = "seconds_left"
    }
}

/// How a video file is to be run; nil leaves a choice to the server.
public struct VideoRequest: Sendable, Equatable {
    public var name: String?
    public var droneID: String?
    public var missionID: String?
    /// By name; nil takes the server's default.
    public var model: String?
    /// When the video begins; nil: as the file says, else now.
    public var capturedAt: Date?
    /// Every how many-th frame is run.
    public var every: Int?
    /// Frames of each second that are run at most.
    public var fps: Double?
    /// Whether an MP4 of the overlays is made.
    public var overlay: Bool?
    /// Whether the server keeps the file.
    public var keep: Bool?
    public var options: SessionOptions

    public init(
        name: String? = nil, droneID: String? = nil, missionID: String? = nil, model: String? = nil,
        capturedAt: Date? = nil, every: Int? = nil, fps: Double? = nil, overlay: Bool? = nil, keep: Bool? = nil,
        options: SessionOptions = SessionOptions()
    ) {
        self.name = name
        self.droneID = droneID
        self.missionID = missionID
        self.model = model
        self.capturedAt = capturedAt
        self.every = every
        self.fps = fps
        self.overlay = overlay
        self.keep = keep
        self.options = options
    }

    /// As the request's query has it.
    var query: [(name: String, value: String)] {
        get throws {
            var query: [(name: String, value: String)] = []
            func add(_ name: String, _ value: String?) {
                if let value { query.append((name, value)) }
            }
            add("name", name)
            add("drone", droneID)
            add("mission", missionID)
            add("model", model)
            add("captured_at", capturedAt.map(Wire.format))
            add("every", every.map(String.init))
            add("fps", fps.map { "\($0)" })
            add("overlay", overlay.map { "\($0)" })
            add("keep", keep.map { "\($0)" })
            let chosen = try JSONSerialization.jsonObject(with: Wire.encoder.encode(options)) as? [String: Any] ?? [:]
            for (name, value) in chosen.sorted(by: { $0.key < $1.key }) {
                let isFlag = ["store_masks"].contains(name)
                add(name, isFlag ? "\((value as? Bool) ?? true)" : "\(value)")
            }
            return query
        }
    }
}
