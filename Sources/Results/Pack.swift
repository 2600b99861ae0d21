import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The files that hold pictures: `masks/2026-03-01/SESSION.pack`, appended to and never rewritten.
///
/// One file for each session and UTC day of receipt, so that old pictures go by unlinking files. An entry is four
/// letters for the kind (`mask`, `simi`, `imag`), the length as a little-endian 32-bit number, and the bytes; a row in
/// the database points at the bytes. What no row points at, such as the tail of a write that a crash cut short, is dead
/// weight and nothing else.
enum Pack {
    static let folder = "masks"
    static let headerLength = 8

    enum Kind: String, CaseIterable {
        case mask = "mask"
        case similarity = "simi"
        case image = "imag"
    }

    /// Relative to the data folder.
    ///
    /// The schema's view `frames` spells the same path.
    static func file(session: String, receivedAt: Date) -> String {
        "\(folder)/\(receivedAt.utcDay)/\(session).pack"
    }

    static func header(_ kind: Kind, length: Int) -> [UInt8] {
        let length = UInt32(length)
        return Array(kind.rawValue.utf8) + (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
    }

    /// The picture's bytes.
    ///
    /// Throws `StoreError.blobMissing` or `.blobDamaged`. Blocks.
    static func read(_ blob: FrameRecord.StoredBlob, in directory: URL) throws -> [UInt8] {
        let path = directory.appending(path: blob.file).path
        guard blob.file.hasPrefix(folder + "/"), !blob.file.split(separator: "/").contains("..") else {
            throw StoreError.blobMissing(file: blob.file)
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw StoreError.blobMissing(file: blob.file) }
            throw FileError(operation: "open", path: path)
        }
        defer { close(descriptor) }
        let start = blob.offset - headerLength
        guard start >= 0, blob.length >= 0, blob.length <= UInt32.max else {
            throw StoreError.blobDamaged(file: blob.file)
        }
        // The size first: a damaged row must not make us allocate gigabytes.
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(operation: "stat", path: path) }
        guard blob.offset + blob.length <= Int(status.st_size) else { throw StoreError.blobDamaged(file: blob.file) }
        let header = try bytes(headerLength, at: start, of: descriptor, path: path)
        guard Kind.allCases.contains(where: { header == Pack.header($0, length: blob.length) }) else {
            throw StoreError.blobDamaged(file: blob.file)
        }
        return try bytes(blob.length, at: blob.offset, of: descriptor, path: path)
    }

    private static func bytes(_ count: Int, at offset: Int, of descriptor: Int32, path: String) throws -> [UInt8] {
        try Array(unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset + done))
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else { throw FileError(operation: "read", path: path) }
                done += got
            }
        }
    }
}

/// A call to the operating system that failed.
package struct FileError: Error, CustomStringConvertible {
    package let operation: String
    package let path: String
    package let code: Int32

    /// Takes `errno` where none is given: make it the first thing after the failed call.
    init(operation: String, path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The disk, or the user's share of it, is full.
    var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }

    package var description: String { "cannot \(operation) \(path): \(String(cString: strerror(code)))" }
}
