import Foundation
import GRDB

/// What retention needs to know of a session.
struct RetainedSession: Sendable {
    let key: Int64
    let id: String
    let mission: String?
    let created: Date
    let lastFrame: Date?
    let ended: Date?
    let frames: Int
    let isHeld: Bool

    fileprivate static let selection = """
        SELECT s.key, s.id, s.mission, s.created_us, s.last_frame_us, s.ended_us, s.frames, \(Hold.holds)
        FROM session AS s
        """

    fileprivate init(_ row: Row) {
        var row = RowReader(row)
        key = row.next()
        id = row.next()
        mission = row.next()
        created = row.date()
        lastFrame = row.optionalDate()
        ended = row.optionalDate()
        frames = row.next()
        isHeld = row.next()
    }

    /// It takes no more frames, and has not for that long.
    func isOver(_ end: Date) -> Bool { ended.map { $0 < end } ?? false }
}

// MARK: - Reading

extension SQLiteStore {
    /// A page at a time, so that no read holds up the log's being emptied.
    func retainedSessions() async throws -> [RetainedSession] {
        var all: [RetainedSession] = []
        while true {
            let last = all.last?.key ?? 0
            let page = try await read { db in
                try Row.fetchAll(
                    db.cachedStatement(
                        sql: RetainedSession.selection + " WHERE s.key > ? ORDER BY s.key LIMIT 1000"),
                    arguments: [last]
                ).map(RetainedSession.init)
            }
            all += page
            if page.count < 1000 { return all }
        }
    }

    /// How many frames a run would remove of a session.
    func countPast(_ session: RetainedSession, before end: Date, page limit: Int) async throws -> Int {
        var (count, place) = (0, Int64(-1))
        while true {
            let page = try await read { [place] db in
                try SlicePage(session: session.key, after: place, before: end, limit: limit, db)
            }
            count += page.past.count
            guard let next = page.next else { return count }
            place = next
        }
    }

    /// Whether no row points into the pack.
    func isOrphan(_ pack: PackFile) async throws -> Bool {
        try await read { db in try pack.isOrphan(db) }
    }

    /// The clock that was last believed; where that was never written down, when the newest frame came in.
    func believedClock() async throws -> MachineClock.Reading? {
        try await read { db in
            if let row = try Row.fetchOne(db, sql: "SELECT wall_us, boot, uptime_us FROM clock") {
                let uptime: Int64 = row[2]
                return MachineClock.Reading(
                    wall: Date(microseconds: row[0]), boot: row[1], uptime: .microseconds(uptime))
            }
            let newest = try Int64.fetchOne(db, sql: "SELECT received_us FROM frame ORDER BY key DESC LIMIT 1")
            return newest.map { MachineClock.Reading(wall: Date(microseconds: $0), boot: nil, uptime: .zero) }
        }
    }

    func believe(_ reading: MachineClock.Reading) async throws {
        let uptime = Int64(reading.uptime / .microseconds(1))
        try await writer.write { db, _ in
            try db.execute(
                sql: "INSERT OR REPLACE INTO clock (key, wall_us, boot, uptime_us) VALUES (1, ?, ?, ?)",
                arguments: [reading.wall.microseconds, reading.boot, uptime])
        }
    }
}

extension PackFile {
    /// Whether no row of its session was received on its day.
    ///
    /// Numbers rise with the time of receipt, but for late frames. So a search by halves finds a row of the day, if there
    /// are any, in a few steps; only where it finds none all rows of the session are looked at.
    func isOrphan(_ db: Database) throws -> Bool {
        guard let end = dayEnd else { return false }
        guard
            let session = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT key FROM session WHERE id = ?"), arguments: [session])
        else { return true }
        let (first, last) = ((end - 86_400).microseconds, end.microseconds)
        let probe = try db.cachedStatement(
            sql: "SELECT sequence, received_us FROM frame WHERE session = ? AND sequence >= ? ORDER BY sequence LIMIT 1"
        )
        // Two questions: SQLite answers one end of an index at once, both together by walking through it.
        let bounds = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT (SELECT min(sequence) FROM frame WHERE session = ?1),
                        (SELECT max(sequence) FROM frame WHERE session = ?1)
                    """), arguments: [session])
        guard var low: Int64 = bounds?[0], var high: Int64 = bounds?[1] else { return true }
        while low < high {
            let middle = low + (high - low) / 2
            guard let row = try Row.fetchOne(probe, arguments: [session, middle]) else { break }
            if row[1] as Int64 >= first { high = middle } else { low = (row[0] as Int64) + 1 }
        }
        if let row = try Row.fetchOne(probe, arguments: [session, low]), (first..<last).contains(row[1]) {
            return false
        }
        return try Int.fetchOne(
            db.cachedStatement(
                sql: "SELECT 1 FROM frame WHERE session = ? AND received_us >= ? AND received_us < ? LIMIT 1"),
            arguments: [session, first, last]) == nil
    }
}

/// The next frames of a session by number, and which of them are past.
struct SlicePage {
    let past: [Int64]
    /// Where to go on; nil where nothing older is to be expected.
    let next: Int64?

    /// A late frame among older ones is stepped over; after a whole page of frames that are kept all later ones are.
    init(session: Int64, after place: Int64, before end: Date, limit: Int, _ db: Database) throws {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT key, sequence, received_us FROM frame WHERE session = ? AND sequence > ?
                    ORDER BY sequence LIMIT ?
                    """), arguments: [session, place, limit])
        // SQLite gives the highest key again once it is free, and an event may still tell of it: the newest frame of all
        // stays until there is a newer one.
        let newest = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(key) FROM frame"))
        past = rows.filter { $0[2] < end.microseconds && $0[0] != newest }.map { $0[0] }
        next = rows.count < limit || past.isEmpty ? nil : rows.last?[1]
    }
}
