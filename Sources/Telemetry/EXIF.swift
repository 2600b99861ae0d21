import Foundation

/// The few tags of EXIF (CIPA DC-008, 4.6) that say when, where and through which lens a picture was taken.
enum EXIF {
    private enum Tag {
        static let exifDirectory = 0x8769
        static let gpsDirectory = 0x8825
        // Of the EXIF directory.
        static let dateTimeOriginal = 0x9003
        static let offsetTimeOriginal = 0x9011
        static let subSecTimeOriginal = 0x9291
        static let digitalZoomRatio = 0xa404
        static let focalLengthIn35mmFilm = 0xa405
    }

    private enum GPSTag {
        static let latitudeRef = 1
        static let latitude = 2
        static let longitudeRef = 3
        static let longitude = 4
        static let altitudeRef = 5
        static let altitude = 6
        static let timeStamp = 7
        static let status = 9
        static let speedRef = 12
        static let speed = 13
        static let imgDirectionRef = 16
        static let imgDirection = 17
        static let dateStamp = 29
    }

    /// Reads the payload of a JPEG's segment behind "Exif".
    static func read(_ bytes: ArraySlice<UInt8>) -> TelemetrySource {
        var source = TelemetrySource(.exif)
        guard let file = TIFF(bytes) else { return source }
        let root = file.directory(at: file.firstDirectory)
        let gps = root[Tag.gpsDirectory]?.unsigned.map(file.directory(at:)) ?? [:]
        let camera = root[Tag.exifDirectory]?.unsigned.map(file.directory(at:)) ?? [:]
        source.values = position(gps)
        source.capturedAt = time(camera) ?? time(gps: gps)
        // Whether the focal length has a digital zoom in it already is not agreed on: then neither is used.
        let zoom = camera[Tag.digitalZoomRatio]?.rationals?.first ?? 0
        if [0, 1].contains(zoom), let focal = camera[Tag.focalLengthIn35mmFilm]?.unsigned, focal > 0 {
            source.focalLength35mm = Double(focal)
        }
        return source
    }

    private typealias Directory = [Int: TIFF.Entry]

    private static func position(_ gps: Directory) -> [TelemetryValue: Double] {
        // A receiver without a fix says so, or writes zeros.
        guard gps[GPSTag.status]?.text?.first != "V" else { return [:] }
        var values: [TelemetryValue: Double] = [:]
        func degrees(_ tag: Int, _ reference: Int, _ positive: Character, _ negative: Character) -> Double? {
            guard let parts = gps[tag]?.rationals, parts.count == 3, parts[1] < 60, parts[2] < 60 else { return nil }
            let value = parts[0] + parts[1] / 60 + parts[2] / 3600
            switch gps[reference]?.text?.first {
            case positive: return value
            case negative: return -value
            default: return nil
            }
        }
        if let latitude = degrees(GPSTag.latitude, GPSTag.latitudeRef, "N", "S"),
            let longitude = degrees(GPSTag.longitude, GPSTag.longitudeRef, "E", "W"), (latitude, longitude) != (0, 0)
        {
            values[.latitude] = latitude
            values[.longitude] = longitude
        }
        if let altitude = gps[GPSTag.altitude]?.rationals?.first {
            let isBelow = [1, 3].contains(gps[GPSTag.altitudeRef]?.unsigned)
            values[.altitude] = isBelow ? -altitude : altitude
        }
        // Magnetic directions are of no use without a model of the field.
        if gps[GPSTag.imgDirectionRef]?.text?.first == "T" {
            values[.heading] = gps[GPSTag.imgDirection]?.rationals?.first
        }
        let units: [Character: Double] = ["K": 1 / 3.6, "M": 0.44704, "N": 1852.0 / 3600]
        if let unit = gps[GPSTag.speedRef]?.text?.first.flatMap({ units[$0] }) {
            values[.speed] = gps[GPSTag.speed]?.rationals?.first.map { $0 * unit }
        }
        return values.filter { $0.key.range.contains($0.value) }
    }

    /// The camera's own time, where its offset from UTC is told: without one it is a time of nowhere.
    private static func time(_ camera: Directory) -> Date? {
        guard let text = camera[Tag.dateTimeOriginal]?.text, let local = CivilTime(exif: text),
            let offset = camera[Tag.offsetTimeOriginal]?.text.flatMap(CivilTime.offset)
        else { return nil }
        let digits = (camera[Tag.subSecTimeOriginal]?.text ?? "").prefix { $0.isASCII && $0.isNumber }.prefix(6)
        return local.date(fraction: Double("0." + digits) ?? 0, offset: offset)
    }

    /// The satellites' time is UTC.
    private static func time(gps: Directory) -> Date? {
        guard let day = gps[GPSTag.dateStamp]?.text, let clock = gps[GPSTag.timeStamp]?.rationals, clock.count == 3,
            clock[0] < 24, clock[1] < 60, clock[2] < 61
        else { return nil }
        guard let midnight = CivilTime(exif: day.prefix(10) + " 00:00:00") else { return nil }
        return midnight.date(fraction: clock[0] * 3600 + clock[1] * 60 + clock[2], offset: 0)
    }
}
