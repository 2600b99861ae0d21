import Foundation

extension TelemetryTrack {
    /// The subtitles that DJI's drones write beside a video, a block a frame or a second.
    ///
    /// All of their dialects at once, because firmwares mix them: values in brackets (`[latitude: 49.4] [rel_alt: 1.3
    /// abs_alt: 132.8]`, `[longtitude : 8.4]`, `[gb_yaw: 12.5 gb_pitch: -90.0 gb_roll: 0.0]`), and the older
    /// `GPS(8.46,49.48,19)`, longitude first, with `BAROMETER:19.3` or `H 98.00m` for the height above where it took off.
    /// Pictures are found by the seconds since the video began. Times of day are passed over: of their zone nothing is
    /// said.
    static func srt(_ text: String) throws(Fault) -> Samples {
        var subtitles: [Subtitle] = []
        for line in text.split(whereSeparator: \.isNewline) {
            if let time = timecode(line) {
                subtitles.append(Subtitle(sample: Sample(time: time)))
            } else if !subtitles.isEmpty {
                subtitles[subtitles.count - 1].read(line)
            }
        }
        let samples = subtitles.map(\.whole).filter { !$0.isEmpty }
        guard !samples.isEmpty else { throw Fault("no subtitle in it tells a position, a height or an attitude") }
        return .elapsed(ordered(samples))
    }

    /// Seconds of the beginning of `00:00:01,250 --> 00:00:01,283`.
    private static func timecode(_ line: Substring) -> Double? {
        guard let arrow = line.firstRange(of: "-->") else { return nil }
        let parts = line[..<arrow.lowerBound].replacing(",", with: ".").split(separator: ":")
            .map { PlainNumber.parse($0) }
        guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let seconds = parts[2] else { return nil }
        return hours * 3600 + minutes * 60 + seconds
    }
}

/// One subtitle, while its lines are read.
private struct Subtitle {
    var sample: TelemetryTrack.Sample
    private var isZoomed = false

    init(sample: TelemetryTrack.Sample) { self.sample = sample }

    private static let names: [String: TelemetryValue] = [
        "latitude": .latitude, "longitude": .longitude, "longtitude": .longitude,
        "altitude": .altitude, "abs_alt": .altitude, "rel_alt": .heightAboveGround, "barometer": .heightAboveGround,
        "h": .heightAboveGround, "gb_yaw": .gimbalYaw, "gb_pitch": .gimbalPitch, "gb_roll": .gimbalRoll,
        "drone_yaw": .heading, "h.s": .speed,
    ]

    /// What it tells, once all of it has been read.
    var whole: TelemetryTrack.Sample {
        var result = sample
        // Without a fix both are zero.
        let position = (sample.values[.latitude] ?? 0, sample.values[.longitude] ?? 0)
        if position == (0, 0) || sample.values[.latitude] == nil || sample.values[.longitude] == nil {
            result.values[.latitude] = nil
            result.values[.longitude] = nil
        }
        // What a digital zoom leaves of the field of view is not told.
        if isZoomed { result.focalLength35mm = nil }
        return result
    }

    mutating func read(_ line: Substring) {
        var words = Self.words(line)[...]
        while let word = words.popFirst() {
            let name = word.lowercased()
            let number = words.first.flatMap(Self.number)
            if name == "gps" {
                // Longitude first; the third is satellites for some and metres for others.
                set(.longitude, number)
                set(.latitude, words.dropFirst().first.flatMap(Self.number))
                words = words.dropFirst(3)
            } else if let value = Self.names[name] {
                set(value, number)
            } else if name == "focal_len", let number, let text = words.first {
                // Older firmwares write tenths of millimetres, without a point.
                let focal = text.contains(".") ? number : number / 10
                sample.focalLength35mm = TelemetrySource.focalLengths.contains(focal) ? focal : nil
            } else if ["dzoom", "dzoom_ratio"].contains(name), let number {
                isZoomed = ![1, 10_000].contains(number)
            }
        }
    }

    private mutating func set(_ value: TelemetryValue, _ number: Double?) {
        if let number, value.range.contains(number) { sample.values[value] = number }
    }

    /// Names and numbers without what stands between them: brackets, colons, commas, and the tags of fonts.
    private static func words(_ line: Substring) -> [Substring] {
        var bare = String(line)
        while let start = bare.firstIndex(of: "<"), let end = bare[start...].firstIndex(of: ">") {
            bare.replaceSubrange(start...end, with: " ")
        }
        return bare.split { " []():,|\t".contains($0) }
    }

    /// `98.00m` and `4.81m/s` are numbers, too.
    private static func number(_ word: Substring) -> Double? {
        PlainNumber.parse(word.hasSuffix("m/s") ? word.dropLast(3) : word.hasSuffix("m") ? word.dropLast() : word)
    }
}
