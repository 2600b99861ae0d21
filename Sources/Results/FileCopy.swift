import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Copies parts of files, durably.
enum FileCopy {
    private static let chunk = 1 << 20

    /// Makes `destination` hold the first `end` bytes of `source`, of which it has the first `start` already.
    ///
    /// Gives how many bytes it has then: fewer where the source is shorter. Folders on the way are made.
    @discardableResult
    static func copy(_ source: URL, to destination: URL, from start: Int = 0, upTo end: Int = .max) throws -> Int {
        let input = open(source.path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw FileError(operation: "open", path: source.path) }
        defer { close(input) }
        try FileManager.default.createDirectory(
            at: destination.deletingLastPathComponent(), withIntermediateDirectories: true)
        let output = open(destination.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        guard output >= 0 else { throw FileError(operation: "open", path: destination.path) }
        defer { close(output) }
        guard ftruncate(output, off_t(start)) == 0 else {
            throw FileError(operation: "shorten", path: destination.path)
        }
        var place = start
        var buffer = [UInt8](repeating: 0, count: chunk)
        while place < end {
            let got = pread(input, &buffer, min(chunk, end - place), off_t(place))
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw FileError(operation: "read", path: source.path) }
            if got == 0 { break }
            var done = 0
            while done < got {
                let wrote = buffer.withUnsafeBytes {
                    pwrite(output, $0.baseAddress! + done, got - done, off_t(place + done))
                }
                if wrote < 0 && errno == EINTR { continue }
                guard wrote > 0 else { throw FileError(operation: "write", path: destination.path) }
                done += wrote
            }
            place += got
        }
        guard fsync(output) == 0 else { throw FileError(operation: "sync", path: destination.path) }
        return place
    }

    /// Whether two files are the same from the beginning up to `end`, as far as the first and the last 4 KiB tell.
    static func share(_ end: Int, _ a: URL, _ b: URL) -> Bool {
        let pieces = [(0, min(end, 4096)), (max(0, end - 4096), min(end, 4096))]
        return pieces.allSatisfy { start, count in
            guard let one = bytes(of: a, at: start, count: count), let two = bytes(of: b, at: start, count: count)
            else { return false }
            return one == two
        }
    }

    private static func bytes(of file: URL, at start: Int, count: Int) -> Data? {
        guard let handle = try? FileHandle(forReadingFrom: file) else { return nil }
        defer { try? handle.close() }
        try? handle.seek(toOffset: UInt64(start))
        guard let data = count == 0 ? Data() : try? handle.read(upToCount: count), data.count == count else {
            return nil
        }
        return data
    }

    static func size(of file: URL) -> Int? {
        var status = stat()
        return stat(file.path, &status) == 0 ? Int(status.st_size) : nil
    }

    static func sync(_ file: URL) throws {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: file.path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError(operation: "sync", path: file.path) }
    }
}
