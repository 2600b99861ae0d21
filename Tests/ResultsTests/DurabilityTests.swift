import Foundation
import GRDB
import Results
import Synchronization
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct DurabilityTests {
    let folder = TemporaryFolder()

    @Test func `a commit is synced before it is acknowledged`() async throws {
        let store = try folder.open { $0.busyTimeout = 7 }
        // 2 is FULL: the connection syncs its log at every commit.
        #expect(try await store.pragma("synchronous") == "2")
        #expect(try await store.pragma("journal_mode") == "wal")
        #expect(try await store.pragma("foreign_keys") == "1")
        #expect(try await store.pragma("auto_vacuum") == "2")
        #expect(try await store.pragma("secure_delete") == "0")
        #expect(try await store.pragma("busy_timeout") == "7000")
        #expect(try await store.pragma("journal_size_limit") == "\(64 << 20)")
        #expect(try await store.pragma("user_version") == "9")
        #expect(try await store.pragma("application_id") == "\(0x5748_4F56)")

        // A database keeps what it was created with, and a connection is set up anew.
        try await store.close()
        let next = try folder.open()
        #expect(try await next.pragma("auto_vacuum") == "2")
        #expect(try await next.pragma("synchronous") == "2")
    }

    @Test func `every acknowledged frame survives a crash, its pictures with it`() async throws {
        let store = try folder.open()
        let sessions = (0..<3).map { _ in SessionRecord.make() }
        for session in sessions { try await store.insert(session) }
        let acknowledged = try await withThrowingTaskGroup(of: FrameRecord.self) { group in
            for number in 0..<60 {
                group.addTask {
                    try await store.commit(.make(session: sessions[number % 3].id, number), pictures: .make(number))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        let copy = try folder.snapshot()
        #expect(try copy.size(of: "windhover.sqlite-wal") > 0)
        let survivor = try copy.open()
        #expect(acknowledged.count == 60)
        for frame in acknowledged {
            #expect(try await survivor.frame(frame.id) == frame)
            #expect(try await survivor.read(frame.mask!) == FramePictures.make(frame.sequence).mask)
            #expect(try await survivor.read(frame.similarity!) == FramePictures.make(frame.sequence).similarity)
        }
        for session in sessions {
            #expect(try await survivor.session(session.id)?.frames == 20)
        }
        // And it goes on from there.
        let next = try await survivor.commit(.make(session: sessions[0].id, 100), pictures: .make(100))
        #expect(try await survivor.read(next.mask!) == FramePictures.make(100).mask)
        try await store.close()
    }

    @Test func `a second server on the same folder is refused until the first is gone`() async throws {
        let store = try folder.open()
        let error = #expect(throws: StoreOpenError.self) { try folder.open() }
        #expect(error == .inUse(directory: folder.url.path, process: ProcessInfo.processInfo.processIdentifier))
        #expect(error?.description.contains("another server (process ") == true)
        try await store.close()
        _ = try folder.open()
    }

    @Test func `being refused a folder closes nobody else's files`() async throws {
        let store = try folder.open()
        // A file that is opened gets the lowest free descriptor: one that a refusal closed twice could be another's.
        let isOver = Flag()
        let lost = await withTaskGroup(of: Int.self) { group in
            group.addTask { [folder] in
                defer { isOver.value.store(true, ordering: .relaxed) }
                for _ in 0..<2000 { _ = try? SQLiteStore.open(directory: folder.url) }
                return 0
            }
            group.addTask {
                var lost = 0
                while !isOver.value.load(ordering: .relaxed) {
                    let descriptor = open("/dev/null", O_RDONLY)
                    if close(descriptor) != 0 { lost += 1 }
                }
                return lost
            }
            return await group.reduce(0, +)
        }
        #expect(lost == 0)
        try await store.close()
    }

    @Test func `a store that is dropped without closing gives the folder back`() throws {
        do { _ = try folder.open() }
        _ = try folder.open()
    }

    @Test func `a full database takes nothing, and goes on when there is room`() async throws {
        let store = try folder.open { $0.databaseLimit = 400 << 10 }
        let session = SessionRecord.make()
        try await store.insert(session)
        var frames: [FrameRecord] = []
        let error = await #expect(throws: StoreError.self) {
            for number in 0..<10_000 {
                frames.append(try await store.commit(.make(session: session.id, number), pictures: .make(number)))
            }
        }
        #expect(error == .diskFull)
        let last = try #require(frames.last)
        #expect(try await store.frame(session: session.id, sequence: frames.count) == nil)
        #expect(try await store.session(session.id)?.frames == frames.count)
        // The pictures that went ahead of the row were taken back.
        #expect(try folder.size(of: last.mask!.file) == last.similarity!.offset + last.similarity!.length)
        #expect(try await store.read(last.mask!) == FramePictures.make(last.sequence).mask)

        let visitor = try folder.visitor()
        try await visitor.write { try $0.execute(sql: "DELETE FROM frame WHERE sequence < 100") }
        let next = try await store.commit(.make(session: session.id, frames.count), pictures: .make(7))
        #expect(try await store.frame(next.id) == next)
        #expect(try await store.read(next.mask!) == FramePictures.make(7).mask)
    }
}

private final class Flag: Sendable {
    let value = Atomic(false)
}
