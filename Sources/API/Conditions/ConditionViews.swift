import Conditions
import Foundation
import Hummingbird
import Results

/// A session's conditions as clients see them: as they were given, secrets left out, and how far each has come.
struct ConditionsView: Encodable {
    let evaluator: ConditionEvaluator

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(evaluator.set.conditions.map { Condition.Form(condition: $0) }, forKey: .conditions)
        try out.encode(evaluator.set.webhook.map { Webhook.Form(webhook: $0) }, forKey: .webhook)
        try out.encode(
            evaluator.set.conditions.map { condition in
                StateView(
                    condition: condition, webhook: evaluator.set.webhook(for: condition),
                    progress: evaluator.state.progress[condition.name])
            }, forKey: .states)
    }

    private enum Key: String, CodingKey { case conditions, webhook, states }

    private struct StateView: Encodable {
        let condition: Condition
        /// Whom it calls.
        let webhook: Webhook?
        let progress: ConditionState.Progress?

        private enum Key: String, CodingKey {
            case name, raised, webhook, signed
            case raisedAt = "raised_at"
            case raisedSequence = "raised_sequence"
        }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            try out.encode(condition.name, forKey: .name)
            try out.encode(progress?.isRaised ?? false, forKey: .raised)
            let raisedAt = progress?.raisedAt.map { RFC3339.text(Date(microseconds: $0)) }
            try out.encode(raisedAt, forKey: .raisedAt)
            try out.encode(progress?.raisedSequence, forKey: .raisedSequence)
            try out.encode(webhook?.url, forKey: .webhook)
            try out.encode(webhook?.secret != nil, forKey: .signed)
        }
    }
}

/// A webhook's call as clients see it: not what was said, but whether it was heard.
struct DeliveryView: Encodable {
    let delivery: DeliveryRecord

    private enum Key: String, CodingKey {
        case id, event, condition, sequence, url, state, attempts, status, reason
        case sessionID = "session_id"
        case createdAt = "created_at"
        case attemptedAt = "attempted_at"
        case nextAt = "next_attempt_at"
        case settledAt = "settled_at"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(delivery.id, forKey: .id)
        try out.encode(delivery.sessionID, forKey: .sessionID)
        try out.encode(delivery.kind.rawValue, forKey: .event)
        try out.encode(delivery.condition, forKey: .condition)
        try out.encode(delivery.sequence, forKey: .sequence)
        try out.encode(delivery.url, forKey: .url)
        try out.encode(delivery.state.rawValue, forKey: .state)
        try out.encode(delivery.attempts, forKey: .attempts)
        try out.encode(RFC3339.text(delivery.createdAt), forKey: .createdAt)
        try out.encode(delivery.attemptedAt.map(RFC3339.text), forKey: .attemptedAt)
        try out.encode(delivery.nextAt.map(RFC3339.text), forKey: .nextAt)
        try out.encode(delivery.settledAt.map(RFC3339.text), forKey: .settledAt)
        try out.encode(delivery.status, forKey: .status)
        try out.encode(delivery.reason, forKey: .reason)
    }
}

/// What is said to a webhook, in the form that Standard Webhooks recommends.
package struct CallView: Encodable {
    private let event: EventRecord

    /// JSON; `event` is a condition's, with its frame.
    @Sendable package static func body(_ event: EventRecord) -> String {
        String(decoding: Response.encoded(CallView(event: event)), as: UTF8.self)
    }

    private enum Key: String, CodingKey { case type, timestamp, data }

    package func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(event.kind.rawValue.replacing("-", with: "."), forKey: .type)
        try out.encode(RFC3339.text(event.frame?.capturedAt ?? event.at), forKey: .timestamp)
        try out.encode(DataView(event: event), forKey: .data)
    }

    private struct DataView: Encodable {
        let event: EventRecord

        private enum Key: String, CodingKey {
            case at, condition, frame
            case sessionID = "session_id"
            case droneID = "drone_id"
            case missionID = "mission_id"
        }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            try out.encode(event.sessionID, forKey: .sessionID)
            try out.encode(event.droneID, forKey: .droneID)
            try out.encode(event.missionID, forKey: .missionID)
            try out.encode(event.name, forKey: .condition)
            try out.encode(RFC3339.text(event.at), forKey: .at)
            try out.encode(event.frame.map { FrameView(frame: $0) }, forKey: .frame)
        }
    }
}
