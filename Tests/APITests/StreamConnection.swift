import Foundation

/// A connection that pushes a stream of frames and, if it likes, reads the answers.
final class StreamConnection {
    struct Line {
        let event: String
        let data: [String: Any]
    }

    let connection: RawConnection
    private var raw: [UInt8] = []
    private var text: [UInt8] = []
    private(set) var head: String?

    /// Headers as ffmpeg sends them, if `type` is nil.
    init(
        port: Int, session: String, query: String = "", type: String? = nil, headers: [String: String] = [:],
        receiveBuffer: Int32? = nil
    ) throws {
        connection = try RawConnection(port: port, receiveBuffer: receiveBuffer)
        let type =
            (type.map { "Content-Type: \($0)\r\n" } ?? "")
            + headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        connection.send(
            "POST /v1/sessions/\(session)/stream\(query) HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
                + "User-Agent: Lavf/59.27.100\r\nAccept: */*\r\nConnection: close\r\nHost: x\r\n\(type)Icy-MetaData: 1\r\n\r\n"
        )
    }

    /// One chunk.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        connection.send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10])
    }

    /// A part as ffmpeg writes it.
    static func part(_ image: [UInt8]) -> [UInt8] {
        Array("--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: \(image.count)\r\n\r\n".utf8) + image + [13, 10]
    }

    @discardableResult
    func push(_ image: [UInt8]) -> Bool { send(Self.part(image)) }

    func finish() { connection.send("0\r\n\r\n") }

    /// The next answer; nil when the connection is closed or there are no more.
    func next() -> Line? {
        while true {
            if let end = text.firstIndex(of: 10) {
                let object = try? JSONSerialization.jsonObject(with: Data(text[..<end])) as? [String: Any]
                text.removeFirst(end + 1)
                guard let event = object?["event"] as? String, let data = object?["data"] as? [String: Any] else {
                    return nil
                }
                return Line(event: event, data: data)
            }
            guard unwrap() else { return nil }
        }
    }

    /// All answers until the last.
    func rest() -> [Line] {
        var lines: [Line] = []
        while let line = next() { lines.append(line) }
        return lines
    }

    /// One chunk of the answer; false: there are no more.
    private func unwrap() -> Bool {
        while true {
            if head == nil, let end = raw.firstRange(of: Array("\r\n\r\n".utf8)) {
                head = String(decoding: raw[..<end.lowerBound], as: UTF8.self)
                raw.removeFirst(end.upperBound)
            }
            if head != nil, let line = raw.firstIndex(of: 10) {
                let size = Int(String(decoding: raw[..<line].filter { $0 > 32 }, as: UTF8.self), radix: 16) ?? 0
                if size == 0 { return false }
                if raw.count >= line + 1 + size + 2 {
                    text += raw[(line + 1)..<(line + 1 + size)]
                    raw.removeFirst(line + 1 + size + 2)
                    return true
                }
            }
            guard let more = connection.receive(), !more.isEmpty else { return false }
            raw += more
        }
    }
}
