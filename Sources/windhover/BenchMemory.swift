import Benchmark
import Foundation
import Imaging
import Inference
import SSP
import Sessions

/// What sessions hold, and whether memory stays flat.
struct BenchMemory: BenchPart {
    static let name = "memory"

    struct Level: Encodable, Sendable {
        let sessions: Int
        let residentBytes: Int

        private enum CodingKeys: String, CodingKey {
            case sessions
            case residentBytes = "resident_bytes"
        }
    }

    struct Soak: Encodable, Sendable {
        let frames: Int
        /// Of resident memory, by least squares over the last nine tenths of the run, per thousand frames.
        let slopeBytes: Double
        let firstBytes: Int
        let lastBytes: Int

        private enum CodingKeys: String, CodingKey {
            case frames
            case slopeBytes = "slope_bytes_per_1000_frames"
            case firstBytes = "first_bytes"
            case lastBytes = "last_bytes"
        }
    }

    /// What a session's state takes by its own account.
    let stateBytes: Int
    /// What it takes in resident memory, by least squares over `levels`.
    let sessionBytes: Double
    let levels: [Level]
    /// Pixels whose class differs between sessions with float16 and float32 state, of all; after 0, 1, … frames.
    let float16Differs: [Double]
    let soak: Soak?

    private enum CodingKeys: String, CodingKey {
        case levels, soak
        case stateBytes = "state_bytes"
        case sessionBytes = "session_bytes"
        case float16Differs = "float16_differs"
    }

    /// `child` is asked about memory, `server` about masks.
    init(
        _ child: BenchChild, _ server: BenchServer, _ frames: BenchFrames, options: SessionOptions, count: Int,
        soak length: Int
    ) async throws {
        var levels = [Level(sessions: 0, residentBytes: child.residentBytes)]
        let client = try child.client()
        var session = ""
        var begun = 0
        for sessions in [1, 8, 32] {
            while begun < sessions {
                session = try await client.begin(options)
                for number in 0..<4 { _ = try await client.send(frames[number], number, to: session) }
                begun += 1
            }
            levels.append(Level(sessions: sessions, residentBytes: child.residentBytes))
        }
        stateBytes = try await client.client.send(
            "GET", "/v1/sessions/\(session)", type: "application/json", body: [], member: "state_bytes", as: Int.self)
        self.levels = levels
        // Without the first: beside its state it brings everything that a frame needs and that is kept for the next.
        sessionBytes = Self.slope(levels.dropFirst().map { (Double($0.sessions), Double($0.residentBytes)) })
        float16Differs = try await Self.differences(server, frames, options, count)
        soak = length > 0 ? try await Self.soak(child, frames, options, length) : nil
    }

    var goals: [Goal] {
        var goals = [
            Goal("memory of a session to its state", sessionBytes / Double(max(1, stateBytes)), .atMost(1.2)),
            Goal("pixels that float16 changes, of all", Distribution(float16Differs).mean, .atMost(0.005)),
        ]
        if let soak {
            goals.append(Goal("memory's growth, MB per 1000 frames", soak.slopeBytes / 1e6, .atMost(0.1)))
        }
        return goals
    }

    var lines: [String] {
        let differs = Distribution(float16Differs)
        return levels.map { "\($0.sessions) sessions: \(Self.megabytes($0.residentBytes)) resident" } + [
            "a session: \(Self.megabytes(Int(sessionBytes))), its state \(Self.megabytes(stateBytes))",
            "float16 changes \((100 * differs.mean).fixed(3)) % of pixels, at most \((100 * differs.percentile(100)).fixed(3)) %",
        ]
            + (soak.map {
                [
                    "\($0.frames) frames: \(Self.megabytes($0.firstBytes)) to \(Self.megabytes($0.lastBytes)), "
                        + "\(($0.slopeBytes / 1e6).fixed(3)) MB per 1000 frames"
                ]
            } ?? [])
    }

    /// Runs the frames with both precisions side by side.
    private static func differences(
        _ server: BenchServer, _ frames: BenchFrames, _ options: SessionOptions, _ count: Int
    ) async throws -> [Double] {
        var sessions: [String] = []
        for precision in [StatePrecision.float32, .float16] {
            var options = options
            options.statePrecision = precision
            sessions.append(try await server.caller.begin(options))
        }
        var differences: [Double] = []
        for number in 0..<count {
            var masks: [LabelMap] = []
            for session in sessions {
                let upload = FrameUpload(
                    sequence: number, image: frames[number], capturedAt: BenchFrames.time(number))
                let answer = try await server.registry.submit(upload, to: session, wantsMask: true)
                if let mask = answer.mask { masks.append(try LabelMap.decodePNG(mask)) }
            }
            let unequal = zip(masks[0].classes, masks[1].classes).count { $0 != $1 }
            differences.append(Double(unequal) / Double(masks[0].classes.count))
        }
        return differences
    }

    private static func soak(
        _ child: BenchChild, _ frames: BenchFrames, _ options: SessionOptions, _ length: Int
    ) async throws -> Soak {
        let clients = [try child.client(), try child.client()]
        let sessions = [try await clients[0].begin(options), try await clients[1].begin(options)]
        var samples: [(Double, Double)] = []
        for number in 0..<length / 2 {
            async let first = clients[0].send(frames[number], number, to: sessions[0])
            async let second = clients[1].send(frames[number], number, to: sessions[1])
            _ = try await (first, second)
            if number % max(1, length / 400) == 0 { samples.append((Double(2 * number), Double(child.residentBytes))) }
        }
        let settled = Array(samples.dropFirst(samples.count / 10))
        return Soak(
            frames: length, slopeBytes: 1000 * slope(settled), firstBytes: Int(settled.first?.1 ?? 0),
            lastBytes: Int(settled.last?.1 ?? 0))
    }

    /// Of the line that fits best.
    static func slope(_ points: [(x: Double, y: Double)]) -> Double {
        let count = Double(points.count)
        let (x, y) = (points.map(\.x).reduce(0, +) / count, points.map(\.y).reduce(0, +) / count)
        let spread = points.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
        return spread > 0 ? points.reduce(0) { $0 + ($1.x - x) * ($1.y - y) } / spread : 0
    }

    private static func megabytes(_ bytes: Int) -> String { "\((Double(bytes) / 1e6).fixed(1)) MB" }
}
