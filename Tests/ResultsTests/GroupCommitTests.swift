import Foundation
import GRDB
import Results
import Testing

@Suite struct GroupCommitTests {
    let folder = TemporaryFolder()

    @Test func `two hundred commits at once need few transactions`() async throws {
        let store = try folder.open()
        let sessions = (0..<8).map { _ in SessionRecord.make() }
        for session in sessions { try await store.insert(session) }
        let before = store.statistics()
        let lock = try WriteLock(folder)
        let frames = try await withThrowingTaskGroup(of: FrameRecord.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try await store.commit(
                        .make(session: sessions[number % 8].id, number), pictures: .make(number))
                }
            }
            try await until { store.statistics().queueLength == 200 }
            try lock.release()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let after = store.statistics()
        #expect(after.framesCommitted == 200)
        #expect(after.changes - before.changes == 200)
        #expect(after.groups - before.groups <= 5)
        #expect(after.largestGroup == 64)
        #expect(after.queueLength == 0)
        #expect(after.failures == 0)
        #expect(after.pictureBytes == 200 * 103)
        for frame in frames {
            #expect(try await store.frame(frame.id) == frame)
            #expect(try await store.read(frame.mask!) == FramePictures.make(frame.sequence).mask)
        }
    }

    @Test func `one bad row fails alone`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        _ = try await store.commit(.make(session: session.id, 3), pictures: .make(3))
        let before = store.statistics()
        let results = try await together(store, (1...6).map { .make(session: session.id, $0) })
        #expect(store.statistics().groups - before.groups <= 2)
        for (number, result) in zip(1...6, results) {
            if number == 3 {
                #expect(throws: StoreError.duplicateFrame(session: session.id, sequence: 3)) { try result.get() }
            } else {
                let frame = try result.get()
                #expect(try await store.frame(frame.id) == frame)
                #expect(try await store.read(frame.mask!) == FramePictures.make(number).mask)
            }
        }
        #expect(store.statistics().failures == 1)
        #expect(try await store.session(session.id)?.frames == 6)
    }

    @Test func `when the transaction itself fails nobody is told otherwise`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let kept = try await store.commit(.make(session: session.id, 1), pictures: .make(1))
        let size = try folder.size(of: kept.mask!.file)
        let visitor = try folder.visitor()
        // As SQLite does of itself when the disk is full or fails: the whole transaction is undone, not the statement.
        try await visitor.write { db in
            try db.execute(
                sql: """
                    CREATE TRIGGER break_down BEFORE INSERT ON frame WHEN NEW.sequence = 4
                    BEGIN SELECT RAISE(ROLLBACK, 'broken'); END
                    """)
        }
        let results = try await together(store, (2...5).map { .make(session: session.id, $0) })
        let stored = try await store.frames(FrameQuery()).items.map(\.sequence)
        for (number, result) in zip(2...5, results) {
            #expect(stored.contains(number) == ((try? result.get()) != nil))
        }
        #expect(!stored.contains(4))

        try await visitor.write { try $0.execute(sql: "DROP TRIGGER break_down") }
        let next = try await store.commit(.make(session: session.id, 4), pictures: .make(4))
        #expect(try await store.read(next.mask!) == FramePictures.make(4).mask)
        // What the failed group had appended was taken back.
        #expect(try folder.size(of: kept.mask!.file) == size * (stored.count + 1))
    }

    @Test func `a cancelled caller's frame is stored all the same`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let lock = try WriteLock(folder)
        let task = Task { try await store.commit(.make(session: session.id, 1), pictures: .make(1)) }
        task.cancel()
        try lock.release()
        let frame = try await task.value
        #expect(try await store.frame(frame.id) == frame)
    }

    @Test func `a full queue refuses`() async throws {
        let store = try folder.open { options in
            options.queueCapacity = 3
            options.groupLimit = 2
        }
        let session = SessionRecord.make()
        try await store.insert(session)
        let lock = try WriteLock(folder)
        let stored = try await withThrowingTaskGroup(of: FrameRecord?.self) { group in
            for number in 0..<8 {
                group.addTask {
                    do {
                        return try await store.commit(.make(session: session.id, number), pictures: .init())
                    } catch StoreError.busy {
                        return nil
                    }
                }
            }
            // Three wait, and the writer may have taken two before.
            try await until { store.statistics().failures >= 3 }
            try lock.release()
            return try await group.reduce(into: []) { $0.append($1) }.compactMap { $0?.sequence }
        }
        #expect((3...5).contains(stored.count))
        #expect(Set(try await store.frames(FrameQuery()).items.map(\.sequence)) == Set(stored))
    }

    @Test func `a visitor who holds the lock for too long fails the commit, not the store`() async throws {
        let store = try folder.open { $0.busyTimeout = 0.05 }
        let session = SessionRecord.make()
        try await store.insert(session)
        let lock = try WriteLock(folder)
        await #expect(throws: StoreError.busy) {
            _ = try await store.commit(.make(session: session.id, 1), pictures: .make(1))
        }
        try lock.release()
        let frame = try await store.commit(.make(session: session.id, 1), pictures: .make(1))
        #expect(try await store.frame(frame.id) == frame)
        #expect(try await store.read(frame.mask!) == FramePictures.make(1).mask)
    }

    @Test func `the log is emptied when it outgrows its limit`() async throws {
        // SQLite's own checkpoint, at 1000 pages, comes far beyond this limit.
        let limit = 256 << 10
        let store = try folder.open { options in
            options.walLimit = limit
            options.busyTimeout = 0.01
        }
        let session = SessionRecord.make()
        try await store.insert(session)
        for number in 0..<40 {
            _ = try await store.commit(.make(session: session.id, number), pictures: .init())
            #expect(store.statistics().walBytes < 2 * limit)
        }

        // A forgotten reader: commits go on, the log grows.
        let visitor = try folder.visitor()
        try visitor.unsafeReentrantWrite { db in
            try db.execute(sql: "BEGIN")
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM frame")
        }
        var number = 40
        while store.statistics().walBytes < 3 * limit {
            _ = try await store.commit(.make(session: session.id, number), pictures: .init())
            number += 1
        }
        try visitor.unsafeReentrantWrite { try $0.execute(sql: "COMMIT") }
        while store.statistics().walBytes > limit {
            _ = try await store.commit(.make(session: session.id, number), pictures: .init())
            number += 1
            try #require(number < 1000)
        }
        #expect(store.statistics().framesCommitted == number)
    }

    /// Commits frames at once, held back until the last has arrived.
    private func together(
        _ store: SQLiteStore, _ frames: [FrameRecord]
    ) async throws -> [Result<FrameRecord, any Error>] {
        let lock = try WriteLock(folder)
        let commits = frames.map { frame in
            Task { try await store.commit(frame, pictures: .make(frame.sequence)) }
        }
        try await until { store.statistics().queueLength == frames.count }
        try lock.release()
        var results: [Result<FrameRecord, any Error>] = []
        for commit in commits { results.append(await commit.result) }
        return results
    }
}
