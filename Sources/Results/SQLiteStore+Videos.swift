import Foundation
import GRDB

extension SQLiteStore {
    package func insert(_ video: VideoRecord) async throws {
        precondition(!video.id.isEmpty && !video.id.contains("/"), "a video's id names a folder")
        let columns = VideoRecord.columns.joined(separator: ", ")
        let places = VideoRecord.columns.map { $0 == "session" ? VideoRecord.sessionKey : "?" }.joined(separator: ", ")
        try await writer.write { db, _ in
            do {
                try db.cachedStatement(sql: "INSERT INTO video (\(columns)) VALUES (\(places))")
                    .execute(arguments: video.arguments)
            } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
                throw StoreError.duplicateID(video.id)
            }
        }
    }

    package func video(_ id: String) async throws -> VideoRecord? {
        try await read { db in
            let sql = "SELECT \(VideoRecord.selection) FROM video AS v WHERE v.id = ?"
            return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [id]).map { VideoRecord(row: $0, from: 0) }
        }
    }

    package func videos(_ query: VideoQuery) async throws -> Page<VideoRecord> {
        let filter = query.fingerprint
        let seal = seal
        let place =
            try query.cursor.map { try PageCursor($0, for: filter, sealedWith: seal) } ?? PageCursor(before: nil)
        let limit = max(1, min(query.limit, .max - 1))
        return try await read { db in
            let listing = query.listing(below: place, count: limit + 1)
            let rows = try Row.fetchAll(db.cachedStatement(sql: listing.sql), arguments: listing.arguments)
            let keys = rows.map { $0[0] as Int64 }
            let items = rows.prefix(limit).map { VideoRecord(row: $0, from: 1) }
            let next =
                rows.count > limit
                ? PageCursor(microseconds: items[limit - 1].createdAt.microseconds, key: keys[limit - 1]) : nil
            return Page(items: items, nextCursor: next?.text(for: filter, sealedWith: seal))
        }
    }

    package func openVideos() async throws -> [VideoRecord] {
        try await read { db in
            let sql = """
                SELECT \(VideoRecord.selection) FROM video AS v WHERE v.state IN ('uploading', 'queued', 'running')
                ORDER BY v.key
                """
            return try Row.fetchAll(db, sql: sql).map { VideoRecord(row: $0, from: 0) }
        }
    }

    package func update(_ video: VideoRecord) async throws {
        try await writer.write { db, _ in
            try db.cachedStatement(
                sql: """
                    UPDATE video SET length = ?, state = ?, session = \(VideoRecord.sessionKey), started_us = ?,
                        ended_us = ?, zero_us = ?, total = ?, frames = ?, failure = ?, warning = ?, has_overlay = ?
                    WHERE id = ?
                    """
            ).execute(arguments: video.changing + [video.id])
        }
    }

    package func removeVideo(_ id: String) async throws {
        try await writer.write { db, _ in
            guard try !Hold.isHeld(video: id, db) else { throw StoreError.held }
            try db.cachedStatement(sql: "DELETE FROM video WHERE id = ?").execute(arguments: [id])
        }
    }

    /// How SQLite answers a page of the list: the lines of `EXPLAIN QUERY PLAN`.
    package func plan(of query: VideoQuery) async throws -> [String] {
        let listing = query.listing(below: PageCursor(before: nil), count: query.limit)
        return try await read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + listing.sql, arguments: listing.arguments)
                .map { $0["detail"] }
        }
    }
}

extension VideoQuery: BoundedListing {
    /// The filter without paging: what a cursor is good for.
    fileprivate var fingerprint: Fingerprint {
        var print = bounds.fingerprint
        for text in ["videos", drone, mission, state?.rawValue] { print.add(text) }
        return print
    }

    func walk(below place: PageCursor, count: Int) -> Listing {
        var conditions = Conditions()
        conditions.require("v.mission", is: mission, among: bounds.missions)
        conditions.require("v.drone", is: drone, among: bounds.drones)
        conditions.require("v.state = ?", state?.rawValue)
        conditions.require("(v.created_us, v.key) < (?, ?)", [place.microseconds, place.key])
        let sql = """
            SELECT v.key, \(VideoRecord.selection) FROM video AS v INDEXED BY \(index)
            WHERE \(conditions.sql)
            ORDER BY v.created_us DESC, v.key DESC LIMIT ?
            """
        return Listing(sql: sql, arguments: conditions.arguments + [count])
    }

    private var index: String {
        if mission != nil { return "video_by_mission" }
        if drone != nil { return "video_by_drone" }
        if state != nil { return "video_by_state" }
        return "video_by_time"
    }
}

extension VideoRecord {
    /// The order in which `arguments` writes and `init(row:)` reads.
    fileprivate static let columns = [
        "id", "name", "drone", "mission", "model", "options", "every", "fps", "overlay", "keep", "captured_us",
        "created_us", "length", "state", "session", "started_us", "ended_us", "zero_us", "total", "frames", "failure",
        "warning", "has_overlay",
    ]
    /// A session's key by its id, in place of the id.
    fileprivate static let sessionKey = "(SELECT key FROM session WHERE id = ?)"
    fileprivate static let selection = columns.map {
        $0 == "session" ? "(SELECT s.id FROM session AS s WHERE s.key = v.session)" : "v.\($0)"
    }.joined(separator: ", ")

    fileprivate var arguments: StatementArguments {
        [
            id, name, droneID, missionID, model, options, choices.every, choices.fps, choices.overlay, choices.keep,
            choices.capturedAt?.microseconds, createdAt.microseconds,
        ] + changing
    }

    /// The columns from `length` on.
    fileprivate var changing: StatementArguments {
        [
            length, state.rawValue, sessionID, startedAt?.microseconds, endedAt?.microseconds, zero?.microseconds,
            total, frames, failure, warning, hasOverlay,
        ]
    }

    fileprivate init(row: Row, from place: Int) {
        var row = RowReader(row, from: place)
        self.init(
            id: row.next(), name: row.next(), droneID: row.next(), missionID: row.next(), model: row.next(),
            options: row.next(), createdAt: .distantPast)
        choices.every = row.next()
        choices.fps = row.next()
        choices.overlay = row.next()
        choices.keep = row.next()
        choices.capturedAt = row.optionalDate()
        createdAt = row.date()
        length = row.next()
        state = State(rawValue: row.next())!
        sessionID = row.next()
        startedAt = row.optionalDate()
        endedAt = row.optionalDate()
        zero = row.optionalDate()
        total = row.next()
        frames = row.next()
        failure = row.next()
        warning = row.next()
        hasOverlay = row.next()
    }
}
