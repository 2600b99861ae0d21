import Conditions
import Foundation
import Results

extension VideoSession {
    /// What it is to tell of, and how far that has come with the newest stored frame.
    package var conditions: ConditionEvaluator { evaluator }

    /// Replaces its conditions, from the next frame on that is stored; gives what is in force.
    ///
    /// Throws where it has ended, or where they could not be stored: then nothing has changed.
    package func setConditions(_ set: ConditionSet) async throws(SessionFault) -> ConditionEvaluator {
        if let fault = gone(), case .ended = fault { throw fault }
        await writing.enter(id, at: services.clock.uptime())
        defer { writing.leave() }
        let next = evaluator.replaced(by: set.keepingSecrets(of: evaluator.set))
        let row = set.isEmpty ? nil : StoredConditions(rules: next.set.json, state: next.state.json)
        try await stored { try await $0.setConditions(row, session: self.id) }
        evaluator = next
        return next
    }

    /// Shows a frame that is about to be stored to the conditions, and adds what is to be told of it.
    nonisolated func judge(
        _ frame: FrameRecord, by evaluator: inout ConditionEvaluator, _ consequences: inout FrameConsequences
    ) {
        for change in evaluator.evaluate(frame) where change.isRaised || change.condition.tellsCleared {
            var event = EventRecord(
                kind: change.isRaised ? .conditionRaised : .conditionCleared, sessionID: id, at: frame.receivedAt,
                sequence: frame.sequence, name: change.condition.name)
            event.droneID = droneID
            event.missionID = missionID
            event.frame = frame
            consequences.events.append(event)
            guard let callBody = services.callBody, let webhook = evaluator.set.webhook(for: change.condition)
            else { continue }
            let now = services.clock.now()
            consequences.deliveries.append(
                DeliveryRecord(
                    id: UUIDv7.make(now: now), sessionID: id, kind: event.kind, condition: change.condition.name,
                    sequence: frame.sequence, url: webhook.url, secret: webhook.secret,
                    body: callBody(event), createdAt: now))
        }
        consequences.conditionState = evaluator.state.json
    }
}

extension FrameRecord {
    /// The record as it will be with these pictures, but for where they will lie: for who is told of it before.
    func withPlaces(for pictures: FramePictures) -> FrameRecord {
        func place(_ picture: [UInt8]?) -> StoredBlob? {
            picture.map { StoredBlob(file: "", offset: 0, length: $0.count) }
        }
        var record = self
        record.mask = place(pictures.mask)
        record.similarity = place(pictures.similarity)
        record.image = place(pictures.image)
        return record
    }
}
