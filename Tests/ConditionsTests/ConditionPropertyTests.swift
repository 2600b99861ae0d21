import Conditions
import Foundation
import Results
import Testing

/// Random conditions over random flights, against a reading of the definitions that looks at the whole flight again for
/// every frame.
@Suite struct ConditionPropertyTests {
    @Test("The evaluator tells what the definitions say, also over restarts", arguments: 0..<400)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let conditions = (0..<Int.random(in: 1...4, using: &random)).map { index in
            Condition(
                name: "c\(index)", when: Self.expression(depth: 1, &random),
                holdOffS: [0, 0, 0.5, 3].randomElement(using: &random)!)
        }
        let frames = Self.flight(&random)
        let set = ConditionSet(conditions: conditions)
        #expect(ConditionReader.stored(set.json) == set)
        var evaluator = ConditionEvaluator(set)
        var told: [String] = []
        for frame in frames {
            told += evaluator.evaluate(frame).map { "\(frame.sequence) \($0.condition.name) \($0.isRaised)" }
            if Int.random(in: 0..<4, using: &random) == 0 {
                let state = try #require(ConditionState(json: evaluator.state.json))
                #expect(state == evaluator.state)
                evaluator = ConditionEvaluator(set, state: state)
            }
        }
        #expect(told == Definition(frames: frames).told(conditions))
    }

    private static func expression(depth: Int, _ random: inout SeededGenerator) -> ConditionExpression {
        let leaf = depth >= 4 || Int.random(in: 0..<3, using: &random) == 0
        let plain: ConditionExpression
        if leaf {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: plain = .compare(.fraction(className: "person"), [.above: 0.5])
            case 1: plain = .compare(.changedFraction, [.atLeast: 0.25, .below: 0.75])
            case 2: plain = .compare(.similarityMean, [.atMost: 0.5])
            case 3: plain = .registration(Bool.random(using: &random) ? .lost : .ok)
            case 4: plain = .mode(["reset"])
            default: plain = .compare(.gapFrames, [.above: 0])
            }
        } else {
            let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in expression(depth: depth + 1, &random) }
            switch Int.random(in: 0..<3, using: &random) {
            case 0: plain = .all(parts)
            case 1: plain = .any(parts)
            default: plain = .not(parts[0])
            }
        }
        guard Int.random(in: 0..<3, using: &random) == 0 else { return plain }
        return .held(plain, seconds: [0.1, 0.5, 1, 2].randomElement(using: &random)!)
    }

    private static func flight(_ random: inout SeededGenerator) -> [FrameRecord] {
        let timed = Int.random(in: 0..<3, using: &random)
        var (received, captured) = (0.0, 1000.0)
        // What is seen stays for a while, or no time would ever be over.
        var person = 0.0
        var lost = false
        return (0..<60).map { k in
            received += [0.05, 0.1, 0.1, 0.2, 1].randomElement(using: &random)!
            captured += [0.1, 0.1, 0.3, 2, -5].randomElement(using: &random)!
            if Int.random(in: 0..<6, using: &random) == 0 { person = [0, 0.4, 0.6].randomElement(using: &random)! }
            if Int.random(in: 0..<8, using: &random) == 0 { lost.toggle() }
            let hasTime = timed == 0 || (timed == 1 && Bool.random(using: &random))
            return FrameRecord.make(
                k, at: received, captured: hasTime ? captured : nil,
                mode: lost ? "reset" : "propagated", person: person,
                similarity: random.maybe(Double.random(in: 0...1, using: &random)),
                changed: random.maybe(Double.random(in: 0...1, using: &random)), lost: random.maybe(lost),
                gapFrames: Int.random(in: 0...1, using: &random))
        }
    }
}

/// The definitions, word by word.
private struct Definition {
    let frames: [FrameRecord]
    /// Microseconds of the stream's time.
    let times: [Int64]

    init(frames: [FrameRecord]) {
        self.frames = frames
        times = frames.indices.map { last in
            (0..<last).reduce(0) { sum, k in
                let (a, b) = (frames[k], frames[k + 1])
                let both = a.capturedAt != a.receivedAt && b.capturedAt != b.receivedAt
                let step =
                    both
                    ? b.capturedAt.microseconds - a.capturedAt.microseconds
                    : b.receivedAt.microseconds - a.receivedAt.microseconds
                return sum + max(0, step)
            }
        }
    }

    func told(_ conditions: [Condition]) -> [String] {
        var told: [String] = []
        var raised: [String: Int] = [:]
        var last: [String: Int] = [:]
        for k in frames.indices {
            for condition in conditions {
                let holds = holds(condition.when, k)
                if raised[condition.name] != nil {
                    guard !holds else { continue }
                    raised[condition.name] = nil
                    told.append("\(k) \(condition.name) false")
                } else if holds {
                    let free = last[condition.name].map {
                        times[k] - times[$0] >= Int64((condition.holdOffS * 1e6).rounded())
                    }
                    guard free ?? true else { continue }
                    raised[condition.name] = k
                    last[condition.name] = k
                    told.append("\(k) \(condition.name) true")
                }
            }
        }
        return told
    }

    func holds(_ expression: ConditionExpression, _ k: Int) -> Bool {
        let frame = frames[k]
        switch expression {
        case .all(let parts): return !parts.contains { !holds($0, k) }
        case .any(let parts): return parts.contains { holds($0, k) }
        case .not(let part): return !holds(part, k)
        case .held(let part, let seconds):
            // There is an earlier frame, long enough ago, since which it held in every one.
            return (0...k).contains { start in
                times[k] - times[start] >= Int64((seconds * 1e6).rounded())
                    && (start...k).allSatisfy { holds(part, $0) }
            }
        case .compare(.fraction, _): return frame.classes[1].fraction > 0.5
        case .compare(.changedFraction, _): return frame.changedFraction.map { $0 >= 0.25 && $0 < 0.75 } ?? false
        case .compare(.similarityMean, _): return frame.similarityMean.map { $0 <= 0.5 } ?? false
        case .compare(.gapFrames, _): return frame.gapFrames == 1
        case .registration(let state): return frame.registration.map { $0.ok == (state == .ok) } ?? false
        case .mode: return frame.mode == "reset"
        case .reason, .compare: return false
        }
    }
}

/// SplitMix64: random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The value, or nil one time in three.
    mutating func maybe<Value>(_ value: Value) -> Value? {
        Int.random(in: 0..<3, using: &self) == 0 ? nil : value
    }
}
