import Foundation

/// What was seen in a frame, and how.
public struct FrameRecord: Codable, Sendable, Equatable, Identifiable {
    /// How a frame was segmented.
    public struct Mode: RawRepresentable, Codable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The first frame of a session, on its own.
        public static let cold = Mode(rawValue: "cold")
        /// Together with what was carried along from the frames before.
        public static let propagated = Mode(rawValue: "propagated")
        /// On its own, because what was carried along could not be used; `reason` says why.
        public static let reset = Mode(rawValue: "reset")
        /// On its own, as one that came late or was asked for so.
        public static let stateless = Mode(rawValue: "stateless")
        /// What was carried along, alone: the image model did not see the frame (adaptive cadence).
        public static let carried = Mode(rawValue: "carried")
    }

    public struct Registration: Codable, Sendable, Equatable {
        public var method: String
        public var ok: Bool
        public var matches: Int?
        public var inliers: Int?
        /// Row-major, previous frame → this one, in pixels; nil where it was not found.
        public var homography: [Double]?
    }

    public struct ClassShare: Codable, Sendable, Equatable {
        /// The class's pixel value in masks.
        public var value: Int
        public var name: String
        public var pixels: Int
        /// Of the whole frame, 0…1.
        public var fraction: Double
    }

    /// Paths on the server; nil where a form was not stored.
    public struct Links: Codable, Sendable, Equatable {
        public var mask: String?
        public var overlay: String?
        public var image: String?
        public var similarity: String?
        public var rle: String?
        public var polygons: String?
        /// The mask's polygons on the map.
        public var ground: String?
    }

    public var id: String
    public var sessionID: String
    public var sequence: Int
    public var capturedAt: Date
    public var receivedAt: Date
    public var droneID: String?
    public var missionID: String?
    public var model: String
    public var modelVersion: String
    /// Pixels.
    public var width: Int
    public var height: Int
    public var mode: Mode
    /// Why the mode is not `propagated`, such as `gap`, `size` or `registration`; `resume` where it is, from stored frames.
    public var reason: String?
    /// Whether the image model saw the frame.
    public var keyframe: Bool?
    /// How often the prediction carried along broke off before this frame.
    public var epoch: Int?
    /// Sequence numbers skipped before this one.
    public var gapFrames: Int?
    /// Milliseconds since the frame before.
    public var gapMs: Int?
    public var registration: Registration?
    /// 0…1; nil where nothing was carried along.
    public var similarityMean: Double?
    /// Fraction of pixels whose class is another than the carried-along one; nil where nothing was.
    public var changedFraction: Double?
    /// The part of `telemetry` that says where the camera was.
    public var position: Position?
    /// Nil where nothing was told of the camera.
    public var telemetry: FrameTelemetry?
    public var classes: [ClassShare]
    /// Stage → milliseconds.
    public var stageMs: [String: Double]?
    public var links: Links?

    enum CodingKeys: String, CodingKey {
        case id, sequence, epoch, model, width, height, mode, reason, keyframe, registration, position, telemetry
        case classes, links
        case sessionID = "session_id"
        case capturedAt = "captured_at"
        case receivedAt = "received_at"
        case droneID = "drone_id"
        case missionID = "mission_id"
        case modelVersion = "model_version"
        case gapFrames = "gap_frames"
        case gapMs = "gap_ms"
        case similarityMean = "similarity_mean"
        case changedFraction = "changed_fraction"
        case stageMs = "stage_ms"
    }
}

/// Where a camera was: degrees WGS 84, metres above sea level, degrees clockwise from north.
public struct Position: Codable, Sendable, Equatable {
    public var lat: Double?
    public var lon: Double?
    public var altM: Double?
    public var headingDeg: Double?

    public init(lat: Double? = nil, lon: Double? = nil, altM: Double? = nil, headingDeg: Double? = nil) {
        self.lat = lat
        self.lon = lon
        self.altM = altM
        self.headingDeg = headingDeg
    }

    enum CodingKeys: String, CodingKey {
        case lat, lon
        case altM = "alt_m"
        case headingDeg = "heading_deg"
    }
}
