import Benchmark
import Foundation
import Sessions
import Synchronization

/// One way of sending frames, and what came of it.
struct BenchRun: Encodable, Sendable {
    /// When a run ends.
    enum Length: Sendable {
        case frames(Int)
        case seconds(Double)
    }

    let name: String
    let sessions: Int
    private(set) var framesPerSecond = 0.0
    /// Processor time of the whole process, the client's included.
    private(set) var processorMs = 0.0
    /// Of the processors' time that others on the machine left, the share that was used.
    private(set) var processorShare = 0.0
    /// Frames that were fused with the one before, of all: 1, unless one overtook another or registration was lost.
    private(set) var fused = 0.0
    /// From sending a frame to its answer.
    private(set) var latency = Distribution([])
    private(set) var stages: [String: Distribution] = [:]

    /// Sends frames in each of `sessions` sessions at once, `inFlight` frames of a session at a time.
    ///
    /// `connect` makes a sender; every frame that may be on its way gets its own. `pace`, frames a second, makes each
    /// wait for its moment; where the answer to the one before comes later than that, the delay counts.
    init(
        _ name: String, _ frames: BenchFrames, sessions: Int = 1, inFlight: Int = 1, length: Length,
        pace: Double? = nil, options: SessionOptions, connect: @Sendable () throws -> any BenchSender
    ) async throws {
        self.name = name
        self.sessions = sessions
        var ways: [(session: String, numbers: Numbers, sender: any BenchSender, lane: Int)] = []
        for _ in 0..<sessions {
            let first = try connect()
            let session = try await first.begin(options)
            // The first frame is cold and warms everything up: it is not measured.
            _ = try await first.send(frames[0], 0, to: session)
            let numbers = Numbers()
            for lane in 0..<inFlight { ways.append((session, numbers, lane == 0 ? first : try connect(), lane)) }
        }
        let (start, processor, idle) = (ContinuousClock.now, Stopwatch.process, Stopwatch.idle)
        var answers: [(Double, [String: Double])] = []
        try await withThrowingTaskGroup(of: [(Double, [String: Double])].self) { group in
            for way in ways {
                group.addTask {
                    // Frames should arrive in order. Once under way each is sent when an earlier one was answered,
                    // which keeps them apart.
                    if way.lane > 0 { try await Task.sleep(for: .milliseconds(10 * way.lane)) }
                    var answers: [(Double, [String: Double])] = []
                    while let number = way.numbers.next(start, length) {
                        var sent = ContinuousClock.now
                        if let pace {
                            let moment = start.advanced(by: .seconds(Double(number) / pace))
                            if moment > sent {
                                try await Task.sleep(until: moment, tolerance: .zero, clock: .continuous)
                                sent = .now
                            } else {
                                sent = moment
                            }
                        }
                        let stages = try await way.sender.send(frames[number], number, to: way.session)
                        answers.append((milliseconds(ContinuousClock.now - sent), stages))
                    }
                    return answers
                }
            }
            for try await part in group { answers += part }
        }
        let elapsed = milliseconds(ContinuousClock.now - start)
        let used = Stopwatch.process - processor
        let count = Double(answers.count)
        latency = Distribution(answers.map(\.0))
        stages = Self.distributions(answers.map(\.1))
        fused = Double(answers.count { $0.1["similarity"] != nil }) / count
        framesPerSecond = count / (elapsed / 1000)
        processorMs = used / count
        processorShare = used / (used + Stopwatch.idle - idle)
    }

    /// Of each stage that occurs.
    static func distributions(_ frames: [[String: Double]]) -> [String: Distribution] {
        Set(frames.flatMap(\.keys)).reduce(into: [:]) { stages, name in
            stages[name] = Distribution(frames.compactMap { $0[name] })
        }
    }

    private enum CodingKeys: String, CodingKey {
        case name, sessions, fused, stages
        case framesPerSecond = "frames_per_second"
        case processorMs = "processor_ms_per_frame"
        case processorShare = "processor_share"
        case latency = "latency_ms"
    }
}

/// A session's frame numbers, handed out one by one.
private final class Numbers: Sendable {
    private let used = Mutex(0)

    /// Nil where a run that began at `start` has lasted for `length`.
    func next(_ start: ContinuousClock.Instant, _ length: BenchRun.Length) -> Int? {
        used.withLock { used in
            switch length {
            case .frames(let count) where used >= count: return nil
            case .seconds(let seconds) where ContinuousClock.now - start >= .seconds(seconds): return nil
            default:
                used += 1
                return used
            }
        }
    }
}

func milliseconds(_ time: Duration) -> Double {
    Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) / 1e15
}
