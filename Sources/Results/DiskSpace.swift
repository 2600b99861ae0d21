import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Room on the file system that a folder is on.
package struct DiskSpace: Sendable, Equatable {
    /// Bytes that this user may still write.
    package var free: Int
    package var total: Int

    package init(free: Int, total: Int) {
        self.free = free
        self.total = total
    }

    /// Nil where the operating system does not say.
    package static func of(_ folder: URL) -> DiskSpace? {
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0, status.f_blocks > 0 else { return nil }
        let block = Int(status.f_frsize)
        // Of what is free a part is root's own on some file systems: `f_bavail` is what remains for others.
        return DiskSpace(free: Int(status.f_bavail) * block, total: Int(status.f_blocks) * block)
    }
}

/// How much room there is, and so what is done.
package enum DiskLevel: Int, Sendable, Comparable, CaseIterable {
    /// Enough.
    case ample
    /// Still enough, but somebody should look.
    case scarce
    /// Rows are stored, pictures are not.
    case low
    /// Frames are refused.
    case full

    package static func < (a: DiskLevel, b: DiskLevel) -> Bool { a.rawValue < b.rawValue }

    package var name: String { "\(self)" }
}

/// An amount of free room: bytes, a share of the disk, or both, and then the lesser of them.
///
/// A share alone would be hundreds of gigabytes of a large disk, bytes alone more than all of a small one.
package struct DiskThreshold: Sendable, Equatable {
    package var bytes: Int?
    /// 0…1.
    package var fraction: Double?

    package init(bytes: Int? = nil, fraction: Double? = nil) {
        self.bytes = bytes
        self.fraction = fraction
    }

    /// Bytes, of a disk of that size.
    package func bytes(of total: Int) -> Int {
        min(bytes ?? .max, fraction.map { Int($0 * Double(total)) } ?? .max)
    }
}

/// From how little free room on something is done.
package struct DiskThresholds: Sendable, Equatable {
    package var warn = DiskThreshold(bytes: 10 << 30, fraction: 0.1)
    package var low = DiskThreshold(bytes: 4 << 30, fraction: 0.05)
    package var full = DiskThreshold(bytes: 1 << 30, fraction: 0.02)

    package init() {}

    /// A level is left for a better one only when there is a quarter more room than it begins with, so that a disk at
    /// the edge does not switch to and fro with every file.
    static let margin = 1.25

    package func level(_ space: DiskSpace, after last: DiskLevel) -> DiskLevel {
        for (level, threshold) in [(DiskLevel.full, full), (.low, low), (.scarce, warn)] {
            let least = Double(threshold.bytes(of: space.total))
            if Double(space.free) < (last >= level ? least * Self.margin : least) { return level }
        }
        return .ample
    }
}
