/// What a JPEG file says of the camera that took it: EXIF and DJI's XMP, in the segments before its first scan.
///
/// Read by ourselves and not with libexif: a dozen numbers are wanted, of bytes that anybody may have made up, and every
/// read here is checked. What makes no sense is not there; nothing of it ever fails a frame. Bounded: so many segments,
/// of 64 KiB each at most, are looked at, and each once.
package enum PictureMetadata {
    private static let maxSegments = 64

    /// What the file says, XMP before EXIF; nothing for what is no JPEG.
    package static func sources(in file: [UInt8]) -> [TelemetrySource] {
        guard file.starts(with: [0xff, 0xd8]) else { return [] }
        var exif = TelemetrySource(.exif)
        var xmp = TelemetrySource(.xmp)
        var position = 2
        for _ in 0..<maxSegments {
            guard let (marker, payload) = segment(at: position, in: file) else { break }
            position = payload.upperBound
            guard marker == 0xe1 else { continue }
            if exif.isEmpty, let body = payload.dropping("Exif\0\0", in: file) { exif = EXIF.read(file[body]) }
            if xmp.isEmpty, let body = payload.dropping("http://ns.adobe.com/xap/1.0/\0", in: file) {
                xmp = DroneXMP.read(file[body])
            }
        }
        return [xmp, exif].filter { !$0.isEmpty }
    }

    /// The marker and the payload of the segment at a place; nil where there is none, or the picture begins (ITU-T T.81,
    /// annex B).
    private static func segment(at start: Int, in file: [UInt8]) -> (marker: UInt8, payload: Range<Int>)? {
        var position = start
        while position + 1 < file.count, file[position] == 0xff, file[position + 1] == 0xff { position += 1 }
        guard position + 3 < file.count, file[position] == 0xff else { return nil }
        let marker = file[position + 1]
        // Start of scan, end of image, and markers without a length.
        guard marker >= 0xc0, !(0xd0...0xda).contains(marker) else { return nil }
        let length = Int(file[position + 2]) << 8 | Int(file[position + 3])
        let end = position + 2 + length
        guard length >= 2, end <= file.count else { return nil }
        return (marker, position + 4..<end)
    }
}

extension Range<Int> {
    /// The range without what it begins with; nil where it begins otherwise.
    fileprivate func dropping(_ prefix: StaticString, in bytes: [UInt8]) -> Range<Int>? {
        prefix.withUTF8Buffer { prefix in
            bytes[self].starts(with: prefix) ? lowerBound + prefix.count..<upperBound : nil
        }
    }
}
