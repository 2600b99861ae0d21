import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Looks whether entries of packs are where rows say, by their headers alone.
final class EntryReader {
    enum Finding: Sendable {
        case right, wrong
        /// There is no such pack.
        case missing
    }

    private let folder: URL
    /// Those that were asked for: rows that follow each other lie in few packs.
    private var packs: [String: (descriptor: Int32, size: Int)] = [:]
    private static let capacity = 64

    init(folder: URL) {
        self.folder = folder
    }

    deinit {
        for (_, pack) in packs where pack.descriptor >= 0 { close(pack.descriptor) }
    }

    func entry(_ kind: Pack.Kind, in file: String, at offset: Int, length: Int) -> Finding {
        var pack = self.pack(file)
        guard pack.descriptor >= 0 else { return .missing }
        let (start, overflows) = offset.subtractingReportingOverflow(Pack.headerLength)
        // Sizes first, and so that no damaged row makes them overflow.
        guard !overflows, start >= 0, length >= 0, length <= UInt32.max, offset <= Int.max - length else {
            return .wrong
        }
        if offset + length > pack.size {
            // It may have grown since.
            var status = stat()
            if fstat(pack.descriptor, &status) == 0 { pack.size = Int(status.st_size) }
            packs[file] = pack
        }
        guard offset + length <= pack.size else { return .wrong }
        var header = [UInt8](repeating: 0, count: Pack.headerLength)
        let got = pread(pack.descriptor, &header, header.count, off_t(start))
        return got == header.count && header == Pack.header(kind, length: length) ? .right : .wrong
    }

    private func pack(_ file: String) -> (descriptor: Int32, size: Int) {
        if let pack = packs[file] { return pack }
        if packs.count >= Self.capacity {
            for (_, pack) in packs where pack.descriptor >= 0 { close(pack.descriptor) }
            packs = [:]
        }
        let descriptor = open(folder.appending(path: file).path, O_RDONLY | O_CLOEXEC)
        packs[file] = (descriptor, 0)
        return (descriptor, 0)
    }
}
