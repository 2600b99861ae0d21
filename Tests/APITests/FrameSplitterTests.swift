import API
import NIOCore
import Testing

@Suite struct FrameSplitterTests {
    private static let images: [[UInt8]] = [
        Array("first".utf8), Array("\r\n--not the boundary\r\n".utf8), [], (0..<300).map { UInt8($0 & 255) },
    ]

    /// As ffmpeg writes it.
    private static func multipart(lengths: Bool = true, boundary: String = "ffmpeg") -> [UInt8] {
        images.flatMap { image -> [UInt8] in
            let length = lengths ? "Content-length: \(image.count)\r\n" : ""
            return Array("--\(boundary)\r\nContent-type: image/jpeg\r\n\(length)\r\n".utf8) + image + [13, 10]
        } + Array("--\(boundary)\r\n".utf8)
    }

    private static var prefixed: [UInt8] {
        images.flatMap { image in (0..<4).map { UInt8(image.count >> (24 - $0 * 8) & 255) } + image }
    }

    private static func split(
        _ bytes: [UInt8], _ form: FrameSplitter.Form, limit: Int = 1000, piece: Int = .max
    ) throws -> [[UInt8]] {
        var splitter = FrameSplitter(form, limit: limit)
        var found: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            found += try splitter.append(ByteBuffer(bytes: rest.prefix(piece)))
            rest = rest.dropFirst(min(piece, rest.count))
        }
        return found
    }

    @Test("Images come out as they went in, however the bytes come", arguments: [1, 2, 3, 7, 64, .max])
    func pieces(piece: Int) throws {
        for lengths in [true, false] {
            let bytes = Self.multipart(lengths: lengths)
            #expect(try Self.split(bytes, .multipart(boundary: nil), piece: piece) == Self.images)
            #expect(try Self.split(bytes, .multipart(boundary: "ffmpeg"), piece: piece) == Self.images)
            #expect(try Self.split(bytes, .multipart(boundary: "--ffmpeg"), piece: piece) == Self.images)
        }
        #expect(try Self.split(Self.prefixed, .lengths, piece: piece) == Self.images)
    }

    @Test func `An image that is not whole does not come out`() throws {
        for lengths in [true, false] {
            let bytes = Self.multipart(lengths: lengths)
            for cut in stride(from: 0, to: bytes.count, by: 11) {
                let found = try Self.split(Array(bytes.prefix(cut)), .multipart(boundary: nil))
                #expect(found == Array(Self.images.prefix(found.count)))
            }
        }
        #expect(try Self.split(Self.prefixed.dropLast(), .lengths) == Array(Self.images.dropLast()))
    }

    @Test func `What follows the closing boundary is nothing`() throws {
        let bytes = Self.multipart().dropLast(2) + Array("--\r\nanything".utf8)
        #expect(try Self.split(Array(bytes), .multipart(boundary: nil)) == Self.images)
    }

    @Test func `An image beyond the limit is refused, with a length before it is there`() {
        let told = Array("--b\r\nContent-Length: 1001\r\n\r\n".utf8)
        #expect(throws: FrameSplitter.Fault.tooLarge) { try Self.split(told, .multipart(boundary: nil)) }
        #expect(throws: FrameSplitter.Fault.tooLarge) { try Self.split([0, 0, 3, 0xE9], .lengths) }
        let untold = Array("--b\r\n\r\n".utf8) + [UInt8](repeating: 7, count: 20_000)
        #expect(throws: FrameSplitter.Fault.tooLarge) {
            try Self.split(untold, .multipart(boundary: nil), piece: 100)
        }
    }

    @Test(
        "What is no such stream is refused",
        arguments: [
            "GIF89a\r\n", "--a\r\n\r\nx\r\n--b\r\n", "--b\r\nno colon\r\n\r\n", "--b\r\nContent-Length: many\r\n\r\n",
            "--b\r\nContent-Length: -1\r\n\r\n", "--" + String(repeating: "b", count: 9000),
            "--b\r\n" + String(repeating: "A: b\r\n", count: 2000),
        ])
    func malformed(text: String) {
        let boundary = text.hasPrefix("--a") ? "b" : nil
        let error = #expect(throws: FrameSplitter.Fault.self) {
            try Self.split(Array(text.utf8), .multipart(boundary: boundary))
        }
        if case .malformed = error { return }
        Issue.record("\(String(describing: error))")
    }
}
