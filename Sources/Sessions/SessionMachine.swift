import Foundation

/// The rules of a session, without its pictures: pure, so that every row of the design's table is a test.
///
/// The actor that drives it calls `arrive` when a frame comes in, `order` and `plan` when its turn has come, and
/// `committed` once its row is stored. A frame that fails in between changes nothing.
package struct SessionMachine: Sendable {
    package enum Phase: Sendable, Equatable {
        case active
        /// Memory freed; the next frame goes on, or, without anything to go on from, a reset begins again.
        case idle(reason: String)
        case ended(reason: String)
    }

    /// What happens to a frame that comes in.
    package enum Arrival: Sendable, Equatable {
        /// It is its turn.
        case run
        /// Others are before it.
        case wait
        /// It waits, and the oldest that waited gives up its place.
        case waitDroppingOldest
        case refuse
    }

    /// Whether a frame's number lets it run.
    package enum Order: Sendable, Equatable {
        case next(sequence: Int, gapFrames: Int)
        /// Segmented alone; the state stays as it is.
        case late(sequence: Int)
        case outOfOrder(expected: Int)
    }

    /// How a frame is to be segmented.
    package struct Plan: Sendable, Equatable {
        package enum Mode: String, Sendable, CaseIterable {
            case cold, propagated, reset, stateless
            /// The previous prediction, moved with the camera: the image model did not see the frame.
            case carried
        }

        package var sequence: Int
        package var mode: Mode
        package var reason: String?
        package var gapFrames: Int
        package var gapMs: Int?
        /// The stretch between two resets by the client that the frame was planned in.
        package var generation: Int

        /// Whether the frame becomes the session's newest: a late one does not.
        package var advances: Bool { reason != "late" }

        /// Whether the temporal state breaks off before the frame: an epoch begins.
        package var breaksOff: Bool { mode == .reset || reason == "client" || reason == "resume" }
    }

    /// A frame's place in time: `captured` as the client says, `received` by our own clock.
    package struct Moment: Sendable, Equatable {
        package var captured: Date?
        package var received: Duration

        package init(captured: Date?, received: Duration) {
            self.captured = captured
            self.received = received
        }
    }

    package let options: SessionOptions
    package let queueLimit: Int
    package private(set) var phase: Phase
    package private(set) var lastSequence: Int?
    package private(set) var waiting = 0
    package private(set) var running = false
    /// Of the newest frame: how often the temporal state broke off so far.
    package private(set) var epoch: Int

    /// Counts resets by the client: a frame that was running when one came must not bring the old state back.
    private var generation = 0
    /// The frame whose state is held; nil: none is.
    private var previous: (moment: Moment, width: Int, height: Int)?
    /// Why the next frame begins anew, where that is not because it is the first.
    private var coldReason: (mode: Plan.Mode, reason: String)?
    /// The state held was made again from stored frames.
    private var isResuming = false
    private var lastActivity: Duration

    /// `restoredAt`: the last sequence number of a session that a restart interrupted.
    package init(
        options: SessionOptions, queueLimit: Int, now: Duration, phase: Phase = .active,
        restoredAt lastSequence: Int? = nil, epoch: Int = 0
    ) {
        self.options = options
        self.queueLimit = queueLimit
        self.phase = phase
        self.lastSequence = lastSequence
        self.epoch = epoch
        lastActivity = now
        if lastSequence != nil { coldReason = (.reset, "restart") }
    }

    /// Whether a state is carried to the next frame.
    package var holdsState: Bool { previous != nil }

    /// The number that a frame without one will get.
    package var nextSequence: Int { lastSequence.map { $0 + 1 } ?? 0 }

    // MARK: The queue

    package mutating func arrive(now: Duration) -> Arrival {
        lastActivity = now
        guard running else {
            running = true
            return .run
        }
        guard waiting < queueLimit else {
            // With no place to wait there is nobody older to drop either.
            return options.overflow == .dropOldest && queueLimit > 0 ? .waitDroppingOldest : .refuse
        }
        waiting += 1
        return .wait
    }

    /// The running frame is done.
    ///
    /// True: the longest waiting one runs now.
    package mutating func finished(now: Duration) -> Bool {
        lastActivity = now
        guard waiting > 0 else {
            running = false
            return false
        }
        waiting -= 1
        return true
    }

    // MARK: A frame

    /// Nil asks for the next number.
    ///
    /// The caller has made sure that the number has no stored frame.
    package func order(sequence: Int?) -> Order {
        guard let last = lastSequence else { return .next(sequence: sequence ?? 0, gapFrames: 0) }
        let sequence = sequence ?? last + 1
        if sequence > last { return .next(sequence: sequence, gapFrames: sequence - last - 1) }
        return options.late == .stateless ? .late(sequence: sequence) : .outOfOrder(expected: last + 1)
    }

    /// `propagates`: whether the model, and what the client asked for, carry anything from frame to frame at all.
    package func plan(_ order: Order, at moment: Moment, width: Int, height: Int, propagates: Bool) -> Plan? {
        switch order {
        case .outOfOrder:
            return nil
        case .late(let sequence):
            return Plan(
                sequence: sequence, mode: .stateless, reason: "late", gapFrames: 0, gapMs: nil, generation: generation)
        case .next(let sequence, let gapFrames):
            var plan = Plan(
                sequence: sequence, mode: .cold, reason: nil, gapFrames: gapFrames, gapMs: nil, generation: generation)
            if let previous { plan.gapMs = gap(from: previous.moment, to: moment) }
            // The pause was ours, not the camera's: our clock says nothing, registration decides whether it still fits.
            let gapCounts = !isResuming || (previous?.moment.captured != nil && moment.captured != nil)
            if !propagates {
                (plan.mode, plan.reason) = (.stateless, "propagation-none")
            } else if let previous {
                if (previous.width, previous.height) != (width, height) {
                    (plan.mode, plan.reason) = (.reset, "size")
                } else if plan.gapMs! > options.maxGapMs, gapCounts {
                    (plan.mode, plan.reason) = (.reset, "gap")
                } else {
                    (plan.mode, plan.reason) = (.propagated, isResuming ? "resume" : nil)
                }
            } else if let coldReason {
                (plan.mode, plan.reason) = (coldReason.mode, coldReason.reason)
            }
            return plan
        }
    }

    /// The plan of a frame that could not be registered to the one before.
    package func withoutRegistration(_ plan: Plan) -> Plan {
        var plan = plan
        switch options.onRegistrationLoss {
        case .reset: (plan.mode, plan.reason) = (.reset, "registration")
        case .identity: plan.reason = "registration-identity"
        }
        return plan
    }

    /// The epoch of a frame that is run by this plan.
    package func epoch(of plan: Plan) -> Int { epoch + (plan.breaksOff ? 1 : 0) }

    /// The frame's row is stored.
    ///
    /// True: its state becomes the session's.
    package mutating func committed(_ plan: Plan, at moment: Moment, width: Int, height: Int) -> Bool {
        guard plan.advances else { return false }
        lastSequence = max(plan.sequence, lastSequence ?? plan.sequence)
        epoch = epoch(of: plan)
        guard phase == .active, plan.generation == generation else { return false }
        previous = (moment, width, height)
        coldReason = nil
        isResuming = false
        return true
    }

    // MARK: Going on

    /// Whether stored frames are to be run again before the next one, so that it need not begin anew.
    package var wantsResume: Bool {
        options.resumesWarm && previous == nil && ["restart", "idle"].contains(coldReason?.reason)
    }

    /// The last stored frame's state has been made again.
    package mutating func resumed(at moment: Moment, width: Int, height: Int) {
        previous = (moment, width, height)
        isResuming = true
    }

    /// Whether a frame brings it back from being idle.
    package var wakes: Bool {
        if case .idle = phase { options.resumesWarm } else { false }
    }

    package mutating func wake() {
        guard wakes else { return }
        phase = .active
        coldReason = lastSequence == nil ? nil : (.reset, "idle")
    }

    // MARK: The session

    /// Drops the state; brings an idle session back.
    ///
    /// False: it has ended.
    package mutating func reset(now: Duration) -> Bool {
        if case .ended = phase { return false }
        phase = .active
        generation += 1
        previous = nil
        isResuming = false
        coldReason = (.cold, "client")
        lastActivity = now
        return true
    }

    package mutating func end(reason: String) {
        if case .ended = phase { return }
        phase = .ended(reason: reason)
        previous = nil
    }

    /// True: the session has just become idle, and its memory is to be freed.
    package mutating func expire(now: Duration) -> Bool {
        guard phase == .active, !running, now - lastActivity > .seconds(options.idleTimeoutS) else { return false }
        phase = .idle(reason: "idle-timeout")
        previous = nil
        return true
    }

    /// Milliseconds between two frames by the client's clock where it gave both times, else by ours.
    ///
    /// A client's clock that went back is no gap: the sequence numbers already say which frame is newer.
    private func gap(from: Moment, to: Moment) -> Int {
        if let before = from.captured, let now = to.captured {
            return Int((max(0, now.timeIntervalSince(before)) * 1000).rounded())
        }
        let elapsed = (to.received - from.received).components
        return Int(elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000)
    }
}
