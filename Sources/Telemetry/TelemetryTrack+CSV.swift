import Foundation

extension TelemetryTrack {
    private enum Column {
        case file, frame, elapsed, time, focalLength
        case value(TelemetryValue)
    }

    /// Names of columns, beside those of `TelemetryValue`: what flight logs and photogrammetry programs write.
    private static let aliases: [String: Column] = [
        "file": .file, "filename": .file, "image": .file, "name": .file, "sourcefile": .file,
        "frame": .frame, "index": .frame,
        "elapsed_s": .elapsed, "elapsed": .elapsed, "seconds": .elapsed, "time_s": .elapsed,
        "captured_at": .time, "time": .time, "timestamp": .time, "datetime": .time,
        "latitude": .value(.latitude), "gpslatitude": .value(.latitude),
        "lng": .value(.longitude), "long": .value(.longitude), "longitude": .value(.longitude),
        "gpslongitude": .value(.longitude),
        "alt": .value(.altitude), "altitude": .value(.altitude), "altitude_m": .value(.altitude),
        "abs_alt": .value(.altitude), "altitude_above_sealevel": .value(.altitude),
        "absolutealtitude": .value(.altitude),
        "agl": .value(.heightAboveGround), "height": .value(.heightAboveGround), "height_m": .value(.heightAboveGround),
        "rel_alt": .value(.heightAboveGround), "relative_altitude": .value(.heightAboveGround),
        "relativealtitude": .value(.heightAboveGround), "height_above_takeoff": .value(.heightAboveGround),
        "heading": .value(.heading), "yaw": .value(.heading), "compass_heading": .value(.heading),
        "flightyawdegree": .value(.heading),
        "gimbal_yaw": .value(.gimbalYaw), "gimbal_heading": .value(.gimbalYaw), "gb_yaw": .value(.gimbalYaw),
        "gimbalyawdegree": .value(.gimbalYaw),
        "gimbal_pitch": .value(.gimbalPitch), "gb_pitch": .value(.gimbalPitch),
        "gimbalpitchdegree": .value(.gimbalPitch),
        "gimbal_roll": .value(.gimbalRoll), "gb_roll": .value(.gimbalRoll), "gimbalrolldegree": .value(.gimbalRoll),
        "fov_h": .value(.horizontalFieldOfView), "hfov": .value(.horizontalFieldOfView),
        "fov": .value(.horizontalFieldOfView), "fov_v": .value(.verticalFieldOfView),
        "vfov": .value(.verticalFieldOfView),
        "focal_35mm": .focalLength, "focallengthin35mmformat": .focalLength,
        "speed": .value(.speed), "speed_ms": .value(.speed),
    ]

    /// Units that stand in parentheses behind a name, such as `height_above_takeoff(feet)`.
    private static let units = [
        "": 1, "m": 1, "meters": 1, "metres": 1, "feet": 0.3048, "ft": 0.3048, "degrees": 1, "deg": 1, "m/s": 1,
        "mph": 0.44704, "km/h": 1 / 3.6, "s": 1, "millisecond": 0.001, "ms": 0.001, "utc": 1,
    ]

    /// A table with names in its first line; commas, semicolons or tabs between fields (RFC 4180).
    ///
    /// Pictures are found by `file`, else by `frame`, else by `captured_at`, else by `elapsed_s`; where there is none of
    /// them, lines and pictures follow one another. Columns that mean nothing here are passed over, empty fields are
    /// values that nobody knows.
    static func csv(_ text: String) throws(Fault) -> Samples {
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            .map { (number: $0.offset + 1, text: $0.element) }
        lines.removeAll { $0.text.allSatisfy(\.isWhitespace) }
        guard let head = lines.first else { throw Fault("it is empty") }
        let separator = [",", ";", "\t"].max { head.text.count(of: $0) < head.text.count(of: $1) }!
        let names = fields(head.text.drop { $0 == "\u{FEFF}" }, separator)
        let columns = names.map(column)
        guard columns.contains(where: { if case .value = $0?.column { true } else { false } }) else {
            let known = TelemetryValue.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault("no column is known; there must be some of \(known)", line: head.number)
        }

        var rows: [Row] = []
        for line in lines.dropFirst() {
            var row = Row()
            for (index, text) in fields(line.text, separator).enumerated() where index < columns.count && !text.isEmpty
            {
                guard let (column, factor) = columns[index] else { continue }
                guard row.take(text, column, factor) else {
                    throw Fault("\"\(text)\" is no \(names[index])", line: line.number)
                }
            }
            guard (row.sample.values[.latitude] == nil) == (row.sample.values[.longitude] == nil) else {
                throw Fault("a position has both lat and lon", line: line.number)
            }
            rows.append(row)
        }
        return samples(of: rows)
    }

    private struct Row {
        var sample = Sample()
        var file: String?
        var frame: Int?
        var time: Double?
        var elapsed: Double?

        /// False where a field is not what its column holds.
        mutating func take(_ text: String, _ column: Column, _ factor: Double) -> Bool {
            switch column {
            case .file: file = text.split { $0 == "/" || $0 == "\\" }.last.map(String.init)
            case .frame:
                frame = Int(text)
                return frame != nil
            case .elapsed:
                elapsed = PlainNumber.parse(text).map { $0 * factor }
                return elapsed != nil
            case .time:
                time = TelemetryTrack.seconds(text)
                return time != nil
            case .focalLength:
                sample.focalLength35mm = PlainNumber.parse(text)
                return sample.focalLength35mm.map(TelemetrySource.focalLengths.contains) == true
            case .value(let value):
                guard let number = PlainNumber.parse(text).map({ $0 * factor }), value.range.contains(number) else {
                    return false
                }
                sample.values[value] = number
            }
            return true
        }
    }

    private static func samples(of rows: [Row]) -> Samples {
        if rows.contains(where: { $0.file != nil }) {
            let named = rows.compactMap { row in row.file.map { ($0, row.sample) } }
            return .named(Dictionary(named) { first, _ in first })
        }
        if rows.contains(where: { $0.frame != nil }) {
            let numbered = rows.compactMap { row in row.frame.map { ($0, row.sample) } }
            return .numbered(Dictionary(numbered) { first, _ in first })
        }
        func timed(_ time: (Row) -> Double?) -> [Sample] {
            ordered(
                rows.compactMap { row in
                    time(row).map {
                        Sample(time: $0, values: row.sample.values, focalLength35mm: row.sample.focalLength35mm)
                    }
                })
        }
        if rows.contains(where: { $0.time != nil }) { return .clock(timed(\.time)) }
        if rows.contains(where: { $0.elapsed != nil }) { return .elapsed(timed(\.elapsed)) }
        return .numbered(
            Dictionary(uniqueKeysWithValues: rows.map(\.sample).enumerated().map { ($0.offset, $0.element) }))
    }

    private static func column(_ name: String) -> (column: Column, factor: Double)? {
        let parts = name.lowercased().split(separator: "(", maxSplits: 1).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        let bare = (parts.first ?? "").replacingOccurrences(of: " ", with: "_")
        let unit = parts.count > 1 ? parts[1].trimmingCharacters(in: CharacterSet(charactersIn: ") ")) : ""
        guard let factor = units[unit] else { return nil }
        if bare == "time", factor == 0.001 { return (.elapsed, factor) }
        return (TelemetryValue(rawValue: bare).map(Column.value) ?? aliases[bare]).map { ($0, factor) }
    }

    /// RFC 3339, `2026-06-01 08:00:00.5` in UTC, or seconds or milliseconds since 1970.
    static func seconds(_ text: String) -> Double? {
        if let number = PlainNumber.parse(text) { return number > 1e11 ? number / 1000 : number }
        guard let civil = CivilTime(exif: text.prefix(19)) else { return nil }
        let rest = text.dropFirst(19)
        let fraction = rest.hasPrefix(".") ? rest.dropFirst().prefix { $0.isASCII && $0.isNumber } : ""
        let zone = rest.dropFirst(fraction.isEmpty ? 0 : fraction.count + 1)
        guard let offset = zone.isEmpty ? 0 : CivilTime.offset(String(zone)), let parts = Double("0.\(fraction)0")
        else {
            return nil
        }
        return civil.date(fraction: parts, offset: offset).timeIntervalSince1970
    }

    /// The fields of a line, without the spaces and the quotes around them.
    private static func fields(_ line: some StringProtocol, _ separator: Character) -> [String] {
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case separator where !isQuoted:
                fields.append(field.trimmingCharacters(in: .whitespaces))
                field = ""
            default: field.append(character)
            }
        }
        return fields + [field.trimmingCharacters(in: .whitespaces)]
    }
}

extension StringProtocol {
    fileprivate func count(of character: Character) -> Int { count { $0 == character } }
}
