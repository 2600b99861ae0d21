import Foundation
import Synchronization

/// One way of sending all frames, and what came of it.
struct BenchRun: Encodable {
    let sessions: Int
    let inFlight: Int
    private(set) var framesPerSecond = 0.0
    /// Processor time of the whole process, the client's included.
    private(set) var processorMs = 0.0
    /// Frames that were fused with the one before: all, unless one overtook another or was lost by registration.
    private(set) var fused = 0
    /// From sending a frame to its answer.
    private(set) var latencyMs: [Double] = []
    private(set) var stageMs: [String: [Double]] = [:]

    /// Sends every image in each of `sessions` sessions at once, `inFlight` frames of a session at a time.
    ///
    /// `connect` makes a sender; every frame that may be on its way gets its own.
    init(
        _ images: [[UInt8]], sessions: Int = 1, inFlight: Int = 1, connect: () throws -> any BenchSender
    ) async throws {
        self.sessions = sessions
        self.inFlight = inFlight
        var ways: [(session: String, numbers: Numbers, sender: any BenchSender, lane: Int)] = []
        for _ in 0..<sessions {
            let first = try connect()
            let session = try await first.begin()
            // The first frame is cold and warms everything up: it is not measured.
            _ = try await first.send(images[0], 0, to: session)
            let numbers = Numbers(from: 1, to: images.count)
            for lane in 0..<inFlight { ways.append((session, numbers, lane == 0 ? first : try connect(), lane)) }
        }
        let (start, processor) = (ContinuousClock.now, Self.processorTime())
        try await withThrowingTaskGroup(of: [(Double, [String: Double])].self) { group in
            for way in ways {
                group.addTask {
                    var answers: [(Double, [String: Double])] = []
                    // Frames should arrive in order. Once under way each is sent when an earlier one was answered,
                    // which keeps them apart.
                    try await Task.sleep(for: .milliseconds(10 * way.lane))
                    while let number = way.numbers.next() {
                        let sent = ContinuousClock.now
                        let stages = try await way.sender.send(images[number], number, to: way.session)
                        answers.append((milliseconds(ContinuousClock.now - sent), stages))
                    }
                    return answers
                }
            }
            for try await answers in group {
                for (latency, stages) in answers {
                    latencyMs.append(latency)
                    for (stage, time) in stages { stageMs[stage, default: []].append(time) }
                }
            }
        }
        fused = stageMs["similarity"]?.count ?? 0
        let frames = Double(latencyMs.count)
        framesPerSecond = frames / (milliseconds(ContinuousClock.now - start) / 1000)
        processorMs = (Self.processorTime() - processor) / frames
    }

    /// When a simulated frame was taken.
    static func time(_ sequence: Int) -> Date { Date(timeIntervalSince1970: 1_700_000_000 + Double(sequence) / 10) }

    /// Milliseconds of processor time this process has used.
    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }

    private enum Key: String, CodingKey {
        case sessions, fused, stages
        case inFlight = "in_flight"
        case framesPerSecond = "frames_per_second"
        case processor = "processor_ms_per_frame"
        case latency = "latency_ms"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(sessions, forKey: .sessions)
        try out.encode(inFlight, forKey: .inFlight)
        try out.encode(framesPerSecond, forKey: .framesPerSecond)
        try out.encode(processorMs, forKey: .processor)
        try out.encode(fused, forKey: .fused)
        try out.encode(BenchReport.Summary(latencyMs), forKey: .latency)
        try out.encode(stageMs.mapValues(BenchReport.Summary.init), forKey: .stages)
    }
}

/// A session's frame numbers, handed out one by one.
private final class Numbers: Sendable {
    private let numbers: Mutex<Range<Int>>

    init(from first: Int, to end: Int) { numbers = Mutex(first..<end) }

    func next() -> Int? { numbers.withLock { $0.popFirst() } }
}

func milliseconds(_ time: Duration) -> Double {
    Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) / 1e15
}
