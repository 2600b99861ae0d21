import Foundation

/// A video file that was, or is being, uploaded, and what has become of it.
package struct VideoRecord: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        /// Not all of the file is here yet.
        case uploading
        /// Waits for its turn.
        case queued
        /// Its frames are run, or its overlay is made.
        case running
        case done, failed, cancelled

        /// Nothing more will happen.
        package var isFinal: Bool { [.done, .failed, .cancelled].contains(self) }
    }

    /// What its sender chose beside the session's options.
    package struct Choices: Sendable, Equatable, Codable {
        /// Every how many-th frame is run.
        package var every = 1
        /// Frames of each second that are run at most; nil: all.
        package var fps: Double?
        /// Whether an MP4 of the overlays is made.
        package var overlay = false
        /// Whether the file is kept when the job is over.
        package var keep = false
        /// Captured-at of the video's time zero, where its sender gave it.
        package var capturedAt: Date?

        package init() {}
    }

    /// UUIDv7, lower case.
    package var id: String
    /// The file's name, as its sender has it.
    package var name: String?
    package var droneID: String?
    package var missionID: String?
    package var model: String
    /// Of the session that runs it: a JSON object.
    package var options: String
    package var choices: Choices
    package var createdAt: Date
    /// Bytes of the file; nil where its sender did not say.
    package var length: Int?
    package var state: State
    /// The session that runs it; nil until it begins.
    package var sessionID: String?
    package var startedAt: Date?
    package var endedAt: Date?
    /// Captured-at of the video's time zero, as used.
    package var zero: Date?
    /// Frames that will be run, as far as the container tells.
    package var total: Int?
    /// Frames that were run, when it is over.
    package var frames: Int?
    /// Why it failed.
    package var failure: String?
    /// What was not as it should be, though it did not fail.
    package var warning: String?
    /// Whether its overlay can be had.
    package var hasOverlay = false

    package init(
        id: String, name: String? = nil, droneID: String? = nil, missionID: String? = nil, model: String,
        options: String = "{}", choices: Choices = Choices(), createdAt: Date, length: Int? = nil,
        state: State = .uploading
    ) {
        self.id = id
        self.name = name
        self.droneID = droneID
        self.missionID = missionID
        self.model = model
        self.options = options
        self.choices = choices
        self.createdAt = createdAt
        self.length = length
        self.state = state
    }
}

/// Which videos a list shows; every member narrows.
package struct VideoQuery: Sendable, Equatable {
    package var drone: String?
    package var mission: String?
    package var state: VideoRecord.State?
    package var limit = 100
    package var cursor: String?

    package init() {}
}

/// The log of video files and their jobs.
///
/// A call that returns has made its change durable.
package protocol VideoStore: Sendable {
    func insert(_ video: VideoRecord) async throws
    func video(_ id: String) async throws -> VideoRecord?
    /// Newest first; filters are exact.
    func videos(_ query: VideoQuery) async throws -> Page<VideoRecord>
    /// Those to which something will still happen, the oldest first.
    func openVideos() async throws -> [VideoRecord]
    /// Writes what may change of a video: everything but what its sender said.
    func update(_ video: VideoRecord) async throws
    /// Forgets a video; its session and frames stay.
    func removeVideo(_ id: String) async throws
}
