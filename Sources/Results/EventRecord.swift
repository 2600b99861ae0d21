import Foundation

/// Something that happened to a session, for those who listen.
package struct EventRecord: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A frame was stored.
        case frame
        /// The temporal state was dropped, and why.
        case reset
        /// Frames gave way to newer ones.
        case drop
        case begun = "session-begun"
        case idle = "session-idle"
        case resumed = "session-resumed"
        case ended = "session-ended"
        /// How far the job of a video file has come.
        case video

        init(_ state: SessionRecord.State) {
            switch state {
            case .active: self = .resumed
            case .idle: self = .idle
            case .ended: self = .ended
            }
        }
    }

    /// Its place in the order of commits; 0 until it is stored.
    package var cursor: Int64 = 0
    package var kind: Kind
    package var sessionID: String
    /// The session's, as read.
    package var droneID: String?
    package var missionID: String?
    package var at: Date
    /// Of kind `frame`, as read.
    package var frame: FrameRecord?
    /// Why; of a video its job's state.
    package var reason: String?
    /// Of the frame it has to do with, or the session's last; of a video how many frames there will be.
    package var sequence: Int?
    /// Frames that were dropped since the last stored one; of a video, frames that were run.
    package var count: Int?
    /// Of the model of a session that began; of a video its id.
    package var name: String?

    package init(
        kind: Kind, sessionID: String, at: Date, reason: String? = nil, sequence: Int? = nil, count: Int? = nil,
        name: String? = nil
    ) {
        self.kind = kind
        self.sessionID = sessionID
        self.at = at
        self.reason = reason
        self.sequence = sequence
        self.count = count
        self.name = name
    }
}

/// Which events somebody listens to.
///
/// Every member narrows; none given means all.
package struct EventQuery: Sendable, Equatable {
    package var session: String?
    package var drone: String?
    package var mission: String?
    /// Empty: all.
    package var kinds: Set<EventRecord.Kind> = []

    package init() {}
}

/// Events after a cursor, the oldest first.
package struct EventPage: Sendable {
    package var events: [EventRecord]
    /// Everything up to here has been looked at: where to go on.
    package var through: Int64
    /// The oldest event that is kept, where those right after the cursor are not: there is a hole.
    package var oldestAfterHole: Int64?
}
