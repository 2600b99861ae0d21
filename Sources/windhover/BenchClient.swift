import Foundation

/// A ground station that costs next to nothing: blocking calls on one kept-alive connection.
///
/// URLSession on Linux keeps a processor busy while it waits for the answer to an upload, and would be measured with the
/// server.
final class BenchClient: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let socket: Int32
    /// Where it blocks, so that no thread of Swift's own does.
    private let queue = DispatchQueue(label: "bench-client")

    init(port: Int) throws {
        #if canImport(Glibc)
            socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket = Foundation.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(description: "cannot connect to the server: errno \(errno)") }
    }

    deinit { close(socket) }

    /// A member of the JSON that answers a request.
    func send<Value: Sendable>(
        _ method: String, _ path: String, type: String, body: [UInt8], member: String, as: Value.Type
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Result {
                        let answer = try self.exchange(method, path, type: type, body: body)
                        guard let value = answer[member] as? Value else {
                            throw Failure(description: "an answer without \(member)")
                        }
                        return value
                    })
            }
        }
    }

    private func exchange(_ method: String, _ path: String, type: String, body: [UInt8]) throws -> [String: Any] {
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n"
        try write(Array(head.utf8) + body)
        let (answer, rest) = try readHead()
        guard let length = answer.firstMatch(of: /[Cc]ontent-[Ll]ength: *(\d+)/).flatMap({ Int($0.1) }) else {
            throw Failure(description: "an answer without length: \(answer)")
        }
        var content = rest
        while content.count < length { content += try read() }
        guard answer.hasPrefix("HTTP/1.1 2") else {
            throw Failure(description: String(decoding: content, as: UTF8.self))
        }
        return try JSONSerialization.jsonObject(with: Data(content)) as? [String: Any] ?? [:]
    }

    private func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Foundation.send(socket, $0.baseAddress! + sent, bytes.count - sent, 0) }
            guard count > 0 else { throw Failure(description: "the server hung up") }
            sent += count
        }
    }

    private func read() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count > 0 else { throw Failure(description: "the server hung up") }
        return Array(buffer.prefix(count))
    }

    private func readHead() throws -> (head: String, rest: [UInt8]) {
        var bytes: [UInt8] = []
        while true {
            bytes += try read()
            if let end = bytes.indices.dropLast(3).first(where: { bytes[$0..<$0 + 4].elementsEqual([13, 10, 13, 10]) })
            {
                return (String(decoding: bytes[..<end], as: UTF8.self), Array(bytes[(end + 4)...]))
            }
        }
    }
}
