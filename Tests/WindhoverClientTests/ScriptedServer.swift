import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An HTTP/1.1 server on a real socket that plays a script: one step for each request, whatever is asked.
final class ScriptedServer: Sendable {
    enum Step: Sendable {
        case answer(_ status: Int, headers: [String: String] = [:], body: String = "{}")
        /// Promises more than it sends, then hangs up.
        case hangUpMidAnswer
        /// Hangs up without a word.
        case hangUp
        /// Says nothing until the client hangs up.
        case silence
    }

    struct Request: Sendable {
        var method: String
        /// Path and query as they came.
        var target: String
        /// Names in lower case.
        var headers: [String: String]
        var body: Data
    }

    let port: UInt16
    private let listener: Int32
    private let steps: Mutex<[Step]>
    private let received = Mutex<[Request]>([])
    private let accepted = Mutex(0)
    private let arrivals: AsyncStream<Void>.Continuation
    /// Yields once for each request that has been read.
    let requestsArriving: AsyncStream<Void>

    init(_ steps: [Step]) throws {
        self.steps = Mutex(steps)
        (requestsArriving, arrivals) = AsyncStream.makeStream()
        // A client that hangs up while we write must not end the test run.
        signal(SIGPIPE, SIG_IGN)
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        let listener = socket(AF_INET, stream, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 8) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard bound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                accepted.withLock { $0 += 1 }
                Thread.detachNewThread { self.serve(connection) }
            }
        }
    }

    /// Stops listening; connections end when their clients hang up.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var url: URL { URL(string: "http://127.0.0.1:\(port)")! }

    /// How many connections clients have opened.
    var connections: Int { accepted.withLock { $0 } }

    var requests: [Request] { received.withLock { $0 } }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var buffer = Data()
        while let request = read(from: connection, &buffer) {
            received.withLock { $0.append(request) }
            arrivals.yield()
            guard let step = steps.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
            switch step {
            case .answer(let status, let headers, let body):
                write(Self.head(status, headers, length: body.utf8.count) + body, to: connection)
            case .hangUpMidAnswer:
                write(Self.head(200, [:], length: 1000) + "{\"id\":", to: connection)
                return
            case .hangUp:
                return
            case .silence:
                while receive(from: connection, &buffer) {}
                return
            }
        }
    }

    private static func head(_ status: Int, _ headers: [String: String], length: Int) -> String {
        "HTTP/1.1 \(status) Scripted\r\nContent-Length: \(length)\r\n"
            + headers.map { "\($0.key): \($0.value)\r\n" }.joined() + "\r\n"
    }

    private func read(from connection: Int32, _ buffer: inout Data) -> Request? {
        let blank = Data("\r\n\r\n".utf8)
        var end = buffer.range(of: blank)
        while end == nil {
            guard receive(from: connection, &buffer) else { return nil }
            end = buffer.range(of: blank)
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        buffer = Data(buffer[end.upperBound...])
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while buffer.count < length {
            guard receive(from: connection, &buffer) else { return nil }
        }
        let body = Data(buffer.prefix(length))
        buffer = Data(buffer.dropFirst(length))
        let start = lines[0].split(separator: " ")
        return Request(method: String(start[0]), target: String(start[1]), headers: headers, body: body)
    }

    private func receive(from connection: Int32, _ buffer: inout Data) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(connection, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer.append(contentsOf: chunk[..<count])
        return true
    }

    private func write(_ text: String, to connection: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let sent = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, 0) }
            guard sent > 0 else { return }
            bytes = bytes.dropFirst(sent)
        }
    }
}
