import Foundation
import Glibc
import Synchronization

/// Somebody who is called, on a real socket of loopback, and answers as the test says.
final class WebhookReceiver: Sendable {
    struct Call: Sendable {
        var method: String
        var path: String
        /// Names in lower case.
        var headers: [String: String]
        var body: String

        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:] }
        var data: [String: Any] { json["data"] as? [String: Any] ?? [:] }
    }

    enum Reply: Sendable {
        case status(Int, headers: [String: String] = [:])
        /// Says nothing.
        case silence
        case hangUp
        /// A head, and a body that does not end.
        case endless
    }

    private struct State {
        var calls: [Call] = []
        var waiting: [Int: CheckedContinuation<Call?, Never>] = [:]
        var connections: [Int32] = []
        var isStopped = false
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex(State())
    private let reply: @Sendable (Call, _ number: Int) -> Reply

    /// `number` of the call, from 0.
    init(_ reply: @escaping @Sendable (Call, _ number: Int) -> Reply = { _, _ in .status(204) }) throws {
        self.reply = reply
        signal(SIGPIPE, SIG_IGN)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard bound else { throw TestFailure("cannot listen: \(errno)") }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                let isStopped = state.withLock {
                    $0.connections.append(connection)
                    return $0.isStopped
                }
                if isStopped { shutdown(connection, Int32(SHUT_RDWR)) }
                Thread.detachNewThread { self.serve(connection) }
            }
        }
    }

    var url: String { "http://127.0.0.1:\(port)/hook" }
    var calls: [Call] { state.withLock { $0.calls } }

    /// Nobody is there any more.
    func stop() {
        let connections = state.withLock {
            $0.isStopped = true
            return $0.connections
        }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
    }

    /// The call of this number, from 0, waited for.
    func call(_ number: Int) async throws -> Call {
        let call = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let there: Call?? = state.withLock { state in
                    if state.calls.count > number { return .some(state.calls[number]) }
                    if Task.isCancelled { return .some(nil) }
                    state.waiting[number] = continuation
                    return nil
                }
                if let there { continuation.resume(returning: there) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: nil)
        }
        guard let call else { throw TestFailure("call \(number) did not come") }
        return call
    }

    private func serve(_ connection: Int32) {
        defer {
            state.withLock { $0.connections.removeAll { $0 == connection } }
            close(connection)
        }
        guard let call = read(connection) else { return }
        let (number, waiting) = state.withLock { state in
            state.calls.append(call)
            let number = state.calls.count - 1
            return (number, state.waiting.removeValue(forKey: number))
        }
        // What comes after the answer may be looked at by whoever waits: so the answer goes first.
        defer { waiting?.resume(returning: call) }
        switch reply(call, number) {
        case .status(let status, let headers):
            let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
            write("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\(lines)\r\n", to: connection)
        case .silence:
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
        case .hangUp: break
        case .endless:
            write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", to: connection)
            let chunk = "10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n"
            while write(chunk, to: connection) {}
        }
    }

    private func read(_ connection: Int32) -> Call? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
                }
                let body = String(text[end.upperBound...])
                if body.utf8.count >= Int(headers["content-length"] ?? "0") ?? 0 {
                    let start = lines[0].split(separator: " ")
                    return Call(method: String(start[0]), path: String(start[1]), headers: headers, body: body)
                }
            }
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk.prefix(count)
        }
    }

    @discardableResult
    private func write(_ text: String, to connection: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(connection, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }
}

/// Runs `body` with a receiver, which is gone afterwards.
func withReceiver<Result>(
    _ reply: @escaping @Sendable (WebhookReceiver.Call, _ number: Int) -> WebhookReceiver.Reply = { _, _ in .status(204)
    },
    _ body: (WebhookReceiver) async throws -> Result
) async throws -> Result {
    let receiver = try WebhookReceiver(reply)
    defer { receiver.stop() }
    return try await body(receiver)
}
