import Foundation
import GRDB
import Results
import Testing

@Suite struct DataCheckTests {
    let folder = TemporaryFolder()

    @Test func `a store in use is sound, and counted`() async throws {
        let store = try folder.open()
        try await store.fly(days: [-1, 0], frames: 5)
        var stages: Set<String> = []
        let report = try DataCheck(folder: folder.url) { stages.insert($0.stage.rawValue) }.run()
        #expect(report.isSound && report.examples.isEmpty)
        #expect((report.sessions, report.frames, report.pictures) == (1, 10, 20))
        #expect(report.pictureBytes == 10 * 103 && report.removedPictures == 0 && report.orphanPacks == 0)
        #expect(stages == ["integrity", "pictures"])
        // It goes on being written to.
        try await store.fly(days: [0], frames: 1)
        #expect(try DataCheck(folder: folder.url).run().frames == 11)
    }

    @Test func `a database that was killed is read with its log`() async throws {
        let store = try folder.open()
        try await store.fly(days: [0], frames: 5)
        let copy = try folder.snapshot()
        #expect(try DataCheck(folder: copy.url).run().frames == 5)
        try await store.close()
    }

    @Test func `pictures that are not where rows say are found, each of them`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [0], frames: 4)
        let pack = folder.url.appending(path: "masks/\(try folder.packs()[0])")
        // The third frame's mask gets another length, the last one's similarity is cut off.
        let handle = try FileHandle(forUpdating: pack)
        try handle.seek(toOffset: UInt64(2 * 119 + 4))
        try handle.write(contentsOf: [99])
        try handle.truncate(atOffset: UInt64(4 * 119 - 1))
        try handle.close()
        let report = try DataCheck(folder: folder.url).run()
        #expect(!report.isSound && report.damagedPictures == 2 && report.pictures == 8)
        #expect(report.examples.count == 2 && report.examples[0].contains("\(session.id)/2"))
    }

    @Test func `rows that do not fit each other are found`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [0], frames: 4)
        try await store.close()
        let visitor = try folder.visitor()
        try await visitor.writeWithoutTransaction { db in
            try db.execute(sql: "UPDATE session SET frames = 7")
            try db.execute(sql: "UPDATE frame SET mask_offset = 9223372036854775807 WHERE sequence = 0")
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            try db.execute(sql: "INSERT INTO frame_class VALUES (777, 'road', 1, 1, 0.1, 5)")
        }
        let report = try DataCheck(folder: folder.url).run()
        #expect(report.miscountedSessions == 1 && report.danglingReferences == 1 && report.damagedPictures == 1)
        #expect(report.examples.contains { $0.contains("\(session.id): counts 7 frames and has 4") })
    }

    @Test func `a damaged database is found`() async throws {
        let store = try folder.open()
        try await store.fly(days: [0], frames: 200)
        try await store.close()
        let visitor = try folder.visitor()
        let page = try await visitor.read { db in
            try Int.fetchOne(db, sql: "SELECT rootpage FROM sqlite_schema WHERE name = 'frame_by_time'")!
        }
        try visitor.close()
        let handle = try FileHandle(forUpdating: folder.database)
        try handle.seek(toOffset: UInt64(page) * 4096 - 200)
        try handle.write(contentsOf: [UInt8](repeating: 0xAB, count: 190))
        try handle.close()
        let report = try DataCheck(folder: folder.url).run()
        #expect(!report.isSound && !report.integrity.isEmpty)
    }

    @Test func `what is no data folder is refused`() throws {
        #expect(throws: VisitError.noDatabase(folder.database.path)) { try DataCheck(folder: folder.url) }
    }
}
