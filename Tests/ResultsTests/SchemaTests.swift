import Foundation
import GRDB
import Results
import Testing

@Suite struct SchemaTests {
    let folder = TemporaryFolder()

    @Test func `a database of version 1 opens, reads and goes on`() async throws {
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        let old = try DatabaseQueue(path: folder.database.path)
        try await old.write { db in
            try db.execute(sql: Version1.schema)
            try db.execute(sql: Version1.rows)
        }
        try old.close()

        let store = try folder.open()
        let session = try #require(try await store.session("s1"))
        #expect(session.droneID == "kestrel-1")
        #expect(session.createdAt == .noon)
        #expect(session.lastSequence == 4)
        let frame = try #require(try await store.frame("f1"))
        #expect(frame.sessionID == "s1")
        #expect(frame.capturedAt == .noon + 0.25)
        #expect(frame.registration?.homography == [1, 0, 2.5, 0, 1, -3, 0, 0, 1])
        #expect(frame.classes.map(\.name) == ["road", "building"])
        #expect(frame.stageMs == ["fuse": 2.5, "image": 40])
        #expect(frame.mask == .init(file: "masks/2026-03-01/s1.pack", offset: 8, length: 700))
        var query = FrameQuery()
        query.classes = [.init("building", minFraction: 0.7)]
        #expect(try await store.frames(query).items == [frame])

        let next = try await store.commit(.make(session: "s1", 5), pictures: .make(5))
        #expect(try await store.frames(FrameQuery()).items == [next, frame])
    }

    @Test func `a database of version 1 becomes what a new one is`() async throws {
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        let old = try DatabaseQueue(path: folder.database.path)
        try await old.write { try $0.execute(sql: Version1.schema) }
        try old.close()
        try await folder.open().close()
        let fresh = TemporaryFolder()
        try await fresh.open().close()
        let (migrated, made) = (try folder.visitor(), try fresh.visitor())
        #expect(try await migrated.read(Self.definitions) == made.read(Self.definitions))
        #expect(try await made.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 9)
    }

    @Test func `tables are strict`() async throws {
        _ = try folder.open()
        let visitor = try folder.visitor()
        let tables = try await visitor.read { db in
            try String.fetchAll(
                db, sql: "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND NOT strict")
        }
        #expect(Set(tables) == ["grdb_migrations", "sqlite_schema"])
    }

    @Test func `the database of a newer version is refused`() async throws {
        try await folder.open().close()
        let visitor = try folder.visitor()
        try await visitor.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999: from the future')") }
        try visitor.close()
        let error = #expect(throws: StoreOpenError.self) { try folder.open() }
        #expect(error == .newerSchema(path: folder.database.path))
        #expect(error?.description.contains("newer version") == true)
    }

    @Test func `the database of another program is refused`() async throws {
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        let visitor = try folder.visitor()
        try await visitor.write { try $0.execute(sql: "CREATE TABLE frame (x)") }
        try visitor.close()
        #expect(throws: StoreOpenError.foreign(path: folder.database.path)) { try folder.open() }
    }

    @Test func `a file that is no database is refused`() throws {
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        try Data("not a database, whatever it is called".utf8).write(to: folder.database)
        #expect(throws: DatabaseError.self) { try folder.open() }
        // It did not keep the folder.
        try FileManager.default.removeItem(at: folder.database)
        _ = try folder.open()
    }

    @Test func `views show times, ids and paths to people`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make(mission: "survey", created: .noon + 0.000_001)
        try await store.insert(session)
        let frame = try await store.commit(
            .make(session: session.id, 3, captured: .noon + 1.25), pictures: .make(3))
        let visitor = try folder.visitor()
        try await visitor.read { db in
            let row = try #require(try Row.fetchOne(db, sql: "SELECT * FROM frames"))
            #expect(row["id"] == frame.id)
            #expect(row["session"] == session.id)
            #expect(row["captured_at"] == "2026-03-01T12:00:01.250000Z")
            #expect(row["received_at"] == "2026-03-01T12:00:03.000000Z")
            #expect(row["pack"] == frame.mask!.file)
            #expect(row["mask_offset"] == frame.mask!.offset)
            let created = try String.fetchOne(db, sql: "SELECT created_at FROM sessions WHERE mission = 'survey'")
            #expect(created == "2026-03-01T12:00:00.000001Z")
            let share = try Double.fetchOne(
                db, sql: "SELECT fraction FROM classes WHERE name = 'road' AND sequence = 3")
            #expect(share == 0.3)
        }
    }

    /// Every table, index and view by name, without comments and white space.
    private static func definitions(_ db: Database) throws -> [String: String] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name <> 'grdb_migrations'")
        return Dictionary(
            uniqueKeysWithValues: rows.map { row in
                let sql: String = row["sql"]
                let bare = sql.split(separator: "\n").map {
                    $0.prefix(upTo: $0.firstRange(of: "--")?.lowerBound ?? $0.endIndex)
                }
                return (row["name"], bare.joined().filter { !$0.isWhitespace })
            })
    }
}
