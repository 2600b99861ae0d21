import Foundation
import Results
import Testing

@Suite struct SQLiteStoreTests {
    let folder = TemporaryFolder()

    @Test func `a session reads back as it was inserted`() async throws {
        let store = try folder.open()
        let full = SessionRecord(
            id: UUIDv7.make(), droneID: "d", missionID: "m", model: "mo", modelVersion: "v", options: #"{"a":1}"#,
            createdAt: .noon, lastFrameAt: .noon + 1, lastSequence: 7, frames: 3, state: .idle,
            endReason: "idle-timeout", endedAt: .noon + 2)
        let sparse = SessionRecord(id: UUIDv7.make(), model: "mo", modelVersion: "v", createdAt: .noon)
        for session in [full, sparse] {
            try await store.insert(session)
            #expect(try await store.session(session.id) == session)
        }
        #expect(try await store.session("unknown") == nil)
        await #expect(throws: StoreError.duplicateID(full.id)) { try await store.insert(full) }
    }

    @Test func `a commit moves its session on`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        for sequence in [4, 9, 6] {
            _ = try await store.commit(.make(session: session.id, sequence), pictures: .init())
        }
        let moved = try #require(try await store.session(session.id))
        #expect(moved.frames == 3)
        #expect(moved.lastSequence == 9)
        #expect(moved.lastFrameAt == .noon + 9)
    }

    @Test func `a frame is found by its id, its number and its idempotency key`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let frame = try await store.commit(.make(session: session.id, 5, key: "k"), pictures: .make(5))
        #expect(try await store.frame(frame.id) == frame)
        #expect(try await store.frame(session: session.id, sequence: 5) == frame)
        #expect(try await store.frame(session: session.id, idempotencyKey: "k") == frame)
        #expect(try await store.frame("unknown") == nil)
        #expect(try await store.frame(session: session.id, sequence: 6) == nil)
        #expect(try await store.frame(session: "unknown", sequence: 5) == nil)
        #expect(try await store.frame(session: session.id, idempotencyKey: "l") == nil)
    }

    @Test func `what is taken already is refused by name`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let frame = try await store.commit(.make(session: session.id, 1, key: "k"), pictures: .make(1))
        await #expect(throws: StoreError.duplicateFrame(session: session.id, sequence: 1)) {
            _ = try await store.commit(.make(session: session.id, 1), pictures: .make(2))
        }
        await #expect(throws: StoreError.duplicateIdempotencyKey(session: session.id, key: "k")) {
            _ = try await store.commit(.make(session: session.id, 2, key: "k"), pictures: .make(2))
        }
        await #expect(throws: StoreError.duplicateID(frame.id)) {
            _ = try await store.commit(.make(session: session.id, 2, id: frame.id), pictures: .make(2))
        }
        await #expect(throws: StoreError.unknownSession("nobody")) {
            _ = try await store.commit(.make(session: "nobody", 1), pictures: .make(1))
        }
        #expect(try await store.frame(frame.id) == frame)
        #expect(try await store.session(session.id)?.frames == 1)
    }

    @Test func `states change until the session ends`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)

        var changed = try await store.setState(.idle, reason: "idle-timeout", at: .noon + 1, session: session.id)
        #expect(changed?.state == .idle)
        #expect(changed?.endReason == "idle-timeout")
        #expect(changed?.endedAt == nil)
        #expect(try await store.activeSessions().isEmpty)

        changed = try await store.setState(.active, reason: "resumed", at: .noon + 2, session: session.id)
        #expect(changed == session)
        #expect(try await store.activeSessions() == [session])

        let ended = try await store.setState(.ended, reason: "client", at: .noon + 3, session: session.id)
        #expect(ended?.endReason == "client")
        #expect(ended?.endedAt == .noon + 3)
        for state in [SessionRecord.State.ended, .idle, .active] {
            let again = try await store.setState(state, reason: "late", at: .noon + 4, session: session.id)
            #expect(again == ended)
        }
        #expect(try await store.setState(.ended, reason: nil, at: .noon, session: "unknown") == nil)
    }

    @Test func `nothing is taken after closing, and closing again does nothing`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let frame = try await store.commit(.make(session: session.id, 1), pictures: .make(1))
        try await store.close()
        try await store.close()
        await #expect(throws: StoreError.closed) { try await store.insert(.make()) }
        await #expect(throws: StoreError.closed) { _ = try await store.frame(frame.id) }
        await #expect(throws: StoreError.closed) { _ = try await store.read(frame.mask!) }
        // Everything is in the one file.
        #expect(!FileManager.default.fileExists(atPath: folder.database.path + "-wal"))

        let next = try folder.open()
        #expect(try await next.frame(frame.id) == frame)
    }

    @Test func `closing settles what is queued`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let lock = try WriteLock(folder)
        let commits = (1...3).map { number in
            Task { try await store.commit(.make(session: session.id, number), pictures: .make(number)) }
        }
        try await until { store.statistics().queueLength > 0 }
        let closed = Task { try await store.close() }
        try lock.release()
        try await closed.value
        // Each was taken before the store closed, and is stored, or came after, and was told so.
        var stored: Set<String> = []
        for commit in commits {
            switch await commit.result {
            case .success(let frame): stored.insert(frame.id)
            case .failure(let error): #expect(error as? StoreError == .closed)
            }
        }
        #expect(stored.count >= 1)
        let next = try folder.open()
        #expect(Set(try await next.frames(FrameQuery()).items.map(\.id)) == stored)
    }
}
