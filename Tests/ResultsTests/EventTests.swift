import Foundation
import GRDB
import Results
import Testing

@Suite struct EventTests {
    let folder = TemporaryFolder()

    private func all(_ store: SQLiteStore, after cursor: Int64 = 0, _ change: (inout EventQuery) -> Void = { _ in })
        async throws -> [EventRecord]
    {
        var query = EventQuery()
        change(&query)
        return try await store.events(query, after: cursor, limit: 1000).events
    }

    @Test func `a session's life is told in the order of commits`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make(mission: "survey")
        try await store.insert(session)
        let drop = EventRecord(kind: .drop, sessionID: session.id, at: .noon, sequence: 0, count: 3)
        let frame = try await store.commit(.make(session: session.id, 0), pictures: .make(0), events: [drop])
        try await store.setState(.idle, reason: "idle-timeout", at: .noon + 1, session: session.id)
        try await store.setState(.active, reason: nil, at: .noon + 2, session: session.id)
        try await store.append(EventRecord(kind: .reset, sessionID: session.id, at: .noon + 2, reason: "client"))
        try await store.setState(.ended, reason: "client", at: .noon + 3, session: session.id)
        // Ending it twice changes nothing, and nothing is told.
        try await store.setState(.ended, reason: "client", at: .noon + 4, session: session.id)

        let events = try await all(store)
        #expect(events.map(\.kind) == [.begun, .frame, .drop, .idle, .resumed, .reset, .ended])
        #expect(events.map(\.cursor) == [1, 2, 3, 4, 5, 6, 7])
        #expect(events.allSatisfy { $0.sessionID == session.id && $0.droneID == "kestrel-1" })
        #expect(events[0].name == "hiera-s" && events[0].missionID == "survey")
        #expect(events[1].frame == frame)
        #expect(events[2].count == 3 && events[2].sequence == 0)
        #expect(events[3].reason == "idle-timeout" && events[3].sequence == 0)
        #expect(events[6].at == .noon + 3)
    }

    @Test func `a frame that is not stored is not told of`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        _ = try await store.commit(.make(session: session.id, 0), pictures: .make(0))
        await #expect(throws: StoreError.duplicateFrame(session: session.id, sequence: 0)) {
            _ = try await store.commit(.make(session: session.id, 0), pictures: .make(1))
        }
        _ = try await store.commit(.make(session: session.id, 1), pictures: .make(1))
        let events = try await all(store)
        #expect(events.map(\.cursor) == [1, 2, 3])
        #expect(events.compactMap(\.frame?.sequence) == [0, 1])
    }

    @Test func `filters narrow, and what they pass over is not looked at again`() async throws {
        let store = try folder.open()
        let (a, b) = (SessionRecord.make(mission: "survey"), SessionRecord.make(drone: "merlin-2"))
        for session in [a, b] {
            try await store.insert(session)
            _ = try await store.commit(.make(session: session.id, 0), pictures: .make(0))
        }
        #expect(try await all(store) { $0.session = b.id }.map(\.cursor) == [3, 4])
        #expect(try await all(store) { $0.drone = "kestrel-1" }.map(\.cursor) == [1, 2])
        #expect(try await all(store) { $0.mission = "survey" }.map(\.cursor) == [1, 2])
        #expect(try await all(store) { $0.kinds = [.frame] }.map(\.cursor) == [2, 4])
        #expect(
            try await all(store) {
                $0.session = b.id
                $0.drone = "merlin-2"
                $0.kinds = [.begun, .ended]
            }.map(\.cursor) == [3])
        var query = EventQuery()
        query.mission = "survey"
        #expect(try await store.events(query, after: 0, limit: 100).through == 4)
        #expect(try await store.events(query, after: 0, limit: 1).through == 1)
    }

    @Test func `the oldest go, and whoever missed them is told so`() async throws {
        let store = try folder.open { $0.eventLimit = 4 }
        let session = SessionRecord.make()
        try await store.insert(session)
        for k in 0..<9 { _ = try await store.commit(.make(session: session.id, k), pictures: .make(k)) }
        let query = EventQuery()
        let late = try await store.events(query, after: 3, limit: 100)
        #expect(late.events.map(\.cursor) == [7, 8, 9, 10])
        #expect(late.oldestAfterHole == 7)
        let inTime = try await store.events(query, after: 6, limit: 100)
        #expect(inTime.events.map(\.cursor) == [7, 8, 9, 10])
        #expect(inTime.oldestAfterHole == nil)
        // A cursor of another data folder.
        let stranger = try await store.events(query, after: 5000, limit: 100)
        #expect(stranger.events.isEmpty && stranger.through == 10 && stranger.oldestAfterHole == 7)
    }

    @Test func `cursors go on after the store was closed`() async throws {
        let session = SessionRecord.make()
        do {
            let store = try folder.open()
            try await store.insert(session)
            _ = try await store.commit(.make(session: session.id, 0), pictures: .make(0))
            try await store.close()
        }
        let store = try folder.open()
        #expect(try await store.newestEvent() == 2)
        _ = try await store.commit(.make(session: session.id, 1), pictures: .make(1))
        #expect(try await all(store, after: 2).map(\.cursor) == [3])
    }

    @Test func `who waits is woken by what comes after its cursor, and by being cancelled`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        // There is something already.
        await store.eventsFollow(0)
        let woken = Task { await store.eventsFollow(1) }
        let cancelled = Task { await store.eventsFollow(1000) }
        _ = try await store.commit(.make(session: session.id, 0), pictures: .make(0))
        await woken.value
        cancelled.cancel()
        await cancelled.value
    }

    @Test func `people read events in a view`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let frame = try await store.commit(.make(session: session.id, 0), pictures: .make(0))
        let visitor = try folder.visitor()
        let rows = try await visitor.read { db in
            try String.fetchAll(db, sql: "SELECT kind || ' ' || at || ' ' || coalesce(frame, '-') FROM events")
        }
        #expect(
            rows == ["session-begun 2026-03-01T12:00:00.000000Z -", "frame 2026-03-01T12:00:00.000000Z \(frame.id)"])
    }
}
