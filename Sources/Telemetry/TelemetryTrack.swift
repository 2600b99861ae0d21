import Foundation

/// What a log that was kept beside pictures says of each: CSV, DJI's subtitles (SRT), or GPX.
package struct TelemetryTrack: Sendable, Equatable {
    /// What is told of one moment, or of one picture.
    struct Sample: Sendable, Equatable {
        /// Seconds, since the video began or since 1970; unused where pictures are told by name or number.
        var time = 0.0
        var values: [TelemetryValue: Double] = [:]
        var focalLength35mm: Double?

        var isEmpty: Bool { values.isEmpty && focalLength35mm == nil }
    }

    /// How a picture finds what is told of it.
    enum Samples: Sendable, Equatable {
        case named([String: Sample])
        /// From 0 on.
        case numbered([Int: Sample])
        /// By seconds since the first picture, in order.
        case elapsed([Sample])
        /// By seconds since 1970, in order.
        case clock([Sample])
    }

    /// A picture that is to be sent.
    package struct Moment: Sendable {
        package var name: String
        /// Among those that are sent, from 0 on.
        package var index: Int
        /// Seconds since the first of them.
        package var elapsed: Double
        package var capturedAt: Date?

        package init(name: String, index: Int, elapsed: Double, capturedAt: Date?) {
            self.name = name
            self.index = index
            self.elapsed = elapsed
            self.capturedAt = capturedAt
        }
    }

    /// What is wrong with a log, and in which line.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let line: Int?
        package let message: String

        init(_ message: String, line: Int? = nil) {
            self.message = message
            self.line = line
        }

        package var description: String { (line.map { "line \($0): " } ?? "") + message }
    }

    let samples: Samples

    /// How many pictures, or moments, the log tells of.
    package var count: Int {
        switch samples {
        case .named(let samples): samples.count
        case .numbered(let samples): samples.count
        case .elapsed(let samples), .clock(let samples): samples.count
        }
    }

    /// Whether pictures are found by the time they were taken, so that one without a time finds nothing.
    package var needsTimes: Bool { if case .clock = samples { true } else { false } }

    /// Reads a log; its ending tells what it is, else its first characters.
    ///
    /// - Throws: `Fault`.
    package init(_ text: String, fileName: String) throws(Fault) {
        let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        switch fileName.split(separator: ".").last?.lowercased() {
        case "gpx": samples = try Self.gpx(text)
        case "srt": samples = try Self.srt(text)
        case "csv", "tsv": samples = try Self.csv(text)
        default:
            samples =
                start.hasPrefix("<")
                ? try Self.gpx(text) : start.contains(" --> ") ? try Self.srt(text) : try Self.csv(text)
        }
        guard count > 0 else { throw Fault("it says nothing of any picture") }
    }

    /// What is told of a picture; nil where nothing is.
    package func source(of picture: Moment) -> TelemetrySource? {
        let sample: Sample? =
            switch samples {
            case .named(let samples): samples[picture.name]
            case .numbered(let samples): samples[picture.index]
            case .elapsed(let samples): Self.sample(samples, at: picture.elapsed)
            case .clock(let samples): picture.capturedAt.flatMap { Self.sample(samples, at: $0.timeIntervalSince1970) }
            }
        return sample.map { TelemetrySource(.sidecar, $0.values, focalLength35mm: $0.focalLength35mm) }
    }

    /// Seconds between two samples beyond which nobody knows what was between them.
    private static let longestGap = 10.0
    /// Seconds before the first and after the last that they still hold for: some logs have one line a second.
    private static let margin = 1.0

    private static func sample(_ samples: [Sample], at time: Double) -> Sample? {
        // The first that is not earlier, by bisection.
        var (low, high) = (0, samples.count)
        while low < high {
            let middle = (low + high) / 2
            if samples[middle].time < time { low = middle + 1 } else { high = middle }
        }
        let (before, after) = (low > 0 ? samples[low - 1] : nil, low < samples.count ? samples[low] : nil)
        guard let before, let after else {
            return (before ?? after).flatMap { abs($0.time - time) <= margin ? $0 : nil }
        }
        let span = after.time - before.time
        guard span <= longestGap else {
            return [before, after].first { abs($0.time - time) <= margin }
        }
        return interpolated(before, after, share: (time - before.time) / span)
    }

    /// Numbers between those of two samples, angles along the shorter way round; what only one knows is the nearer's.
    private static func interpolated(_ before: Sample, _ after: Sample, share: Double) -> Sample {
        var result = share < 0.5 ? before : after
        for (value, start) in before.values {
            guard let end = after.values[value] else { continue }
            guard value.isAngle else {
                result.values[value] = start + share * (end - start)
                continue
            }
            let turned = remainder(start + share * remainder(end - start, 360), 360)
            result.values[value] = value == .heading && turned < 0 ? turned + 360 : turned
        }
        return result
    }

    /// In order of time, of several of one moment the first.
    static func ordered(_ samples: [Sample]) -> [Sample] {
        var result: [Sample] = []
        for sample in samples.sorted(by: { $0.time < $1.time }) where sample.time != result.last?.time {
            result.append(sample)
        }
        return result
    }
}
