import Benchmark
import Evaluation
import Foundation
import Imaging
import Results
import Sessions

/// What adaptive cadence gains and costs: frames a second, and how far its masks are from those of a session whose image
/// model sees every frame.
struct BenchCadence: BenchPart {
    static let name = "cadence"

    let rows: [Row]

    struct Row: Encodable {
        let setting: String
        /// Of the frames, 0…1.
        let keyframes: Double
        /// Of two sessions at once, by calls.
        let framesPerSecond: Double
        let processorMs: Double
        /// mIoU, 0…1, with the masks of every frame seen as labels.
        let agreement: Double
        let temporalConsistency: Double?

        private enum CodingKeys: String, CodingKey {
            case setting, keyframes, agreement
            case framesPerSecond = "frames_per_second"
            case processorMs = "processor_ms_per_frame"
            case temporalConsistency = "temporal_consistency"
        }
    }

    init(_ server: BenchServer, _ frames: BenchFrames, options: SessionOptions) async throws {
        let pictures = try frames.files.map { try ImageCodec.decode($0) }
        var whole: [LabelMap] = []
        var flows: [OpticalFlow?] = []
        var rows: [Row] = []
        for setting in Self.settings(options) {
            let run = try await BenchRun(
                setting.name, frames, sessions: 2, length: .frames(pictures.count - 1), options: setting.options
            ) { server.caller }
            let (masks, keyframes) = try await Self.masks(of: frames, options: setting.options, server)
            if whole.isEmpty {
                whole = masks
                let grey = zip(pictures, masks).map { $0.resized(width: $1.width, height: $1.height).luminance() }
                flows = [nil] + zip(grey, grey.dropFirst()).map { OpticalFlow(from: $0, to: $1) }
            }
            var score = SequenceScore()
            for (index, mask) in masks.enumerated() { score.add(mask, truth: whole[index], flow: flows[index]) }
            rows.append(
                Row(
                    setting: setting.name, keyframes: Double(keyframes) / Double(masks.count),
                    framesPerSecond: run.framesPerSecond, processorMs: run.processorMs,
                    agreement: score.confusion.meanIntersectionOverUnion ?? 0,
                    temporalConsistency: score.temporalConsistency))
        }
        self.rows = rows
    }

    /// Every frame first, which the others are compared with.
    private static func settings(_ base: SessionOptions) -> [(name: String, options: SessionOptions)] {
        func adaptive(interval: Int, refresh: Double) -> SessionOptions {
            var options = base
            (options.cadence, options.keyframeInterval, options.refreshFraction) = (.adaptive, interval, refresh)
            return options
        }
        return [("every frame", base)]
            + [2, 4, 8].map { ("one of \($0)", adaptive(interval: $0, refresh: 1)) }
            + [0.05, 0.1, 0.2].map { ("stale above \($0), one of 8", adaptive(interval: 8, refresh: $0)) }
    }

    /// The masks of a session of its own, and how many of them are key frames.
    private static func masks(
        of frames: BenchFrames, options: SessionOptions, _ server: BenchServer
    ) async throws -> ([LabelMap], keyframes: Int) {
        let session = try await server.caller.begin(options)
        var masks: [LabelMap] = []
        var keyframes = 0
        for number in frames.files.indices {
            let upload = FrameUpload(sequence: number, image: frames[number], capturedAt: BenchFrames.time(number))
            let answer = try await server.registry.submit(upload, to: session, wantsMask: true)
            masks.append(try LabelMap.decodePNG(answer.mask ?? []))
            keyframes += answer.record.isKeyframe ? 1 : 0
        }
        try await server.registry.end(session)
        return (masks, keyframes)
    }

    /// The fastest setting whose masks are near enough, against every frame seen; where there is none, the nearest.
    var goals: [Goal] {
        let near = rows.dropFirst().filter { $0.agreement >= 0.99 }
        guard
            let best = near.max(by: { $0.framesPerSecond < $1.framesPerSecond })
                ?? rows.dropFirst().max(by: { $0.agreement < $1.agreement })
        else { return [] }
        return [
            Goal(
                "adaptive cadence, frames a second to every frame seen",
                best.framesPerSecond / rows[0].framesPerSecond, .atLeast(2.5)),
            Goal("its masks' mIoU with those of every frame seen", best.agreement, .atLeast(0.99)),
        ]
    }

    var lines: [String] {
        var table = Table([
            ("cadence", .left), ("key frames", .right), ("frames/s", .right), ("times", .right), ("CPU ms", .right),
            ("agreement", .right), ("TC", .right),
        ])
        for row in rows {
            table.add([
                row.setting, "\((100 * row.keyframes).fixed(0)) %", row.framesPerSecond.fixed(1),
                (row.framesPerSecond / rows[0].framesPerSecond).fixed(2), row.processorMs.fixed(1),
                (100 * row.agreement).fixed(2), row.temporalConsistency.map { (100 * $0).fixed(2) } ?? "",
            ])
        }
        return table.lines
    }
}
