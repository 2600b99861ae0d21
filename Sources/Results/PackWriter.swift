import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Where the pictures of one frame were put.
struct PlacedPictures: Sendable {
    var mask: FrameRecord.StoredBlob?
    var similarity: FrameRecord.StoredBlob?
    var image: FrameRecord.StoredBlob?
}

/// Appends pictures to packs, a group of frames at a time: `append`…, `sync`, rows committed elsewhere, then `keep` or
/// `undo`.
///
/// Blocks; lives on the store's writer queue.
struct PackWriter {
    private let directory: URL
    private let capacity: Int
    /// Packs open for writing; those used last come last.
    private var packs: [OpenPack] = []
    /// Folders with an entry that is not yet durable.
    private var unsyncedFolders: Set<String> = []

    init(directory: URL, capacity: Int) {
        self.directory = directory
        self.capacity = capacity
    }

    mutating func append(_ pictures: FramePictures, to file: String) throws -> PlacedPictures {
        let parts = [(Pack.Kind.mask, pictures.mask), (.similarity, pictures.similarity), (.image, pictures.image)]
        var buffer: [UInt8] = []
        buffer.reserveCapacity(parts.reduce(0) { $0 + Pack.headerLength + ($1.1?.count ?? 0) })
        let places = parts.map { kind, bytes -> Range<Int>? in
            guard let bytes else { return nil }
            buffer += Pack.header(kind, length: bytes.count)
            buffer += bytes
            return buffer.count - bytes.count..<buffer.count
        }
        guard !buffer.isEmpty else { return PlacedPictures() }
        let pack = try pack(file)
        let start = pack.end
        try pack.append(buffer)
        let blobs = places.map { place in
            place.map { FrameRecord.StoredBlob(file: file, offset: start + $0.lowerBound, length: $0.count) }
        }
        return PlacedPictures(mask: blobs[0], similarity: blobs[1], image: blobs[2])
    }

    /// Makes what was appended durable.
    ///
    /// Returns the packs of which that cannot be said: their frames must not be stored.
    mutating func sync() -> [String: any Error] {
        var failed: [String: any Error] = [:]
        for pack in packs where pack.isTouched {
            do {
                try pack.sync()
            } catch {
                failed[pack.file] = error
                // The kernel reports a failed write-back once and may call the lost pages clean: what was written in
                // this group is void, and is written anew through a new descriptor.
                pack.undo()
                pack.isSuspect = true
            }
        }
        for folder in unsyncedFolders {
            do {
                try syncFolder(directory.appending(path: folder).path)
                unsyncedFolders.remove(folder)
            } catch {
                for pack in packs where pack.isTouched { failed[pack.file] = error }
            }
        }
        return failed
    }

    /// The rows are committed.
    mutating func keep() {
        packs.removeAll(where: \.isSuspect)
        for pack in packs { pack.keep() }
        if packs.count > capacity { packs.removeFirst(packs.count - capacity) }
    }

    /// The rows are not: gives the space back.
    mutating func undo() {
        for pack in packs { pack.undo() }
        keep()
    }

    /// Takes a pack's name away; only between groups.
    ///
    /// Gives a descriptor that holds its bytes until it is closed, which frees them and may take long: to be done
    /// elsewhere. Nil where there is no such pack.
    mutating func remove(_ file: String) throws -> Int32? {
        packs.removeAll { $0.file == file }
        let path = directory.appending(path: file).path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard unlink(path) == 0 else {
            let code = errno
            if descriptor >= 0 { close(descriptor) }
            if code == ENOENT { return nil }
            throw FileError(operation: "remove", path: path, code: code)
        }
        // The day's folder with the last of its packs; fails while there are others.
        let folder = file.prefix(upTo: file.lastIndex(of: "/") ?? file.startIndex)
        if rmdir(directory.appending(path: String(folder)).path) == 0 { unsyncedFolders.remove(String(folder)) }
        return descriptor >= 0 ? descriptor : nil
    }

    private mutating func pack(_ file: String) throws -> OpenPack {
        if let index = packs.lastIndex(where: { $0.file == file }) {
            let pack = packs.remove(at: index)
            // Somebody who unlinks an old pack must not make us write into a file that no path leads to.
            if pack.isLinked || pack.isTouched {
                packs.append(pack)
                return pack
            }
        }
        let folder = file.prefix { $0 != "/" } + "/" + file.split(separator: "/")[1]
        let path = directory.appending(path: String(folder)).path
        if mkdir(path, 0o777) == 0 {
            unsyncedFolders.insert(Pack.folder)
        } else if errno != EEXIST {
            throw FileError(operation: "create", path: path)
        }
        let pack = try OpenPack(file: file, path: directory.appending(path: file).path)
        if pack.isNew { unsyncedFolders.insert(String(folder)) }
        packs.append(pack)
        return pack
    }
}

/// A pack open for writing.
///
/// Writes go to a known place, never to "the end": what a failed write left behind is written over by the next.
private final class OpenPack {
    let file: String
    let isNew: Bool
    private(set) var end: Int
    /// A call on the descriptor failed: it is not used beyond this group.
    var isSuspect = false
    private var committedEnd: Int
    private let path: String
    private let descriptor: Int32

    init(file: String, path: String) throws {
        var descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        isNew = descriptor >= 0
        if !isNew && errno == EEXIST { descriptor = open(path, O_WRONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = FileError(operation: "stat", path: path)
            close(descriptor)
            throw error
        }
        self.file = file
        self.path = path
        self.descriptor = descriptor
        end = Int(status.st_size)
        committedEnd = end
    }

    deinit {
        close(descriptor)
    }

    var isTouched: Bool { end > committedEnd }

    var isLinked: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_nlink > 0
    }

    func append(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let wrote = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress! + done, bytes.count - done, off_t(end + done))
            }
            if wrote < 0 && errno == EINTR { continue }
            guard wrote > 0 else {
                let error = FileError(operation: "write", path: path, code: wrote == 0 ? ENOSPC : errno)
                ftruncate(descriptor, off_t(end))
                isSuspect = true
                throw error
            }
            done += wrote
        }
        end += bytes.count
    }

    func sync() throws {
        guard fsync(descriptor) == 0 else { throw FileError(operation: "sync", path: path) }
    }

    func keep() {
        committedEnd = end
    }

    func undo() {
        guard isTouched else { return }
        ftruncate(descriptor, off_t(committedEnd))
        end = committedEnd
    }
}

/// Makes the names in a folder durable: without it a power cut may take a new file away, contents and all.
func syncFolder(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(operation: "open", path: path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError(operation: "sync", path: path) }
}
