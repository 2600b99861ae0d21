import Foundation

/// A TCP connection on which every byte is ours: for clients that do not behave.
final class RawConnection {
    private let socket: Int32

    /// `receiveBuffer`: bytes the kernel keeps for us; small for a client that is not to read.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        // Not for programs that other tests start: one that held it would keep it open.
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        // No read and no write waits longer than this: a server that never answers fails the test.
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
        if var size = receiveBuffer {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw TestFailure("cannot connect: \(errno)") }
    }

    deinit { close(socket) }

    /// False: the other side has closed.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// What comes next; empty when the other side has closed.
    ///
    /// Nil: nothing came in time.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &buffer, buffer.count, 0)
        return count < 0 ? (errno == ECONNRESET ? [] : nil) : Array(buffer.prefix(count))
    }

    /// Everything until the other side closes; nil if it does not in time.
    func receiveAll() -> String? {
        var all: [UInt8] = []
        while let bytes = receive() {
            if bytes.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += bytes
        }
        return nil
    }

    /// The head of the next answer, up to its blank line, and what came with it.
    func receiveHead() -> String? {
        var all = ""
        while !all.contains("\r\n\r\n") {
            guard let bytes = receive(), !bytes.isEmpty else { return nil }
            all += String(decoding: bytes, as: UTF8.self)
        }
        return all
    }

    func shutdownWriting() { shutdown(socket, Int32(SHUT_WR)) }
}
