import Foundation

/// One video stream of one drone, as the server keeps it.
public struct Session: Codable, Sendable, Equatable, Identifiable {
    public struct State: RawRepresentable, Codable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Takes frames.
        public static let active = State(rawValue: "active")
        /// No frame came for too long; the next one, or a reset, brings it back.
        public static let idle = State(rawValue: "idle")
        /// Over.
        public static let ended = State(rawValue: "ended")
    }

    public var id: String
    public var droneID: String?
    public var missionID: String?
    public var model: String
    public var modelVersion: String
    public var state: State
    /// Why it is idle or ended.
    public var endReason: String?
    public var createdAt: Date
    public var lastFrameAt: Date?
    /// The highest sequence number stored; nil before the first frame.
    public var lastSequence: Int?
    /// The number that the next frame should have.
    public var nextSequence: Int?
    /// How many frames are stored.
    public var frames: Int?
    /// How often the prediction carried along broke off so far.
    public var epoch: Int?
    /// Memory of the prediction carried along.
    public var stateBytes: Int?
    /// As accepted, with defaults filled in.
    public var options: SessionOptions?

    enum CodingKeys: String, CodingKey {
        case id, model, state, frames, epoch, options
        case droneID = "drone_id"
        case missionID = "mission_id"
        case modelVersion = "model_version"
        case endReason = "end_reason"
        case createdAt = "created_at"
        case lastFrameAt = "last_frame_at"
        case lastSequence = "last_sequence"
        case nextSequence = "next_sequence"
        case stateBytes = "state_bytes"
    }
}

/// How a session treats its frames; nil leaves a choice to the server.
public struct SessionOptions: Codable, Sendable, Equatable {
    /// `model` (as the model's bundle says) or `none` (each frame alone).
    public var propagation: String?
    /// How camera motion is found where no homography comes with a frame: `klt`, `orb`, `akaze` or `identity`.
    public var registration: String?
    /// When it is not found: `reset` (start again) or `identity` (go on as if the camera had stood still).
    public var onRegistrationLoss: String?
    /// Milliseconds between frames beyond which the previous prediction is no longer believed.
    public var maxGapMs: Int?
    /// Seconds without a frame after which the session becomes idle.
    public var idleTimeoutS: Int?
    /// Frames that come late: `reject`, or `stateless` (segment them alone).
    public var late: String?
    /// Frames that come too fast: `reject`, or `drop-oldest` for live video.
    public var overflow: String?
    /// How the prediction carried along is kept: `float32` or `float16`.
    public var statePrecision: String?
    /// Which frames the image model sees: `every` one, or, `adaptive`, key frames only.
    public var cadence: String?
    /// With adaptive cadence: at least every so many frames.
    public var keyframeInterval: Int?
    /// With adaptive cadence: any frame for more than this fraction of which the carried prediction does not hold, 0…1.
    public var refreshFraction: Double?
    public var storeMasks: Bool?
    /// `none`, `preview` or `original`.
    public var storeImages: String?
    /// After a restart of the server, or idle time: `warm` (go on from stored frames) or `cold` (begin anew).
    public var resume: String?

    public init(
        propagation: String? = nil, registration: String? = nil, onRegistrationLoss: String? = nil,
        maxGapMs: Int? = nil, idleTimeoutS: Int? = nil, late: String? = nil, overflow: String? = nil,
        statePrecision: String? = nil, cadence: String? = nil,
        keyframeInterval: Int? = nil, refreshFraction: Double? = nil, storeMasks: Bool? = nil,
        storeImages: String? = nil, resume: String? = nil
    ) {
        self.propagation = propagation
        self.registration = registration
        self.onRegistrationLoss = onRegistrationLoss
        self.maxGapMs = maxGapMs
        self.idleTimeoutS = idleTimeoutS
        self.late = late
        self.overflow = overflow
        self.statePrecision = statePrecision
        self.cadence = cadence
        self.keyframeInterval = keyframeInterval
        self.refreshFraction = refreshFraction
        self.storeMasks = storeMasks
        self.storeImages = storeImages
        self.resume = resume
    }

    enum CodingKeys: String, CodingKey {
        case propagation, registration, late, overflow, cadence, resume
        case onRegistrationLoss = "on_registration_loss"
        case maxGapMs = "max_gap_ms"
        case idleTimeoutS = "idle_timeout_s"
        case statePrecision = "state_precision"
        case keyframeInterval = "keyframe_interval"
        case refreshFraction = "refresh_fraction"
        case storeMasks = "store_masks"
        case storeImages = "store_images"
    }
}

/// What a new session shall be.
public struct SessionRequest: Encodable, Sendable, Equatable {
    public var droneID: String?
    public var missionID: String?
    /// By name; nil takes the server's default.
    public var model: String?
    public var options: SessionOptions

    public init(
        droneID: String? = nil, missionID: String? = nil, model: String? = nil,
        options: SessionOptions = SessionOptions()
    ) {
        self.droneID = droneID
        self.missionID = missionID
        self.model = model
        self.options = options
    }

    enum CodingKeys: String, CodingKey {
        case model
        case droneID = "drone_id"
        case missionID = "mission_id"
    }

    /// The options stand beside the other members, not in an object of their own.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(droneID, forKey: .droneID)
        try container.encodeIfPresent(missionID, forKey: .missionID)
        try container.encodeIfPresent(model, forKey: .model)
        try options.encode(to: encoder)
    }
}
