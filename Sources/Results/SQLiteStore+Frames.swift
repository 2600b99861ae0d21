import Foundation
import GRDB
import Telemetry

extension SQLiteStore {
    /// What the record says of its pictures on the way in is ignored.
    ///
    /// Where room is short they are not stored, and the record says so.
    ///
    /// Throws `StoreError.duplicateFrame`, `.duplicateIdempotencyKey`, `.duplicateID`, `.unknownSession`, `.diskFull`,
    /// `.busy` or `.closed`; nothing is stored then.
    package func commit(_ frame: FrameRecord, pictures: FramePictures, _ consequences: FrameConsequences) async throws
        -> FrameRecord
    {
        var frame = frame.normalized
        var pictures = pictures
        if room >= .low, pictures != FramePictures() {
            frame.withheld = "disk"
            pictures = FramePictures()
        }
        let pack = Pack.file(session: frame.sessionID, receivedAt: frame.receivedAt)
        let limit = eventLimit
        let (stored, cursor, delivery) = try await writer.write(pictures: pictures, pack: pack, isFrame: true) {
            [frame] db, placed in
            var frame = frame
            frame.mask = placed.mask
            frame.similarity = placed.similarity
            frame.image = placed.image
            let (session, key) = try frame.insert(db)
            let told = EventRecord(kind: .frame, sessionID: frame.sessionID, at: frame.receivedAt)
            var cursor = try told.insert(db, session: session, frame: key, keeping: limit)
            var (events, delivery) = (consequences.events, Int64(0))
            for call in consequences.deliveries {
                let (key, told) = try call.insert(db, session: session)
                delivery = key
                events += told
            }
            for event in events {
                cursor = try event.insert(
                    db, session: session, frame: event.isOfFrame ? key : nil, keeping: limit)
            }
            if let state = consequences.conditionState {
                try db.cachedStatement(sql: "UPDATE session_conditions SET state = ? WHERE session = ?")
                    .execute(arguments: [state, session])
            }
            return (frame, cursor, delivery)
        }
        signal.raise(to: cursor)
        deliverySignal.raise(to: delivery)
        return stored
    }

    package func frame(_ id: String) async throws -> FrameRecord? {
        try await frame(where: "f.id = ?", [id])
    }

    package func frame(session: String, sequence: Int) async throws -> FrameRecord? {
        try await frame(
            where: "f.session = (SELECT key FROM session WHERE id = ?) AND f.sequence = ?", [session, sequence])
    }

    package func frame(session: String, idempotencyKey: String) async throws -> FrameRecord? {
        try await frame(
            where: "f.session = (SELECT key FROM session WHERE id = ?) AND f.idempotency_key = ?",
            [session, idempotencyKey])
    }

    package func frames(_ query: FrameQuery) async throws -> Page<FrameRecord> {
        let filter = query.fingerprint
        let (seal, time) = (seal, query.time ?? queryTime)
        let cursor = try query.cursor.map { try PageCursor($0, for: filter, sealedWith: seal) }
        let limit = max(1, min(query.limit, .max - 1))
        return try await search(within: time) { db, timeLimit in
            guard let place = try cursor ?? PageCursor(startOf: query, db),
                let search = try FrameSearch(query, after: place, db)
            else {
                return Page(items: [], nextCursor: nil)
            }
            let places = try search.places(limit + 1, db, within: timeLimit)
            let items = try places.prefix(limit).map { try FrameRecord(key: $0.key, db) }
            let next = places.count > limit ? PageCursor(places[limit - 1]) : nil
            return Page(items: items, nextCursor: next?.text(for: filter, sealedWith: seal))
        }
    }

    package func latestFrame(session: String) async throws -> FrameRecord? {
        try await frame(
            where: "f.session = (SELECT key FROM session WHERE id = ?) ORDER BY f.sequence DESC LIMIT 1", [session])
    }

    package func latestFrames(session: String, count: Int) async throws -> [FrameRecord] {
        let sql = """
            SELECT \(FrameRecord.selection) FROM frame AS f WHERE f.session = (SELECT key FROM session WHERE id = ?)
            ORDER BY f.sequence DESC LIMIT ?
            """
        return try await read { db in
            try Row.fetchAll(db.cachedStatement(sql: sql), arguments: [session, count]).map { try FrameRecord($0, db) }
        }
    }

    private func frame(where condition: String, _ arguments: StatementArguments) async throws -> FrameRecord? {
        let sql = "SELECT \(FrameRecord.selection) FROM frame AS f WHERE \(condition)"
        return try await read { db in
            try Row.fetchOne(db.cachedStatement(sql: sql), arguments: arguments).map { try FrameRecord($0, db) }
        }
    }
}

extension FrameRecord {
    /// What a `SELECT` from `frame AS f` asks for.
    static let selection = (["key", "session"] + columns).map { "f.\($0)" }.joined(separator: ", ")

    /// A row of `selection`, and what other tables know of it.
    init(_ row: Row, _ db: Database) throws {
        var reader = RowReader(row)
        let key: Int64 = reader.next()
        let session: Int64 = reader.next()
        let id = try String.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM session WHERE key = ?"), arguments: [session])
        let classes = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT value, name, pixels, fraction FROM frame_class WHERE frame = ? ORDER BY value, name"),
            arguments: [key])
        try self.init(
            &reader, sessionID: id!,
            classes: classes.map { ClassPixels(value: $0[0], name: $0[1], pixels: $0[2], fraction: $0[3]) })
    }

    init(key: Int64, _ db: Database) throws {
        let sql = "SELECT \(Self.selection) FROM frame AS f WHERE f.key = ?"
        try self.init(Row.fetchOne(db.cachedStatement(sql: sql), arguments: [key])!, db)
    }

    /// What of it goes into sums and bounds.
    private func traits(session: Int64, _ db: Database) throws -> FrameTraits {
        FrameTraits(
            session: session, microseconds: capturedAt.microseconds, mode: mode, reason: reason,
            registration: registration.map { ($0.method, $0.ok, $0.inliers) }, similarity: similarityMean,
            changed: changedFraction,
            position: telemetry?.place,
            classes: try classes.map { (try ClassNames.makeKey(of: $0.name, db), $0.pixels, $0.fraction) }
                .sorted { $0.key < $1.key })
    }

    /// The keys of its session and its own.
    fileprivate func insert(_ db: Database) throws -> (session: Int64, frame: Int64) {
        guard
            let session = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT key FROM session WHERE id = ?"), arguments: [sessionID])
        else { throw StoreError.unknownSession(sessionID) }

        let columns = Self.columns.joined(separator: ", ")
        let places = Self.columns.map { _ in ", ?" }.joined()
        do {
            try db.cachedStatement(sql: "INSERT INTO frame (session, \(columns)) VALUES (?\(places))")
                .execute(arguments: arguments(session: session))
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            throw try conflict(session: session, db) ?? error
        }
        let key = db.lastInsertedRowID

        let insertClass = try db.cachedStatement(
            sql: """
                INSERT INTO frame_class (frame, name, value, pixels, fraction, captured_us) VALUES (?, ?, ?, ?, ?, ?)
                """)
        for item in classes {
            try insertClass.execute(
                arguments: [key, item.name, item.value, item.pixels, item.fraction, capturedAt.microseconds])
        }

        try db.cachedStatement(
            sql: """
                UPDATE session SET frames = frames + 1, last_sequence = max(coalesce(last_sequence, ?1), ?1),
                    last_frame_us = max(coalesce(last_frame_us, ?2), ?2), epoch = max(epoch, ?3) WHERE key = ?4
                """
        ).execute(arguments: [sequence, receivedAt.microseconds, epoch, session])

        var rollups = Rollups()
        let traits = try traits(session: session, db)
        rollups.add(traits, kind: try traits.kind.makeKey(db))
        try rollups.write(db)
        return (session, key)
    }

    /// Which rule a row broke, found by asking rather than by reading SQLite's message.
    private func conflict(session: Int64, _ db: Database) throws -> StoreError? {
        if try Int.fetchOne(
            db, sql: "SELECT 1 FROM frame WHERE session = ? AND sequence = ?", arguments: [session, sequence]) != nil
        {
            return .duplicateFrame(session: sessionID, sequence: sequence)
        }
        if let idempotencyKey,
            try Int.fetchOne(
                db, sql: "SELECT 1 FROM frame WHERE session = ? AND idempotency_key = ?",
                arguments: [session, idempotencyKey]) != nil
        {
            return .duplicateIdempotencyKey(session: sessionID, key: idempotencyKey)
        }
        return try Int.fetchOne(db, sql: "SELECT 1 FROM frame WHERE id = ?", arguments: [id]) == nil
            ? nil : .duplicateID(id)
    }
}
