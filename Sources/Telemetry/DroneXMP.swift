/// What DJI's drones write into a picture's XMP, under the prefix `drone-dji`.
///
/// Searched for and not parsed: the numbers wanted are plain attributes (`drone-dji:GimbalYawDegree="+12.30"`) or plain
/// elements, the prefix is always this, and a parser of XML would bring entities, and libxml2 into the server.
enum DroneXMP {
    private static let prefix = Array("drone-dji:".utf8)
    /// Bytes of a name, and of a number.
    private static let maxLength = 40

    /// Reads a packet, the payload of a JPEG's segment behind its name.
    static func read(_ packet: ArraySlice<UInt8>) -> TelemetrySource {
        let numbers = numbers(in: packet)
        func first(_ names: String...) -> Double? { names.lazy.compactMap { numbers[$0] }.first }
        var source = TelemetrySource(.xmp)
        var values: [TelemetryValue: Double] = [:]
        // "Longtitude" is DJI's own spelling.
        if let latitude = first("GpsLatitude", "Latitude"),
            let longitude = first("GpsLongitude", "GpsLongtitude", "Longitude"), (latitude, longitude) != (0, 0)
        {
            values[.latitude] = latitude
            values[.longitude] = longitude
        }
        values[.altitude] = numbers["AbsoluteAltitude"]
        // Above where it took off: the same where the ground is flat, as it is taken to be.
        values[.heightAboveGround] = numbers["RelativeAltitude"]
        values[.heading] = numbers["FlightYawDegree"]
        values[.gimbalYaw] = numbers["GimbalYawDegree"]
        values[.gimbalPitch] = numbers["GimbalPitchDegree"]
        values[.gimbalRoll] = numbers["GimbalRollDegree"]
        if let north = numbers["FlightXSpeed"], let east = numbers["FlightYSpeed"] {
            values[.speed] = (north * north + east * east).squareRoot()
        }
        source.values = values.filter { $0.key.range.contains($0.value) }
        return source
    }

    /// Names with their numbers; of two with one name the first.
    private static func numbers(in packet: ArraySlice<UInt8>) -> [String: Double] {
        var found: [String: Double] = [:]
        var rest = packet
        while let start = rest.firstIndex(of: prefix[0]) {
            let before = start > packet.startIndex ? packet[start - 1] : 0
            rest = packet[(start + 1)...]
            guard packet[start...].starts(with: prefix) else { continue }
            rest = rest.dropFirst(prefix.count - 1)
            if let (name, number) = property(rest, isElement: before == UInt8(ascii: "<")), found[name] == nil {
                found[name] = number
            }
        }
        return found
    }

    private static func property(_ bytes: ArraySlice<UInt8>, isElement: Bool) -> (String, Double)? {
        let name = bytes.prefix(maxLength).prefix { (0x41...0x5a).contains($0 & 0xdf) }
        var rest = bytes[name.endIndex...].drop { $0 == 0x20 }
        let end: UInt8
        if isElement {
            guard rest.popFirst() == UInt8(ascii: ">") else { return nil }
            end = UInt8(ascii: "<")
        } else {
            guard rest.popFirst() == UInt8(ascii: "=") else { return nil }
            rest = rest.drop { $0 == 0x20 }
            guard let quote = rest.popFirst(), [0x22, 0x27].contains(quote) else { return nil }
            end = quote
        }
        let text = rest.prefix(maxLength)
        guard let stop = text.firstIndex(of: end) else { return nil }
        return PlainNumber.parse(String(decoding: text[..<stop], as: UTF8.self)).map {
            (String(decoding: name, as: UTF8.self), $0)
        }
    }
}
