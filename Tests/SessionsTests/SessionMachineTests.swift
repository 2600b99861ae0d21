import Foundation
import Sessions
import Testing

/// The design's table of session rules, row by row, with a clock of our own.
@Suite struct SessionMachineTests {
    private typealias Moment = SessionMachine.Moment

    private func machine(_ change: (inout SessionOptions) -> Void = { _ in }, queue: Int = 2) -> SessionMachine {
        var options = SessionOptions()
        change(&options)
        return SessionMachine(options: options, queueLimit: queue, now: .zero)
    }

    private func at(_ milliseconds: Int) -> Moment { Moment(captured: nil, received: .milliseconds(milliseconds)) }

    /// Plans frame `sequence` and, unless it fails, commits it.
    @discardableResult
    private func run(
        _ machine: inout SessionMachine, _ sequence: Int?, at moment: Moment, size: (Int, Int) = (640, 384),
        propagates: Bool = true, fails: Bool = false
    ) -> SessionMachine.Plan? {
        let plan = machine.plan(
            machine.order(sequence: sequence), at: moment, width: size.0, height: size.1, propagates: propagates)
        if let plan, !fails { _ = machine.committed(plan, at: moment, width: size.0, height: size.1) }
        return plan
    }

    @Test func `The first frame is cold, whatever its number`() {
        var machine = machine()
        let plan = run(&machine, 17, at: at(0))
        #expect(plan?.mode == .cold)
        #expect(plan?.reason == nil)
        #expect(plan?.gapFrames == 0)
        #expect(plan?.gapMs == nil)
        #expect(machine.lastSequence == 17)
    }

    @Test func `The next number is propagated`() {
        var machine = machine()
        run(&machine, 0, at: at(0))
        let plan = run(&machine, 1, at: at(100))
        #expect(plan?.mode == .propagated)
        #expect(plan?.gapFrames == 0)
        #expect(plan?.gapMs == 100)
    }

    @Test func `A frame without a number gets the next one, from 0`() {
        var machine = machine()
        expect(run(&machine, nil, at: at(0))?.sequence == 0)
        expect(run(&machine, nil, at: at(10))?.sequence == 1)
        run(&machine, 9, at: at(20))
        expect(run(&machine, nil, at: at(30))?.sequence == 10)
    }

    @Test func `A lower number never seen is out of order, and names the expected one`() {
        var machine = machine()
        run(&machine, 5, at: at(0))
        #expect(machine.order(sequence: 3) == .outOfOrder(expected: 6))
        expect(run(&machine, 3, at: at(10)) == nil)
        #expect(machine.lastSequence == 5)
    }

    @Test func `With late stateless a lower number is segmented alone and leaves the state untouched`() {
        var machine = machine { $0.late = .stateless }
        run(&machine, 5, at: at(0))
        let late = run(&machine, 3, at: at(900))
        #expect(late?.mode == .stateless)
        #expect(late?.reason == "late")
        #expect(machine.lastSequence == 5)
        // The gap is still counted from frame 5.
        expect(run(&machine, 6, at: at(950))?.gapMs == 950)
    }

    @Test func `Skipped numbers are fused over and reported`() {
        var machine = machine()
        run(&machine, 0, at: at(0))
        let plan = run(&machine, 4, at: at(400))
        #expect(plan?.mode == .propagated)
        #expect(plan?.gapFrames == 3)
    }

    @Test func `More than max_gap_ms since the last frame drops the state`() {
        var machine = machine { $0.maxGapMs = 500 }
        run(&machine, 0, at: at(0))
        expect(run(&machine, 1, at: at(500))?.mode == .propagated)
        let plan = run(&machine, 2, at: at(1001))
        #expect(plan?.mode == .reset)
        #expect(plan?.reason == "gap")
        #expect(plan?.gapMs == 501)
        expect(run(&machine, 3, at: at(1100))?.mode == .propagated)
    }

    @Test func `The gap is measured by the client's clock where it gives the time`() {
        var machine = machine()
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        run(&machine, 0, at: Moment(captured: start, received: .zero))
        let soon = run(&machine, 1, at: Moment(captured: start.addingTimeInterval(0.1), received: .seconds(30)))
        #expect(soon?.mode == .propagated)
        #expect(soon?.gapMs == 100)
        let long = run(&machine, 2, at: Moment(captured: start.addingTimeInterval(2), received: .seconds(30)))
        #expect(long?.reason == "gap")
    }

    @Test func `A client's clock that goes back is no gap`() {
        var machine = machine()
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        run(&machine, 0, at: Moment(captured: start, received: .zero))
        let plan = run(&machine, 1, at: Moment(captured: start.addingTimeInterval(-60), received: .milliseconds(50)))
        #expect(plan?.mode == .propagated)
        #expect(plan?.gapMs == 0)
    }

    @Test func `A lost registration resets, or goes on with the identity if the session says so`() {
        var machine = machine()
        run(&machine, 0, at: at(0))
        let planned = machine.plan(machine.order(sequence: 1), at: at(100), width: 640, height: 384, propagates: true)!
        #expect(machine.withoutRegistration(planned).mode == .reset)
        #expect(machine.withoutRegistration(planned).reason == "registration")

        let lenient = self.machine { $0.onRegistrationLoss = .identity }
        #expect(lenient.withoutRegistration(planned).mode == .propagated)
        #expect(lenient.withoutRegistration(planned).reason == "registration-identity")
    }

    @Test func `Another frame size drops the state`() {
        var machine = machine()
        run(&machine, 0, at: at(0))
        let plan = run(&machine, 1, at: at(100), size: (320, 192))
        #expect(plan?.mode == .reset)
        #expect(plan?.reason == "size")
        expect(run(&machine, 2, at: at(200), size: (320, 192))?.mode == .propagated)
    }

    @Test func `A frame that fails changes nothing: its retry is planned as it was`() {
        var machine = machine()
        run(&machine, 0, at: at(0))
        let failed = run(&machine, 1, at: at(100), fails: true)
        #expect(machine.lastSequence == 0)
        expect(run(&machine, 1, at: at(100)) == failed)
        expect(run(&machine, 2, at: at(200))?.gapFrames == 0)
    }

    @Test func `Without propagation every frame stands alone`() {
        var machine = machine()
        for k in 0..<3 {
            let plan = run(&machine, k, at: at(k * 100), propagates: false)
            #expect(plan?.mode == .stateless)
            #expect(plan?.reason == "propagation-none")
        }
        #expect(machine.lastSequence == 2)
    }

    @Test func `The queue takes so many, then refuses`() {
        var machine = machine(queue: 2)
        expect(machine.arrive(now: .zero) == .run)
        expect(machine.arrive(now: .zero) == .wait)
        expect(machine.arrive(now: .zero) == .wait)
        expect(machine.arrive(now: .zero) == .refuse)
        expect(machine.finished(now: .zero))
        expect(machine.arrive(now: .zero) == .wait)
        expect(machine.finished(now: .zero))
        expect(machine.finished(now: .zero))
        expect(!machine.finished(now: .zero))
        expect(machine.arrive(now: .zero) == .run)
    }

    @Test func `With drop-oldest a full queue gives up its oldest frame`() {
        var machine = machine({ $0.overflow = .dropOldest }, queue: 1)
        expect(machine.arrive(now: .zero) == .run)
        expect(machine.arrive(now: .zero) == .wait)
        expect(machine.arrive(now: .zero) == .waitDroppingOldest)
        #expect(machine.waiting == 1)
    }

    @Test func `With no place to wait even drop-oldest refuses`() {
        var machine = machine({ $0.overflow = .dropOldest }, queue: 0)
        expect(machine.arrive(now: .zero) == .run)
        expect(machine.arrive(now: .zero) == .refuse)
    }

    @Test func `A reset makes the next frame cold and says who asked`() {
        var machine = machine()
        run(&machine, 0, at: at(0))
        expect(machine.reset(now: .zero))
        #expect(!machine.holdsState)
        let plan = run(&machine, 1, at: at(100))
        #expect(plan?.mode == .cold)
        #expect(plan?.reason == "client")
        expect(run(&machine, 2, at: at(200))?.reason == nil)
    }

    @Test func `A frame that was running when a reset came does not bring the old state back`() {
        var machine = machine()
        run(&machine, 0, at: at(0))
        let running = machine.plan(machine.order(sequence: 1), at: at(100), width: 640, height: 384, propagates: true)!
        expect(machine.reset(now: .zero))
        expect(!machine.committed(running, at: at(100), width: 640, height: 384))
        #expect(machine.lastSequence == 1)
        #expect(!machine.holdsState)
        expect(run(&machine, 2, at: at(200))?.mode == .cold)
    }

    @Test func `A session that is idle too long frees its state, and a reset brings it back`() {
        var machine = machine { $0.idleTimeoutS = 10 }
        run(&machine, 0, at: at(0))
        expect(!machine.expire(now: .seconds(10)))
        expect(machine.expire(now: .seconds(11)))
        #expect(machine.phase == .idle(reason: "idle-timeout"))
        #expect(!machine.holdsState)
        expect(!machine.expire(now: .seconds(12)))
        expect(machine.reset(now: .seconds(13)))
        #expect(machine.phase == .active)
        expect(run(&machine, 1, at: at(13_000))?.mode == .cold)
    }

    @Test func `A running frame keeps its session from becoming idle`() {
        var machine = machine { $0.idleTimeoutS = 10 }
        expect(machine.arrive(now: .zero) == .run)
        expect(!machine.expire(now: .seconds(60)))
        expect(!machine.finished(now: .seconds(60)))
        expect(!machine.expire(now: .seconds(65)))
        expect(machine.expire(now: .seconds(71)))
    }

    @Test func `An ended session stays ended`() {
        var machine = machine()
        run(&machine, 0, at: at(0))
        machine.end(reason: "client")
        machine.end(reason: "other")
        #expect(machine.phase == .ended(reason: "client"))
        expect(!machine.reset(now: .zero))
        expect(!machine.expire(now: .seconds(1000)))
        #expect(!machine.holdsState)
    }

    @Test func `A frame that was running when the session ended is counted, its state is not kept`() {
        var machine = machine()
        let running = machine.plan(machine.order(sequence: 0), at: at(0), width: 640, height: 384, propagates: true)!
        machine.end(reason: "client")
        expect(!machine.committed(running, at: at(0), width: 640, height: 384))
        #expect(machine.lastSequence == 0)
    }

    @Test func `After a restart the numbers go on and the first frame says why it is cold`() {
        var machine = SessionMachine(options: SessionOptions(), queueLimit: 2, now: .zero, restoredAt: 41)
        #expect(machine.order(sequence: 41) == .outOfOrder(expected: 42))
        let plan = run(&machine, 42, at: at(0))
        #expect(plan?.mode == .reset)
        #expect(plan?.reason == "restart")
        expect(run(&machine, 43, at: at(100))?.mode == .propagated)
    }

    @Test func `An epoch begins where the temporal state breaks off`() {
        var machine = machine { $0.late = .stateless }
        func epoch(_ sequence: Int?, at moment: Moment, size: (Int, Int) = (640, 384)) -> Int? {
            let plan = run(&machine, sequence, at: moment, size: size)
            return plan.map { _ in machine.epoch }
        }
        expect(epoch(0, at: at(0)) == 0)
        expect(epoch(2, at: at(100)) == 0)
        expect(epoch(3, at: at(5000)) == 1)
        expect(epoch(4, at: at(5100), size: (320, 192)) == 2)
        // A late one changes nothing.
        expect(epoch(1, at: at(5200)) == 2)
        _ = machine.reset(now: .seconds(6))
        expect(epoch(5, at: at(6000)) == 3)
        expect(epoch(6, at: at(6100)) == 3)
        var restored = SessionMachine(
            options: SessionOptions(), queueLimit: 2, now: .zero, restoredAt: 6, epoch: 3)
        #expect(restored.epoch == 3)
        run(&restored, 7, at: at(0))
        #expect(restored.epoch == 4)
    }

    @Test func `A state made again from stored frames is gone on from, and our own pause is no gap`() {
        var machine = SessionMachine(options: SessionOptions(), queueLimit: 2, now: .zero, restoredAt: 3, epoch: 2)
        #expect(machine.wantsResume)
        machine.resumed(at: at(-60_000), width: 640, height: 384)
        #expect(!machine.wantsResume)
        let plan = run(&machine, 4, at: at(0))
        #expect(plan?.mode == .propagated && plan?.reason == "resume" && plan?.gapMs == 60_000)
        #expect(machine.epoch == 3)
        // From here on the clock counts again.
        expect(run(&machine, 5, at: at(100))?.reason == nil)
        expect(run(&machine, 6, at: at(5000))?.reason == "gap")
    }

    @Test func `Going on obeys the client's times, sizes and resets`() {
        func machine() -> SessionMachine {
            var machine = SessionMachine(options: SessionOptions(), queueLimit: 2, now: .zero, restoredAt: 3)
            let taken = Moment(captured: Date(timeIntervalSince1970: 100), received: .zero)
            machine.resumed(at: taken, width: 640, height: 384)
            return machine
        }
        var (late, size, reset) = (machine(), machine(), machine())
        let later = Moment(captured: Date(timeIntervalSince1970: 105), received: .zero)
        expect(run(&late, 4, at: later)?.reason == "gap")
        expect(run(&size, 4, at: at(0), size: (320, 192))?.reason == "size")
        _ = reset.reset(now: .zero)
        expect(run(&reset, 4, at: at(0))?.reason == "client")
        #expect(
            size.withoutRegistration(
                size.plan(size.order(sequence: 5), at: at(0), width: 320, height: 192, propagates: true)!
            ).reason == "registration")
    }

    @Test func `An idle session wakes where it has frames to go on from`() {
        for (warm, change) in [
            (true, { (_: inout SessionOptions) in }), (false, { $0.resume = .cold }),
            (false, { $0.storeImages = .none }), (false, { $0.storeMasks = false }),
        ] {
            var machine = machine(change)
            run(&machine, 0, at: at(0))
            expect(machine.expire(now: .seconds(121)))
            #expect(machine.wakes == warm)
            machine.wake()
            #expect((machine.phase == .active) == warm)
            #expect(machine.wantsResume == warm)
            // Its pictures are gone: it begins anew, and says why.
            if warm { expect(run(&machine, 1, at: at(121_000))?.reason == "idle") }
        }
    }
}

/// `#expect` for calls that change what they are called on, which the macro cannot hold.
private func expect(_ value: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(value, sourceLocation: sourceLocation)
}
