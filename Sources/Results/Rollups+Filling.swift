import Foundation
import GRDB

extension Rollups {
    /// Gathers the frames that are stored already into empty tables.
    ///
    /// Reads each once, by rising key, and reports how far it is. It is all in the migration's transaction:
    /// interrupted, it begins anew.
    static func fill(_ db: Database, report: (MigrationProgress) -> Void) throws {
        let last = try Int64.fetchOne(db, sql: "SELECT max(key) FROM frame") ?? 0
        guard last > 0 else { return }
        report(MigrationProgress(done: 0, total: Int(last)))
        var names: [String: UInt32] = [:]
        var kinds = KindKeys()
        var rollups = Rollups()
        let classes = try RawStatement(
            "SELECT name, pixels, fraction FROM frame_class WHERE frame = ?1", db)
        let frames = try RawStatement(
            """
            SELECT key, session, captured_us, mode, reason, registration, registration_ok, inliers, similarity_mean,
                changed_fraction, lat, lon
            FROM frame NOT INDEXED WHERE key > ?1 ORDER BY key LIMIT ?2
            """, db)
        var done: Int64 = 0
        var count = 0
        while true {
            var read = 0
            frames.bind(done, at: 1)
            frames.bind(10_000, at: 2)
            while try frames.step() {
                read += 1
                done = frames.int(0)
                var frame = FrameTraits(frames)
                classes.bind(done, at: 1)
                while try classes.step() {
                    let name = classes.text(0) ?? ""
                    let key = try names[name] ?? ClassNames.makeKey(of: name, db)
                    names[name] = key
                    frame.classes.append((key, Int(classes.int(1)), classes.double(2)))
                }
                classes.reset()
                frame.classes.sort { $0.key < $1.key }
                rollups.add(frame, kind: try kinds.key(of: frame.kind, db))
            }
            frames.reset()
            count += read
            // Rows of one hour lie together; what is written twice is merged.
            if rollups.count > 100_000 || read == 0 {
                try rollups.write(db)
                rollups = Rollups()
            }
            if read == 0 { break }
            if count % 500_000 == 0 {
                report(MigrationProgress(done: count, total: Int(last)))
            }
        }
    }
}

extension FrameTraits {
    /// A row of the statement above, without its classes.
    fileprivate init(_ row: RawStatement) {
        self.init(
            session: row.int(1), microseconds: row.int(2), mode: row.text(3) ?? "", reason: row.text(4),
            registration: row.text(5).map { ($0, row.int(6) != 0, Int(row.int(7))) },
            similarity: row.isNull(8) ? nil : row.double(8), changed: row.isNull(9) ? nil : row.double(9),
            position: row.isNull(10) || row.isNull(11) ? nil : (row.double(10), row.double(11)), classes: [])
    }
}

/// How far a database of an older version is on its way to this one: frames that have been summed up.
package struct MigrationProgress: Sendable, Equatable {
    package var done: Int
    /// About so many.
    package var total: Int

    package init(done: Int, total: Int) {
        self.done = done
        self.total = total
    }
}
