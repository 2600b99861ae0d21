import Dispatch
import Foundation
import Synchronization

/// A video file that is on its way: what has come of it lies on the disk, and nowhere else.
///
/// Whoever goes on with it takes it over: a connection that is dead without our knowing holds nobody up.
package final class VideoUpload: Sendable {
    /// Who may write: the last to begin.
    package struct Ticket: Sendable, Equatable {
        fileprivate let number: Int
    }

    private struct State {
        var descriptor: Int32
        var ticket = 0
        var start: [UInt8]
    }

    package let id: String
    /// Bytes of the whole file; nil: its sender did not say.
    package let length: Int?
    private let folder: VideoFolder
    /// Bytes that it may have.
    private let limit: Int
    /// Of a file without a known length: more than that is too large, and not only more than there is room for.
    private let maxBytes: Int
    private let reserve: Int
    /// Writing blocks: it is done here, one at a time.
    private let queue: DispatchQueue
    private let state: Mutex<State>
    private let written: Atomic<Int>

    /// Makes the file, or goes on with what is there of it.
    init(id: String, length: Int?, folder: VideoFolder, limit: Int, settings: VideoSettings) throws {
        self.id = id
        self.length = length
        self.folder = folder
        self.limit = limit
        maxBytes = settings.maxBytes
        reserve = settings.reserve
        queue = DispatchQueue(label: "windhover.upload.\(id)")
        let file = folder.source(of: id)
        try FileManager.default.createDirectory(at: folder.folder(of: id), withIntermediateDirectories: true)
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.fault(errno) }
        var start = [UInt8](repeating: 0, count: VideoContainer.prefix)
        let read = pread(descriptor, &start, start.count, 0)
        state = Mutex(State(descriptor: descriptor, start: Array(start.prefix(max(0, read)))))
        written = Atomic(VideoFolder.size(file))
    }

    deinit {
        state.withLock { _ = close($0.descriptor) }
    }

    /// Bytes that are here.
    package var offset: Int { written.load(ordering: .acquiring) }
    package var isComplete: Bool { offset == length }

    /// When something came last.
    var touched: Date? { VideoFolder.touched(folder.source(of: id)) }

    /// Takes the upload over, from `offset` on; nil: wherever it is.
    package func begin(at offset: Int?) async throws -> Ticket {
        try await onQueue { [self] state in
            state.ticket += 1
            guard offset == nil || offset == self.offset else { throw VideoFault.offset(expected: self.offset) }
            return Ticket(number: state.ticket)
        }
    }

    /// Writes what comes next.
    ///
    /// Throws `VideoFault`: `superseded`; `unsupported` when the first bytes tell; `tooLong`, `tooLarge`, `noSpace`. What
    /// was written before stays.
    package func append(_ bytes: [UInt8], _ ticket: Ticket) async throws {
        try await onQueue { [self] state in
            guard ticket.number == state.ticket else { throw VideoFault.superseded }
            let end = offset + bytes.count
            if let length, end > length { throw VideoFault.tooLong(length: length) }
            guard end <= limit else { throw end > maxBytes ? VideoFault.tooLarge(limit: maxBytes) : .noSpace }
            if state.start.count < VideoContainer.prefix {
                state.start += bytes.prefix(VideoContainer.prefix - state.start.count)
                if state.start.count == VideoContainer.prefix, VideoContainer(state.start) == nil {
                    throw VideoFault.unsupported
                }
            }
            guard folder.free - bytes.count >= reserve else { throw VideoFault.noSpace }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(state.descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Self.fault(errno) }
                rest = rest.dropFirst(count)
                written.add(count, ordering: .releasing)
            }
        }
    }

    /// The whole file is here: it is on the disk, and of a kind that is taken.
    func finish() async throws -> (container: VideoContainer, bytes: Int) {
        try await onQueue { [self] state in
            // Nobody writes any more.
            state.ticket += 1
            guard offset > 0 else { throw VideoFault.empty }
            guard let container = VideoContainer(state.start) else { throw VideoFault.unsupported }
            guard fsync(state.descriptor) == 0 else { throw Self.fault(errno) }
            return (container, offset)
        }
    }

    /// Whoever still writes is told that it is over.
    func abandon() { queue.async { self.state.withLock { $0.ticket += 1 } } }

    private func onQueue<Value: Sendable>(_ work: @escaping @Sendable (inout State) throws -> Value) async throws
        -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.state.withLock { try work(&$0) } }) }
        }
    }

    private static func fault(_ code: Int32) -> any Error {
        [ENOSPC, EDQUOT, EFBIG].contains(code)
            ? VideoFault.noSpace : POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO)
    }
}
