import Foundation

/// A webhook's call that is to be made, or was.
package struct DeliveryRecord: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        case waiting
        /// The target has taken it.
        case delivered
        /// It was given up.
        case dropped
    }

    /// UUIDv7: what tells its receiver that it is the same as before.
    package var id: String
    package var sessionID: String
    /// Of the event that it tells of.
    package var kind: EventRecord.Kind
    package var condition: String
    /// Of the frame that it has to do with.
    package var sequence: Int
    package var url: String
    /// Nil: it is not signed, or settled.
    package var secret: String?
    /// JSON, the same in every attempt.
    package var body: String
    package var createdAt: Date
    package private(set) var state = State.waiting
    package var attempts = 0
    package var attemptedAt: Date?
    /// Of the next attempt; nil where there is none to be.
    package var nextAt: Date?
    package private(set) var settledAt: Date?
    /// HTTP's, of the last answer.
    package var status: Int?
    /// Why the last attempt failed, or why it was given up.
    package var reason: String?

    package init(
        id: String, sessionID: String, kind: EventRecord.Kind, condition: String, sequence: Int, url: String,
        secret: String?, body: String, createdAt: Date
    ) {
        self.id = id
        self.sessionID = sessionID
        self.kind = kind
        self.condition = condition
        self.sequence = sequence
        self.url = url
        self.secret = secret
        self.body = body
        self.createdAt = createdAt
        nextAt = createdAt
    }

    /// Its last word.
    package mutating func settle(_ state: State, at time: Date) {
        self.state = state
        settledAt = time
        nextAt = nil
        secret = nil
    }

    init(_ row: inout RowReader) {
        id = row.next()
        sessionID = row.next()
        // Written by this program alone, and no newer one's database is opened.
        kind = EventRecord.Kind(rawValue: row.next())!
        condition = row.next()
        sequence = row.next()
        url = row.next()
        secret = row.next()
        body = row.next()
        createdAt = row.date()
        state = State(rawValue: row.next())!
        attempts = row.next()
        attemptedAt = row.optionalDate()
        nextAt = row.optionalDate()
        settledAt = row.optionalDate()
        status = row.next()
        reason = row.next()
    }
}

/// Which deliveries of a session are asked for, newest first.
package struct DeliveryQuery: Sendable, Equatable {
    package var session: String
    package var state: DeliveryRecord.State?
    package var limit = 100
    package var cursor: String?

    package init(session: String) {
        self.session = session
    }
}

/// A session's conditions as the store keeps them: JSON that it does not look into.
package struct StoredConditions: Sendable, Equatable {
    package var rules: String
    /// How far they have come with the session's newest frame.
    package var state: String

    package init(rules: String, state: String) {
        self.rules = rules
        self.state = state
    }
}

/// What comes of a frame beside its row, written in the same transaction.
package struct FrameConsequences: Sendable {
    package var events: [EventRecord] = []
    /// Nil: the session has no conditions, or the frame does not change how far they have come.
    package var conditionState: String?
    package var deliveries: [DeliveryRecord] = []

    package init(events: [EventRecord] = []) {
        self.events = events
    }
}
