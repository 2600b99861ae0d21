import Foundation
import Results

/// The conditions of a session, and how far each has come: pure, without clock or I/O.
///
/// It is shown every frame that becomes the session's newest, in order, and says what is to be told. A frame that is not
/// stored must not be shown to it, or only to a copy.
package struct ConditionEvaluator: Sendable, Equatable {
    package let set: ConditionSet
    package private(set) var state: ConditionState

    package init(_ set: ConditionSet, state: ConditionState = ConditionState()) {
        self.set = set
        self.state = state
    }

    /// What became of a condition with a frame.
    package struct Change: Sendable, Equatable {
        package var condition: Condition
        package var isRaised: Bool
    }

    /// The same session with other conditions.
    ///
    /// One that says what one of the same name said before goes on from there: it is not raised twice.
    package func replaced(by set: ConditionSet) -> ConditionEvaluator {
        var state = state
        state.progress = state.progress.filter { name, _ in
            let before = self.set.conditions.first { $0.name == name }
            let after = set.conditions.first { $0.name == name }
            return after != nil && before?.when == after?.when
        }
        return ConditionEvaluator(set, state: state)
    }

    /// Shows it the next frame; what it gives is to be told, in the order of the conditions.
    package mutating func evaluate(_ frame: FrameRecord) -> [Change] {
        state.advance(to: frame)
        var changes: [Change] = []
        for condition in set.conditions {
            var progress = state.progress[condition.name] ?? .init()
            let parts = condition.when.heldParts
            if progress.runs.count != parts { progress.runs = .init(repeating: nil, count: parts) }
            var walk = ConditionWalk(frame: frame, now: state.clock, runs: progress.runs)
            let holds = walk.holds(condition.when)
            progress.runs = walk.runs
            if holds, !progress.isRaised, state.isOver(condition.holdOffS, since: progress.raisedClock) {
                progress.isRaised = true
                progress.raisedClock = state.clock
                progress.raisedAt = frame.capturedAt.microseconds
                progress.raisedSequence = frame.sequence
                changes.append(Change(condition: condition, isRaised: true))
            } else if !holds, progress.isRaised {
                progress.isRaised = false
                changes.append(Change(condition: condition, isRaised: false))
            }
            state.progress[condition.name] = progress
        }
        return changes
    }
}

/// How far a session's conditions have come: stored with every frame, so that a restart changes nothing.
package struct ConditionState: Sendable, Equatable, Codable {
    /// The stream's time, microseconds since its first frame: by `captured_at` where two neighbouring frames have it,
    /// else by receipt.
    ///
    /// It never goes back, even where a client's clock does.
    package private(set) var clock: Int64 = 0
    /// The newest frame.
    private var newest: Moment?
    package fileprivate(set) var progress: [String: Progress] = [:]

    private struct Moment: Sendable, Equatable, Codable {
        /// Microseconds since 1970; nil: the client did not say.
        var captured: Int64?
        var received: Int64
    }

    package struct Progress: Sendable, Equatable, Codable {
        package fileprivate(set) var isRaised = false
        /// When it was raised last: by the stream's time, by the frame's, and with which frame.
        package fileprivate(set) var raisedClock: Int64?
        package fileprivate(set) var raisedAt: Int64?
        package fileprivate(set) var raisedSequence: Int?
        /// Of each part that measures a time: since when it holds, by the stream's time.
        fileprivate(set) var runs: [Int64?] = []
    }

    package init() {}

    package init?(json: String) {
        guard let state = try? JSONDecoder().decode(Self.self, from: Data(json.utf8)) else { return nil }
        self = state
    }

    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: (try? encoder.encode(self)) ?? Data("{}".utf8), as: UTF8.self)
    }

    fileprivate mutating func advance(to frame: FrameRecord) {
        // A frame without a time of its own has that of its receipt.
        let captured = frame.capturedAt == frame.receivedAt ? nil : frame.capturedAt.microseconds
        let moment = Moment(captured: captured, received: frame.receivedAt.microseconds)
        if let newest {
            if let before = newest.captured, let now = captured {
                clock += max(0, now - before)
            } else {
                clock += max(0, moment.received - newest.received)
            }
        }
        newest = moment
    }

    fileprivate func isOver(_ seconds: Double, since start: Int64?) -> Bool {
        guard let start else { return true }
        return clock - start >= Int64((seconds * 1e6).rounded())
    }
}

/// One look at an expression with one frame.
private struct ConditionWalk {
    let frame: FrameRecord
    let now: Int64
    var runs: [Int64?]
    /// Of the next part that measures a time, in the order in which they are written.
    private var place = 0

    init(frame: FrameRecord, now: Int64, runs: [Int64?]) {
        self.frame = frame
        self.now = now
        self.runs = runs
    }

    /// Every part is looked at, whatever the others say: those that measure a time have to see every frame.
    mutating func holds(_ expression: ConditionExpression) -> Bool {
        switch expression {
        case .compare(let measure, let limits):
            guard let value = frame.value(of: measure) else { return false }
            return limits.allSatisfy { $0.key.holds(value, $0.value) }
        case .registration(let state): return frame.registration.map { $0.ok == (state == .ok) } ?? false
        case .mode(let modes): return modes.contains(frame.mode)
        case .reason(let reasons): return frame.reason.map(reasons.contains) ?? false
        case .all(let parts): return parts.reduce(true) { holds($1) && $0 }
        case .any(let parts): return parts.reduce(false) { holds($1) || $0 }
        case .not(let part): return !holds(part)
        case .held(let part, let seconds):
            let mine = place
            place += 1
            guard holds(part) else {
                runs[mine] = nil
                return false
            }
            let start = runs[mine] ?? now
            runs[mine] = start
            return now - start >= Int64((seconds * 1e6).rounded())
        }
    }
}

extension FrameRecord {
    fileprivate func value(of measure: ConditionExpression.Measure) -> Double? {
        switch measure {
        case .fraction(let name): classes.first { $0.name == name }?.fraction
        case .pixels(let name): classes.first { $0.name == name }.map { Double($0.pixels) }
        case .changedFraction: changedFraction
        case .similarityMean: similarityMean
        case .inliers: registration.map { Double($0.inliers) }
        case .gapMs: gapMs.map(Double.init)
        case .gapFrames: Double(gapFrames)
        }
    }
}
