import Foundation

extension TelemetryTrack {
    /// The points of a GPX file (Topografix, 1.0 and 1.1): position, height above sea, speed where it is told.
    ///
    /// Searched for and not parsed: four names are wanted, and Foundation's parser would bring libxml2 into every server.
    /// Comments and CDATA are skipped; nothing is expanded. Pictures are found by the time they were taken. The way that
    /// points follow is no heading: a drone looks where it likes.
    static func gpx(_ text: String) throws(Fault) -> Samples {
        var samples: [Sample] = []
        var point: Sample?
        var isTimed = false
        var scanner = TagScanner(text)
        while let tag = scanner.next() {
            switch tag.name {
            case "trkpt", "rtept", "wpt":
                guard let latitude = tag.attribute("lat").flatMap(PlainNumber.parse),
                    let longitude = tag.attribute("lon").flatMap(PlainNumber.parse),
                    TelemetryValue.latitude.range.contains(latitude), TelemetryValue.longitude.range.contains(longitude)
                else { throw Fault("a point has no latitude and longitude") }
                point = Sample(values: [.latitude: latitude, .longitude: longitude])
                isTimed = false
            case "ele": point?.values[.altitude] = number(tag.content, .altitude)
            case "speed": point?.values[.speed] = number(tag.content, .speed)
            case "time":
                guard point != nil else { continue }
                guard let time = seconds(tag.content) else { throw Fault("\"\(tag.content)\" is no time of a point") }
                point?.time = time
                isTimed = true
            case "/trkpt", "/rtept", "/wpt":
                if let point, isTimed { samples.append(point) }
                point = nil
            default: break
            }
        }
        guard !samples.isEmpty else { throw Fault("no point in it has a time") }
        return .clock(ordered(samples))
    }

    private static func number(_ text: String, _ value: TelemetryValue) -> Double? {
        PlainNumber.parse(text).flatMap { value.range.contains($0) ? $0 : nil }
    }
}

/// Goes through the tags of an XML document.
private struct TagScanner {
    struct Tag {
        /// Without its namespace's prefix; with a slash before it where it closes.
        let name: String
        fileprivate let inside: Substring
        /// What follows up to the next tag, without white space around.
        let content: String

        func attribute(_ name: String) -> String? {
            for quote in ["\"", "'"] {
                for space in [" ", "\n", "\t", "\r\n"] {
                    guard let start = inside.firstRange(of: "\(space)\(name)=\(quote)")?.upperBound else { continue }
                    return inside[start...].firstRange(of: quote).map { String(inside[start..<$0.lowerBound]) }
                }
            }
            return nil
        }
    }

    private var rest: Substring

    init(_ text: String) { rest = text[...] }

    mutating func next() -> Tag? {
        while let start = rest.firstIndex(of: "<") {
            rest = rest[start...].dropFirst()
            if rest.hasPrefix("!--") {
                skip(past: "-->")
            } else if rest.hasPrefix("![CDATA[") {
                skip(past: "]]>")
            } else if let end = rest.firstIndex(of: ">") {
                let inside = rest[..<end]
                rest = rest[end...].dropFirst()
                let content = rest.prefix { $0 != "<" }.trimmingCharacters(in: .whitespacesAndNewlines)
                let full = inside.prefix { !$0.isWhitespace && $0 != "/" || $0 == "/" && inside.first == "/" }
                let isClosing = full.hasPrefix("/")
                let bare = (isClosing ? full.dropFirst() : full).split(separator: ":").last ?? ""
                return Tag(name: (isClosing ? "/" : "") + bare, inside: inside, content: content)
            } else {
                return nil
            }
        }
        return nil
    }

    private mutating func skip(past text: String) {
        rest = rest.firstRange(of: text).map { rest[$0.upperBound...] } ?? ""
    }
}
