import Evaluation
import Foundation
import Imaging
import Results
import SSP
import Sessions

/// What adaptive cadence gains and what it costs: frames a second, and how far its masks are from those of a session
/// whose image model sees every frame.
struct CadenceBench: Encodable {
    struct Setting: Sendable {
        var name: String
        var options: SessionOptions

        /// Every frame first, which the others are compared with.
        static func all(_ base: SessionOptions) -> [Setting] {
            func adaptive(_ name: String, interval: Int, refresh: Double) -> Setting {
                var options = base
                (options.cadence, options.keyframeInterval, options.refreshFraction) = (.adaptive, interval, refresh)
                return Setting(name: name, options: options)
            }
            return [Setting(name: "every frame", options: base)]
                + [2, 3, 4, 8].map { adaptive("one of \($0)", interval: $0, refresh: 1) }
                + [0.1, 0.2, 0.3, 0.5].map { adaptive("stale above \($0)", interval: 8, refresh: $0) }
        }
    }

    struct Row: Encodable {
        let setting: String
        let keyframeInterval: Int
        let refreshFraction: Double
        /// Of the frames, 0…1.
        let keyframes: Double
        let framesPerSecond: Double
        let processorMs: Double
        /// mIoU, 0…1, with the masks of every frame seen as labels.
        let agreement: Double?
        let temporalConsistency: Double?

        private enum CodingKeys: String, CodingKey {
            case setting, keyframes, agreement
            case keyframeInterval = "keyframe_interval"
            case refreshFraction = "refresh_fraction"
            case framesPerSecond = "frames_per_second"
            case processorMs = "processor_ms_per_frame"
            case temporalConsistency = "temporal_consistency"
        }
    }

    let rows: [Row]

    /// Sends the frames in two sessions at once for their speed, and in one for its masks.
    init(_ images: [[UInt8]], registration: RegistrationMethod, registry: SessionRegistry) async throws {
        var base = SessionOptions()
        base.registration = registration
        let frames = try images.map { try ImageCodec.decode($0) }
        var whole: [LabelMap] = []
        var flows: [OpticalFlow?] = []
        var rows: [Row] = []
        for setting in Setting.all(base) {
            let sender = CadenceSender(registry: registry, options: setting.options)
            let run = try await BenchRun(images, sessions: 2) { sender }
            let (masks, keyframes) = try await sender.masks(of: images)
            if whole.isEmpty {
                whole = masks
                let grey = zip(frames, masks).map { $0.resized(width: $1.width, height: $1.height).luminance() }
                flows = [nil] + zip(grey, grey.dropFirst()).map { OpticalFlow(from: $0, to: $1) }
            }
            var score = SequenceScore()
            for (index, mask) in masks.enumerated() { score.add(mask, truth: whole[index], flow: flows[index]) }
            rows.append(
                Row(
                    setting: setting.name, keyframeInterval: setting.options.keyframeInterval,
                    refreshFraction: setting.options.refreshFraction,
                    keyframes: Double(keyframes) / Double(images.count), framesPerSecond: run.framesPerSecond,
                    processorMs: run.processorMs, agreement: score.confusion.meanIntersectionOverUnion,
                    temporalConsistency: score.temporalConsistency))
        }
        self.rows = rows
    }

    func lines() -> [String] {
        var table = Table([
            ("cadence", .left), ("key frames", .right), ("frames/s", .right), ("×", .right), ("CPU ms", .right),
            ("agreement", .right), ("TC", .right),
        ])
        for row in rows {
            table.add([
                row.setting, "\((100 * row.keyframes).fixed(0)) %", row.framesPerSecond.fixed(1),
                (row.framesPerSecond / rows[0].framesPerSecond).fixed(2), row.processorMs.fixed(1),
                row.agreement.map { (100 * $0).fixed(2) } ?? "",
                row.temporalConsistency.map { (100 * $0).fixed(2) } ?? "",
            ])
        }
        return table.lines
    }
}

/// Calls the sessions directly, with options of its own.
private struct CadenceSender: BenchSender {
    let registry: SessionRegistry
    let options: SessionOptions

    func begin() async throws -> String {
        var new = SessionRegistry.NewSession()
        new.options = options
        return try await registry.create(new).id
    }

    func send(_ image: [UInt8], _ sequence: Int, to session: String) async throws -> [String: Double] {
        let upload = FrameUpload(sequence: sequence, image: image, capturedAt: BenchRun.time(sequence))
        return try await registry.submit(upload, to: session).record.stageMs
    }

    /// The masks of a session of these images, and how many of them are key frames.
    func masks(of images: [[UInt8]]) async throws -> ([LabelMap], keyframes: Int) {
        let session = try await begin()
        var masks: [LabelMap] = []
        var keyframes = 0
        for (sequence, image) in images.enumerated() {
            let upload = FrameUpload(sequence: sequence, image: image, capturedAt: BenchRun.time(sequence))
            let answer = try await registry.submit(upload, to: session, wantsMask: true)
            masks.append(try LabelMap.decodePNG(answer.mask ?? []))
            keyframes += answer.record.isKeyframe ? 1 : 0
        }
        try await registry.end(session)
        return (masks, keyframes)
    }
}
