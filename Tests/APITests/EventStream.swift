import Foundation

/// A connection that reads server-sent events as they come.
final class EventStream {
    struct Event {
        let name: String
        let id: String
        let data: [String: Any]
    }

    let connection: RawConnection
    private(set) var head = ""
    private var buffer = ""
    /// What a browser would say when it connects again.
    private(set) var lastID = ""
    private(set) var heartbeats = 0

    init(port: Int, _ path: String, headers: [String: String] = [:]) throws {
        connection = try RawConnection(port: port)
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        connection.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\(lines)\r\n")
        guard let first = connection.receiveHead() else { throw TestFailure("no answer to \(path)") }
        let end = first.range(of: "\r\n\r\n")!
        head = String(first[..<end.lowerBound])
        raw = Array(first[end.upperBound...].utf8)
    }

    /// Bytes of the chunked body that were not yet unwrapped.
    private var raw: [UInt8]

    /// The next event; nil when the connection is closed.
    func next() -> Event? {
        while true {
            while let end = buffer.range(of: "\n\n") {
                let block = buffer[..<end.lowerBound].split(separator: "\n")
                buffer.removeSubrange(..<end.upperBound)
                var (name, data): (String, String?) = ("message", nil)
                for line in block {
                    if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
                    if line.hasPrefix("id: ") { lastID = String(line.dropFirst(4)) }
                    if line.hasPrefix("data: ") { data = String(line.dropFirst(6)) }
                    if line.hasPrefix(":") { heartbeats += 1 }
                }
                guard let data else { continue }
                let object = (try? JSONSerialization.jsonObject(with: Data(data.utf8))) as? [String: Any]
                return Event(name: name, id: lastID, data: object ?? [:])
            }
            guard readChunk() else { return nil }
        }
    }

    /// Reads until as many heartbeats have come.
    func heartbeats(_ count: Int) -> Bool {
        while heartbeats < count {
            while let end = buffer.range(of: "\n\n") {
                if buffer[..<end.lowerBound].hasPrefix(":") { heartbeats += 1 }
                buffer.removeSubrange(..<end.upperBound)
            }
            guard heartbeats < count else { break }
            guard readChunk() else { return false }
        }
        return true
    }

    private func readChunk() -> Bool {
        while true {
            if let line = raw.firstIndex(of: 10) {
                let size =
                    Int(
                        String(decoding: raw[..<line], as: UTF8.self).trimmingCharacters(
                            in: .whitespaces.union(.newlines)), radix: 16) ?? 0
                if size == 0 { return false }
                if raw.count >= line + 1 + size + 2 {
                    buffer += String(decoding: raw[(line + 1)..<(line + 1 + size)], as: UTF8.self)
                    raw.removeFirst(line + 1 + size + 2)
                    return true
                }
            }
            guard let more = connection.receive(), !more.isEmpty else { return false }
            raw += more
        }
    }
}
