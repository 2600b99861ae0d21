import Conditions
import Foundation
import Results
import Testing

@Suite struct ConditionEvaluatorTests {
    /// What a condition tells of frames: the numbers of those with which it is raised, and negative ones where cleared.
    private static func told(_ condition: Condition, _ frames: [FrameRecord]) -> [Int] {
        var evaluator = ConditionEvaluator(ConditionSet(conditions: [condition]))
        return frames.flatMap { frame in
            evaluator.evaluate(frame).map { $0.isRaised ? frame.sequence : -frame.sequence }
        }
    }

    private static func told(_ when: ConditionExpression, holdOff: Double = 0, _ frames: [FrameRecord]) -> [Int] {
        told(Condition(name: "x", when: when, holdOffS: holdOff), frames)
    }

    private static let person = ConditionExpression.compare(.fraction(className: "person"), [.above: 0.01])

    @Test(
        "Each form says what a frame's record says",
        arguments: [
            (
                ConditionExpression.compare(.fraction(className: "person"), [.above: 0.01]),
                FrameRecord.make(1, at: 1, person: 0.02), true
            ),
            (.compare(.fraction(className: "person"), [.above: 0.02]), .make(1, at: 1, person: 0.02), false),
            (.compare(.fraction(className: "person"), [.atLeast: 0.02]), .make(1, at: 1, person: 0.02), true),
            (.compare(.fraction(className: "ground"), [.below: 0.99]), .make(1, at: 1, person: 0.02), true),
            (.compare(.fraction(className: "boat"), [.below: 0.99]), .make(1, at: 1), false),
            (
                .compare(.pixels(className: "person"), [.atLeast: 100, .below: 300]), .make(1, at: 1, person: 0.02),
                true
            ),
            (
                .compare(.pixels(className: "person"), [.atLeast: 100, .below: 200]), .make(1, at: 1, person: 0.02),
                false
            ),
            (.compare(.changedFraction, [.above: 0.2]), .make(1, at: 1, changed: 0.3), true),
            (.compare(.changedFraction, [.above: 0.2]), .make(1, at: 1), false),
            (.not(.compare(.changedFraction, [.above: 0.2])), .make(1, at: 1), true),
            (.compare(.similarityMean, [.atMost: 0.4]), .make(1, at: 1, similarity: 0.4), true),
            (.compare(.inliers, [.below: 40]), .make(1, at: 1, lost: false, inliers: 39), true),
            (.compare(.inliers, [.below: 40]), .make(1, at: 1), false),
            (.compare(.gapMs, [.above: 500]), .make(1, at: 1, gapMs: 501), true),
            (.compare(.gapFrames, [.above: 0]), .make(1, at: 1, gapFrames: 1), true),
            (.registration(.lost), .make(1, at: 1, lost: true), true),
            (.registration(.lost), .make(1, at: 1, lost: false), false),
            (.registration(.lost), .make(1, at: 1), false),
            (.registration(.ok), .make(1, at: 1, lost: false), true),
            (.registration(.ok), .make(1, at: 1), false),
            (.mode(["reset", "cold"]), .make(1, at: 1, mode: "cold"), true),
            (.mode(["reset"]), .make(1, at: 1, mode: "cold"), false),
            (.reason(["gap"]), .make(1, at: 1, reason: "gap"), true),
            (.reason(["gap"]), .make(1, at: 1), false),
            (.all([.mode(["reset"]), .reason(["gap"])]), .make(1, at: 1, mode: "reset", reason: "gap"), true),
            (.all([.mode(["reset"]), .reason(["gap"])]), .make(1, at: 1, mode: "reset", reason: "size"), false),
            (.any([.mode(["reset"]), .reason(["gap"])]), .make(1, at: 1, mode: "reset", reason: "size"), true),
            (.any([.mode(["reset"]), .reason(["gap"])]), .make(1, at: 1), false),
        ])
    func forms(when: ConditionExpression, frame: FrameRecord, holds: Bool) {
        #expect(Self.told(when, [frame]) == (holds ? [1] : []))
    }

    @Test func `it is raised when it begins to hold, and cleared when it ends`() {
        let seen = [0, 0.5, 0.5, 0.5, 0, 0, 0.5, 0]
        let frames = seen.enumerated().map { FrameRecord.make($0 + 1, at: Double($0), person: $1) }
        #expect(Self.told(Self.person, frames) == [2, -5, 7, -8])
    }

    @Test func `a time counts from the first frame of a run without a break`() {
        let seen: [(Double, Bool)] = [
            (0, true), (1, true), (1.9, true), (2, true), (3, false), (3.5, true), (5.4, true), (5.5, true),
        ]
        let frames = seen.enumerated().map { FrameRecord.make($0 + 1, at: $1.0, lost: $1.1) }
        #expect(Self.told(.held(.registration(.lost), seconds: 2), frames) == [4, -5, 8])
    }

    @Test func `parts of a combination keep their own time, whatever the others say`() {
        let changed = ConditionExpression.compare(.changedFraction, [.above: 0.2])
        // Lost since 1; the change comes at 4, when three seconds are over.
        let frames = (1...5).map { FrameRecord.make($0, at: Double($0), changed: $0 >= 4 ? 0.5 : 0, lost: true) }
        let lost = ConditionExpression.held(.registration(.lost), seconds: 3)
        #expect(Self.told(.all([changed, lost]), frames) == [4])
        #expect(Self.told(.any([.held(changed, seconds: 1), lost]), frames) == [4])
        #expect(Self.told(.held(.all([changed, .registration(.lost)]), seconds: 1), frames) == [5])
    }

    @Test func `a pause between frames ends no run; who wants that says so`() {
        let frames = [
            FrameRecord.make(1, at: 0, person: 0.5), .make(2, at: 600, person: 0.5, gapMs: 600_000),
            .make(3, at: 601, person: 0.5, gapMs: 1000), .make(4, at: 661, person: 0.5, gapMs: 60_000),
        ]
        #expect(Self.told(.held(Self.person, seconds: 60), frames) == [2])
        let unbroken = ConditionExpression.all([
            Self.person, .not(.compare(.gapMs, [.above: 60_000])),
        ])
        #expect(Self.told(.held(unbroken, seconds: 60), frames) == [4])
    }

    @Test func `within the hold-off it is not raised again, but after it where it still holds`() {
        func frames(_ seen: [Double]) -> [FrameRecord] {
            seen.enumerated().map { FrameRecord.make($0 + 1, at: Double($0), person: $1) }
        }
        // Raised at 0; again within ten seconds it is not told, and so its end is not.
        #expect(Self.told(Self.person, holdOff: 10, frames([1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1])) == [1, -2, 12])
        // It holds from 2 on, which is told when the ten seconds are over.
        #expect(Self.told(Self.person, holdOff: 10, frames([1, 0] + .init(repeating: 1, count: 10))) == [1, -2, 11])
        // Once raised, its holding on is no repetition.
        #expect(Self.told(Self.person, holdOff: 2, frames(.init(repeating: 1, count: 9))) == [1])
    }

    @Test func `time is the client's between two frames that have it, else that of receipt`() {
        let held = ConditionExpression.held(Self.person, seconds: 2)
        // Sent faster than it was filmed.
        let fast = (1...4).map { FrameRecord.make($0, at: Double($0) / 100, captured: Double($0), person: 1) }
        #expect(Self.told(held, fast) == [3])
        let slow = (1...4).map { FrameRecord.make($0, at: Double($0) * 100, captured: Double($0) / 100, person: 1) }
        #expect(Self.told(held, slow) == [])
        // The second has no time of its own: both steps beside it are measured by receipt.
        let mixed = [
            FrameRecord.make(1, at: 0, captured: 500, person: 1), .make(2, at: 1, person: 1),
            .make(3, at: 2, captured: 900, person: 1),
        ]
        #expect(Self.told(held, mixed) == [3])
    }

    @Test func `a clock that goes back stops time and does not turn it`() {
        let held = ConditionExpression.held(Self.person, seconds: 2)
        let frames = zip(1..., [100.0, 101, 5, 6, 7]).map {
            FrameRecord.make($0, at: Double($0), captured: $1, person: 1)
        }
        // One second, none, one.
        #expect(Self.told(held, frames) == [4])
    }

    @Test func `who reads the state again goes on as if nothing had been`() throws {
        let condition = Condition(name: "x", when: .held(Self.person, seconds: 2), holdOffS: 60)
        let set = ConditionSet(conditions: [condition])
        var evaluator = ConditionEvaluator(set)
        for k in 1...2 { #expect(evaluator.evaluate(.make(k, at: Double(k), person: 1)).isEmpty) }
        evaluator = ConditionEvaluator(set, state: try #require(ConditionState(json: evaluator.state.json)))
        // The two seconds are not forgotten.
        #expect(evaluator.evaluate(.make(3, at: 3, person: 1)).map(\.isRaised) == [true])
        evaluator = ConditionEvaluator(set, state: try #require(ConditionState(json: evaluator.state.json)))
        // It is raised already; nor is the hold-off forgotten.
        #expect(evaluator.evaluate(.make(4, at: 4, person: 1)).isEmpty)
        #expect(evaluator.evaluate(.make(5, at: 5)).map(\.isRaised) == [false])
        evaluator = ConditionEvaluator(set, state: try #require(ConditionState(json: evaluator.state.json)))
        for k in 6...20 { #expect(evaluator.evaluate(.make(k, at: Double(k), person: 1)).isEmpty) }
        #expect(evaluator.evaluate(.make(21, at: 63, person: 1)).map(\.isRaised) == [true])
    }

    @Test func `a condition that says what it said before goes on, others begin anew`() {
        let (kept, changed) = (Self.person, ConditionExpression.registration(.lost))
        var evaluator = ConditionEvaluator(
            ConditionSet(conditions: [Condition(name: "kept", when: kept), Condition(name: "other", when: kept)]))
        #expect(evaluator.evaluate(.make(1, at: 1, person: 1)).count == 2)
        evaluator = evaluator.replaced(
            by: ConditionSet(conditions: [
                Condition(name: "other", when: changed), Condition(name: "kept", when: kept, tellsCleared: true),
                Condition(name: "new", when: kept),
            ]))
        let changes = evaluator.evaluate(.make(2, at: 2, person: 1, lost: true))
        #expect(changes.map(\.condition.name) == ["other", "new"])
        // Gone and come back: begun anew.
        evaluator = evaluator.replaced(by: ConditionSet())
        evaluator = evaluator.replaced(by: ConditionSet(conditions: [Condition(name: "kept", when: kept)]))
        #expect(evaluator.evaluate(.make(3, at: 3, person: 1)).map(\.isRaised) == [true])
    }
}
