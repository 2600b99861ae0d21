import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A pack as it lies in the folder.
struct PackFile: Sendable {
    /// Relative to the data folder.
    let file: String
    /// `2026-03-01`, in UTC.
    let day: String
    let session: String
    let bytes: Int
    let modified: Date

    /// When the day is over, after which no frame is received into the pack.
    var dayEnd: Date? {
        (try? Date("\(day)T00:00:00Z", strategy: .iso8601)).map { $0 + 86_400 }
    }

    /// Whether every frame with pictures in it was received before `end`, and there will be no other.
    ///
    /// A session that goes on within the day would begin the same file anew, and the rows of frames that are past would
    /// point into it: so its day must be over, or the session ended.
    func isPast(before end: Date, lastFrame: Date?, ended: Bool) -> Bool {
        if let dayEnd, dayEnd <= end { return true }
        return ended && lastFrame.map { $0 < end } ?? true
    }

    /// Every pack of a data folder or a backup, the oldest first.
    ///
    /// Blocks, for as long as it takes to look at every file.
    static func all(in directory: URL) throws -> [PackFile] {
        let masks = directory.appending(path: Pack.folder).path
        var found: [PackFile] = []
        for day in try names(in: masks) {
            for name in try names(in: "\(masks)/\(day)") where name.hasSuffix(".pack") {
                var status = stat()
                // Gone since, or no file.
                guard lstat("\(masks)/\(day)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                    continue
                }
                #if canImport(Darwin)
                    let modified = status.st_mtimespec.tv_sec
                #else
                    let modified = status.st_mtim.tv_sec
                #endif
                found.append(
                    PackFile(
                        file: "\(Pack.folder)/\(day)/\(name)", day: day, session: String(name.dropLast(5)),
                        bytes: Int(status.st_size), modified: Date(timeIntervalSince1970: Double(modified))))
            }
        }
        return found.sorted { ($0.day, $0.modified, $0.file) < ($1.day, $1.modified, $1.file) }
    }

    /// Empty where there is no such folder, or it goes meanwhile.
    private static func names(in folder: String) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
        } catch CocoaError.fileReadNoSuchFile, CocoaError.fileReadUnknown {
            return []
        }
    }
}
