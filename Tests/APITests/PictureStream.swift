import Foundation

/// A connection that takes the pictures of `live.mjpeg` one by one.
final class PictureStream {
    struct Picture {
        let sequence: Int
        let jpeg: [UInt8]
    }

    let head: String
    private let connection: RawConnection
    private var buffer: [UInt8]

    /// `receiveBuffer` as of `RawConnection`.
    init(port: Int, _ path: String, headers: [String: String] = [:], receiveBuffer: Int32? = nil) throws {
        connection = try RawConnection(port: port, receiveBuffer: receiveBuffer)
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        connection.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\(lines)\r\n")
        var all: [UInt8] = []
        while all.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
            guard let bytes = connection.receive(), !bytes.isEmpty else { throw TestFailure("no answer to \(path)") }
            all += bytes
        }
        let end = all.firstRange(of: Array("\r\n\r\n".utf8))!
        head = String(decoding: all[..<end.lowerBound], as: UTF8.self)
        buffer = Array(all[end.upperBound...])
    }

    /// The next picture; nil when the connection is closed.
    ///
    /// The chunks' own lines stand between parts only: a part is written as one.
    func next() -> Picture? {
        while true {
            if let start = buffer.firstRange(of: Array("Content-Length: ".utf8)),
                let blank = buffer[start.lowerBound...].firstRange(of: Array("\r\n\r\n".utf8))
            {
                let lines = String(decoding: buffer[start.lowerBound..<blank.lowerBound], as: UTF8.self)
                let number = { (name: String) in
                    lines.split(separator: "\r\n").first { $0.hasPrefix(name) }.flatMap {
                        Int($0.dropFirst(name.count))
                    }
                }
                guard let length = number("Content-Length: "), let sequence = number("Windhover-Sequence: ") else {
                    return nil
                }
                if buffer.count >= blank.upperBound + length {
                    let jpeg = Array(buffer[blank.upperBound..<blank.upperBound + length])
                    buffer.removeFirst(blank.upperBound + length)
                    return Picture(sequence: sequence, jpeg: jpeg)
                }
            }
            guard let more = connection.receive(), !more.isEmpty else { return nil }
            buffer += more
        }
    }
}
