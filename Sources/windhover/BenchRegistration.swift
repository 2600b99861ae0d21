import ArgumentParser
import Benchmark
import Foundation
import Imaging
import SSP

/// Registration methods beside each other.
struct BenchRegistration: BenchPart {
    static let name = "registration"

    struct Row: Encodable {
        let frames: String
        let result: RegistrationBenchmark
    }

    let rows: [Row]

    /// On simulated flights, `each` pairs of every plan, and on neighbours and every third frame of `folders`.
    init(each: Int, folders: [(path: String, frames: BenchFrames)]) throws {
        var sets = [("simulated", RegistrationBenchmark.simulated(width: 1280, height: 720, each: each))]
        for (path, frames) in folders {
            let pictures = try frames.files.prefix(4 * each).map { try ImageCodec.decode($0).luminance() }
            for step in [1, 3] where pictures.count > step {
                let pairs = (step..<pictures.count).map {
                    RegistrationBenchmark.Pair(previous: pictures[$0 - step], current: pictures[$0], motion: nil)
                }
                sets.append(("\(URL(fileURLWithPath: path).lastPathComponent), step \(step)", pairs))
            }
        }
        rows = sets.flatMap { name, pairs in
            RegistrationMethod.allCases.map { Row(frames: name, result: RegistrationBenchmark($0, pairs)) }
        }
    }

    private func simulated(_ method: RegistrationMethod) -> RegistrationBenchmark? {
        rows.first { $0.frames == "simulated" && $0.result.method == method.rawValue }?.result
    }

    var goals: [Goal] {
        guard let klt = simulated(.klt), let akaze = simulated(.akaze), let ours = klt.cornerError,
            let theirs = akaze.cornerError
        else { return [] }
        return [
            Goal("registration 1280x720, klt, ms of one thread", klt.time.median, .atMost(8)),
            Goal("corner error, klt to akaze, median", ours.median / theirs.median, .atMost(1)),
            Goal("corner error, klt to akaze, p95", ours.p95 / theirs.p95, .atMost(1)),
        ]
    }

    var lines: [String] {
        var table = Table([
            ("frames", .left), ("method", .left), ("ms", .right), ("p95", .right), ("corner px", .right),
            ("p95", .right), ("grey levels", .right), ("failed", .right),
        ])
        for row in rows {
            let result = row.result
            table.add([
                row.frames, result.method, result.time.median.fixed(1), result.time.p95.fixed(1),
                result.cornerError.map { $0.median.fixed(2) } ?? "", result.cornerError.map { $0.p95.fixed(2) } ?? "",
                result.photometricError.mean.fixed(2), "\(result.failures)/\(result.pairs)",
            ])
        }
        return table.lines
    }
}
