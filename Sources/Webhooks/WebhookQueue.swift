import Foundation
import Results

/// Calls webhooks: takes deliveries from the store, and tries each until it is taken, or too old.
///
/// At least once: a delivery is settled in the store only after its target has taken it. What a session has for one
/// target goes there in order, one after the other; other targets do not wait for it.
package actor WebhookQueue {
    package struct Policy: Sendable {
        /// After the first failure; it doubles with every other, up to the longest, less up to half of it by chance.
        package var firstPause: Duration = .seconds(1)
        package var longestPause: Duration = .seconds(600)
        /// A delivery that is older is given up when it fails again.
        package var longestAge: Duration = .seconds(86_400)
        /// Calls at once, and to one origin.
        package var calls = 64
        package var callsPerOrigin = 2
        /// Failures in a row after which it is told that a target fails.
        package var failing = 3
        /// For calls that run when the server stops.
        package var stopTime: Duration = .seconds(5)

        package init() {}

        /// Seconds until the next attempt; `chance` in 0..<1.
        package func pause(afterFailures count: Int, chance: Double, asked: Int? = nil) -> Double {
            let first = firstPause / .seconds(1)
            let longest = longestPause / .seconds(1)
            let whole = min(longest, first * pow(2, Double(min(count, 60) - 1)))
            // A target that asks for more time gets it, within reason.
            return max(whole * (1 - chance / 2), min(Double(asked ?? 0), 3600))
        }
    }

    /// What others may want to know: metrics, logs.
    package enum Report: Sendable {
        case attempt(outcome: String, seconds: Double)
        case settled(DeliveryRecord)
        case failing(DeliveryRecord)
    }

    private struct Lane: Hashable {
        let session: String
        let url: String
    }

    private let store: any ResultStore
    private let caller: WebhookCaller
    private let policy: Policy
    private let now: @Sendable () -> Date
    private let report: @Sendable (Report) -> Void
    private var running: [Lane: (origin: String, task: Task<Void, Never>)] = [:]
    /// Lines whose call ended while the store was being read: what was read of them may be old.
    private var justEnded: Set<Lane> = []
    private var alarm: Task<Void, Never>?
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private var isStopping = false

    package init(
        store: any ResultStore, caller: WebhookCaller, policy: Policy = Policy(),
        now: @escaping @Sendable () -> Date = { Date() }, report: @escaping @Sendable (Report) -> Void = { _ in }
    ) {
        self.store = store
        self.caller = caller
        self.policy = policy
        self.now = now
        self.report = report
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Works until `stop`, or until the task is cancelled; calls that run by then have their time to end.
    package func run() async {
        let store = store
        let follower = Task { [wake] in
            var seen: Int64 = 0
            while !Task.isCancelled {
                guard let newest = try? await store.deliveriesFollow(seen) else { return }
                seen = newest
                wake.yield()
            }
        }
        wake.yield()
        for await _ in wakes {
            guard !isStopping, !Task.isCancelled else { break }
            await start()
        }
        follower.cancel()
        alarm?.cancel()
        await finish()
    }

    package func stop() {
        isStopping = true
        wake.finish()
    }

    /// Begins every call that is due, and sees to it that the next one will be.
    private func start() async {
        justEnded = []
        guard let waiting = try? await store.waitingDeliveries() else {
            return ring(in: 1)
        }
        guard !isStopping else { return }
        let time = now()
        var next: Date?
        for delivery in waiting {
            let lane = Lane(session: delivery.sessionID, url: delivery.url)
            guard running[lane] == nil, !justEnded.contains(lane) else { continue }
            let due = delivery.nextAt ?? delivery.createdAt
            guard due <= time else {
                next = min(next ?? due, due)
                continue
            }
            let origin = (try? WebhookTarget(delivery.url))?.origin ?? ""
            // Whoever is left out here is looked at again when one of those has ended.
            guard running.count < policy.calls,
                running.values.count(where: { $0.origin == origin }) < policy.callsPerOrigin
            else { continue }
            running[lane] = (
                origin,
                Task {
                    await self.attempt(delivery)
                    self.ended(lane)
                }
            )
        }
        if let next { ring(in: next.timeIntervalSince(time)) }
    }

    private func ring(in seconds: Double) {
        alarm?.cancel()
        alarm = Task { [wake] in
            guard (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
            wake.yield()
        }
    }

    private func ended(_ lane: Lane) {
        running[lane] = nil
        justEnded.insert(lane)
        wake.yield()
    }

    private func attempt(_ delivery: DeliveryRecord) async {
        let start = ContinuousClock.now
        let outcome = await caller.call(delivery, now: now())
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        guard let settled = settled(delivery, outcome) else { return }
        report(.attempt(outcome: settled.record.reason ?? "taken", seconds: seconds))
        do {
            // Where it had to give way to newer ones meanwhile, that stands.
            guard try await store.update(settled.record, events: settled.events) else { return }
        } catch {
            // The row says that it is still to be done. It will be, but not at once, again and again.
            try? await Task.sleep(for: policy.longestPause / 10)
            return
        }
        if settled.record.state != .waiting { report(.settled(settled.record)) }
        if settled.events.contains(where: { $0.kind == .webhookFailing }) { report(.failing(settled.record)) }
    }

    /// What becomes of a delivery, and what is told of it; nil where nothing does.
    private func settled(
        _ delivery: DeliveryRecord, _ outcome: WebhookCaller.Outcome
    ) -> (record: DeliveryRecord, events: [EventRecord])? {
        var record = delivery
        let time = now()
        record.attempts += 1
        record.attemptedAt = time
        record.status = nil
        record.reason = nil
        switch outcome {
        case .cancelled: return nil
        case .taken(let status):
            record.status = status
            record.settle(.delivered, at: time)
            return (record, delivery.attempts >= policy.failing ? [event(.webhookRecovered, record, time)] : [])
        case .gone:
            record.status = 410
            record.reason = "gone"
            record.settle(.dropped, at: time)
            return (record, [event(.webhookDropped, record, time)])
        case .failed(let reason, let status, let asked):
            record.reason = reason
            record.status = status
            if time.timeIntervalSince(record.createdAt) > policy.longestAge / .seconds(1) {
                record.settle(.dropped, at: time)
                return (record, [event(.webhookDropped, record, time)])
            }
            let pause = policy.pause(afterFailures: record.attempts, chance: .random(in: 0..<1), asked: asked)
            record.nextAt = time + pause
            return (record, record.attempts == policy.failing ? [event(.webhookFailing, record, time)] : [])
        }
    }

    private func event(_ kind: EventRecord.Kind, _ delivery: DeliveryRecord, _ time: Date) -> EventRecord {
        let why = [delivery.reason, delivery.status.map(String.init)].compactMap { $0 }.joined(separator: " ")
        return EventRecord(
            kind: kind, sessionID: delivery.sessionID, at: time, reason: why.isEmpty ? nil : why,
            sequence: delivery.sequence, count: delivery.attempts, name: (try? WebhookTarget(delivery.url))?.origin)
    }

    /// Waits for the calls that run; after the time for it they are called off, and made again by the next start.
    private func finish() async {
        let calls = running.values.map(\.task)
        let hurry = Task { [policy] in
            try? await Task.sleep(for: policy.stopTime)
            for call in calls { call.cancel() }
        }
        await withTaskCancellationHandler {
            for call in calls { await call.value }
        } onCancel: {
            for call in calls { call.cancel() }
        }
        hurry.cancel()
    }
}
