import Foundation

/// A session as the store keeps it: what was asked for, and how far it came.
///
/// The temporal state itself is never stored.
package struct SessionRecord: Sendable, Equatable, Codable {
    /// UUIDv7, lower case.
    package var id: String
    package var droneID: String?
    package var missionID: String?
    package var model: String
    package var modelVersion: String
    /// The options as accepted, defaults filled in: a JSON object.
    package var options: String
    package var createdAt: Date
    /// When the newest frame was received.
    package var lastFrameAt: Date?
    /// The highest sequence number stored; nil before the first frame.
    package var lastSequence: Int?
    package var frames: Int
    /// Of the newest frame: how often the temporal state broke off so far.
    package var epoch: Int
    package var state: State
    /// Why the session is idle or ended, such as `idle-timeout` or `client`.
    package var endReason: String?
    package var endedAt: Date?

    package enum State: String, Sendable, Codable, CaseIterable {
        case active, idle, ended
    }

    package init(
        id: String, droneID: String? = nil, missionID: String? = nil, model: String, modelVersion: String,
        options: String = "{}", createdAt: Date, lastFrameAt: Date? = nil, lastSequence: Int? = nil, frames: Int = 0,
        epoch: Int = 0, state: State = .active, endReason: String? = nil, endedAt: Date? = nil
    ) {
        self.id = id
        self.droneID = droneID
        self.missionID = missionID
        self.model = model
        self.modelVersion = modelVersion
        self.options = options
        self.createdAt = createdAt
        self.lastFrameAt = lastFrameAt
        self.lastSequence = lastSequence
        self.frames = frames
        self.epoch = epoch
        self.state = state
        self.endReason = endReason
        self.endedAt = endedAt
    }
}
