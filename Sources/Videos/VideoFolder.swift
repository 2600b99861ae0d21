import Foundation

/// Where video files lie: `ID/source` as it was uploaded, and `ID/overlay.mp4`.
struct VideoFolder: Sendable {
    let root: URL

    func folder(of id: String) -> URL { root.appending(path: id) }
    func source(of id: String) -> URL { folder(of: id).appending(path: "source") }
    func overlay(of id: String) -> URL { folder(of: id).appending(path: "overlay.mp4") }

    func remove(_ id: String) { try? FileManager.default.removeItem(at: folder(of: id)) }
    func removeSource(of id: String) {
        try? FileManager.default.removeItem(at: source(of: id))
        // With its overlay it stays.
        rmdir(folder(of: id).path)
    }

    /// The videos that there is a folder of.
    var ids: [String] { (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? [] }

    /// Bytes of all files together.
    var used: Int {
        ids.reduce(0) { sum, id in
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder(of: id).path)) ?? []
            return sum + files.reduce(0) { $0 + Self.size(folder(of: id).appending(path: $1)) }
        }
    }

    /// Bytes of the disk that are free to us.
    var free: Int {
        var status = statvfs()
        guard statvfs(root.path, &status) == 0 else { return 0 }
        let (bytes, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        return overflow ? .max : bytes
    }

    static func size(_ file: URL) -> Int {
        var status = stat()
        return stat(file.path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// When a file was written to last.
    static func touched(_ file: URL) -> Date? {
        var status = stat()
        guard stat(file.path, &status) == 0 else { return nil }
        return Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
    }
}
