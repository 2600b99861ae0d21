/// A JPEG's segments with EXIF and XMP of one's own making, before a picture that nobody decodes.
struct PictureBuilder {
    enum Value {
        case text(String)
        case byte(Int)
        case short(Int)
        case rationals([(Int, Int)])

        var type: Int {
            switch self {
            case .byte: 1
            case .text: 2
            case .short: 3
            case .rationals: 5
            }
        }
    }

    var littleEndian = true
    var root: [(Int, Value)] = []
    var camera: [(Int, Value)] = []
    var gps: [(Int, Value)] = []
    var xmp: String?

    /// What a camera in Mannheim wrote.
    static var typical: PictureBuilder {
        var builder = PictureBuilder()
        builder.root = [(0x0112, .short(1)), (0x010f, .text("DJI"))]
        builder.camera = [
            (0x9003, .text("2026:06:01 10:00:00")), (0x9011, .text("+02:00")), (0x9291, .text("250")),
            (0xa404, .rationals([(1, 1)])), (0xa405, .short(24)),
        ]
        builder.gps = [
            (1, .text("N")), (2, .rationals([(49, 1), (29, 1), (15_0000, 10_000)])), (3, .text("W")),
            (4, .rationals([(8, 1), (27, 1), (576, 10)])), (5, .byte(1)), (6, .rationals([(10_500, 1000)])),
            (12, .text("K")), (13, .rationals([(36, 1)])), (16, .text("T")), (17, .rationals([(2755, 10)])),
        ]
        builder.xmp = """
            <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description rdf:about="DJI Meta Data"
              xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
              drone-dji:AbsoluteAltitude="+160.50" drone-dji:RelativeAltitude = '+50.30'
              drone-dji:GimbalRollDegree="+0.00" drone-dji:GimbalYawDegree="-92.40"
              drone-dji:GimbalPitchDegree="-89.90" drone-dji:FlightYawDegree="-91.00"
              drone-dji:FlightXSpeed="+3.0" drone-dji:FlightYSpeed="-4.0" drone-dji:CamReverse="0">
              <drone-dji:GpsLatitude>49.4875</drone-dji:GpsLatitude>
              <drone-dji:GpsLongtitude>+8.4660</drone-dji:GpsLongtitude>
            </rdf:Description></rdf:RDF></x:xmpmeta>
            """
        return builder
    }

    var bytes: [UInt8] {
        var file: [UInt8] = [0xff, 0xd8]
        func segment(_ payload: [UInt8]) {
            file += [0xff, 0xe1, UInt8((payload.count + 2) >> 8), UInt8((payload.count + 2) & 255)] + payload
        }
        file += [0xff, 0xe0, 0, 4, 0x4a, 0x46]
        segment(Array("Exif\0\0".utf8) + tiff)
        if let xmp { segment(Array("http://ns.adobe.com/xap/1.0/\0".utf8) + Array(xmp.utf8)) }
        return file + [0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9]
    }

    private var tiff: [UInt8] {
        // Header, then the directories one after the other, each with its values behind it.
        let rootSize = Self.size(root) + 24
        let cameraAt = 8 + rootSize
        let gpsAt = cameraAt + Self.size(camera)
        var pointers = root.map { ($0.0, $0.1, nil as Int?) }
        pointers.append((0x8769, .short(0), cameraAt))
        pointers.append((0x8825, .short(0), gpsAt))
        var bytes: [UInt8] = littleEndian ? [0x49, 0x49] : [0x4d, 0x4d]
        bytes += number(42, 2) + number(8, 4)
        bytes += directory(pointers, at: 8)
        bytes += directory(camera.map { ($0.0, $0.1, nil) }, at: cameraAt)
        bytes += directory(gps.map { ($0.0, $0.1, nil) }, at: gpsAt)
        return bytes
    }

    private static func size(_ entries: [(Int, Value)]) -> Int {
        entries.reduce(6) { sum, entry in
            let length = payload(entry.1, { _, count in .init(repeating: 0, count: count) }).count
            return sum + 12 + (length > 4 ? length : 0)
        }
    }

    private func directory(_ entries: [(Int, Value, Int?)], at place: Int) -> [UInt8] {
        var fields = number(entries.count, 2)
        var behind: [UInt8] = []
        let after = place + 6 + 12 * entries.count
        for (tag, value, pointer) in entries {
            let bytes = pointer.map { number($0, 4) } ?? Self.payload(value, number)
            let type = pointer == nil ? value.type : 4
            let count =
                switch value {
                case .text(let text): text.utf8.count + 1
                case .byte, .short: 1
                case .rationals(let parts): parts.count
                }
            fields += number(tag, 2) + number(type, 2) + number(count, 4)
            if bytes.count > 4 {
                fields += number(after + behind.count, 4)
                behind += bytes
            } else {
                fields += bytes + [UInt8](repeating: 0, count: 4 - bytes.count)
            }
        }
        return fields + number(0, 4) + behind
    }

    private static func payload(_ value: Value, _ number: (Int, Int) -> [UInt8]) -> [UInt8] {
        switch value {
        case .text(let text): Array(text.utf8) + [0]
        case .byte(let value): number(value, 1)
        case .short(let value): number(value, 2)
        case .rationals(let parts): parts.flatMap { number($0.0, 4) + number($0.1, 4) }
        }
    }

    private func number(_ value: Int, _ count: Int) -> [UInt8] {
        let bytes = (0..<count).map { UInt8(value >> (8 * $0) & 255) }
        return littleEndian ? bytes : bytes.reversed()
    }
}
