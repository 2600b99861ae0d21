import Foundation
import GRDB
import Results
import Testing

/// Conditions and webhooks' calls in the store.
@Suite struct DeliveryTests {
    let folder = TemporaryFolder()

    private static func delivery(
        _ id: String, _ session: String, url: String = "https://a.example/", at time: Date = .noon
    ) -> DeliveryRecord {
        DeliveryRecord(
            id: id, sessionID: session, kind: .conditionRaised, condition: "c", sequence: 0, url: url,
            secret: "whsec_x", body: #"{"a":1}"#, createdAt: time)
    }

    private static func commit(
        _ store: SQLiteStore, _ session: String, _ sequence: Int, _ deliveries: [DeliveryRecord],
        state: String? = nil, events: [EventRecord] = []
    ) async throws {
        var consequences = FrameConsequences(events: events)
        consequences.deliveries = deliveries
        consequences.conditionState = state
        _ = try await store.commit(.make(session: session, sequence), pictures: FramePictures(), consequences)
    }

    @Test func `a session's conditions come with it, change with its frames, and are replaced`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session, conditions: StoredConditions(rules: "{}", state: "0"))
        #expect(try await store.conditions(session: session.id) == StoredConditions(rules: "{}", state: "0"))
        try await Self.commit(store, session.id, 0, [], state: "1")
        #expect(try await store.conditions(session: session.id)?.state == "1")
        // A frame that fails changes nothing.
        await #expect(throws: StoreError.duplicateFrame(session: session.id, sequence: 0)) {
            try await Self.commit(store, session.id, 0, [Self.delivery("d", session.id)], state: "2")
        }
        #expect(try await store.conditions(session: session.id)?.state == "1")
        #expect(try await store.waitingDeliveries().isEmpty)
        try await store.setConditions(StoredConditions(rules: "new", state: "3"), session: session.id)
        #expect(try await store.conditions(session: session.id) == StoredConditions(rules: "new", state: "3"))
        try await store.setConditions(nil, session: session.id)
        #expect(try await store.conditions(session: session.id) == nil)
        await #expect(throws: StoreError.unknownSession("nobody")) {
            try await store.setConditions(nil, session: "nobody")
        }
    }

    @Test func `events of conditions refer to their frame, and are told without it`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let raised = EventRecord(
            kind: .conditionRaised, sessionID: session.id, at: .noon, sequence: 0, name: "c")
        try await Self.commit(store, session.id, 0, [], events: [raised])
        func read() async throws -> EventRecord? {
            try await store.events(EventQuery(), after: 0, limit: 10).events.first { $0.kind == .conditionRaised }
        }
        let event = try #require(try await read())
        #expect(event.name == "c" && event.frame?.sequence == 0)
        let visitor = try folder.visitor()
        try await visitor.write { try $0.execute(sql: "DELETE FROM frame") }
        #expect(try await read()?.name == "c")
        #expect(try await read()?.frame == nil)
    }

    @Test func `of what waits the first of every line is given out`() async throws {
        let store = try folder.open()
        let (a, b) = (SessionRecord.make(), SessionRecord.make())
        for session in [a, b] { try await store.insert(session) }
        let other = "https://b.example/"
        try await Self.commit(
            store, a.id, 0,
            [Self.delivery("a1", a.id), Self.delivery("a2", a.id), Self.delivery("a3", a.id, url: other)])
        try await Self.commit(store, b.id, 0, [Self.delivery("b1", b.id)])
        let waiting = try await store.waitingDeliveries()
        #expect(waiting.map(\.id) == ["a1", "a3", "b1"])
        #expect(waiting[0] == Self.delivery("a1", a.id))

        var first = waiting[0]
        first.attempts = 1
        first.status = 200
        first.settle(.delivered, at: .noon + 1)
        let told = EventRecord(
            kind: .webhookRecovered, sessionID: a.id, at: .noon + 1, count: 1, name: "https://a.example")
        #expect(try await store.update(first, events: [told]))
        #expect(try await store.waitingDeliveries().map(\.id) == ["a2", "a3", "b1"])
        // What is settled stays so, and nothing more is told of it.
        let newest = try await store.newestEvent()
        #expect(try await !store.update(first, events: [told]))
        #expect(try await store.newestEvent() == newest)
        #expect(try await store.waitingDeliveryCount() == 3)
        let settled = try #require(try await store.deliveries(DeliveryQuery(session: a.id)).items.last)
        #expect(settled.secret == nil && settled.state == .delivered && settled.settledAt == .noon + 1)
        let visitor = try folder.visitor()
        let secrets = try await visitor.read { try Int.fetchOne($0, sql: "SELECT count(secret) FROM delivery") }
        #expect(secrets == 3)
    }

    @Test func `they are there after a crash`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        try await Self.commit(store, session.id, 0, [Self.delivery("d", session.id)])
        let crashed = try folder.snapshot()
        let copy = try crashed.open()
        #expect(try await copy.waitingDeliveries() == [Self.delivery("d", session.id)])
        // Who follows is told of them.
        #expect(try await copy.deliveriesFollow(0) == 1)
        try await copy.close()
    }

    @Test func `too many that wait make the oldest give way, which is told`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let many = (0..<SQLiteStore.mostWaiting).map { Self.delivery("d\($0)", session.id) }
        try await Self.commit(store, session.id, 0, many)
        #expect(try await store.waitingDeliveryCount() == SQLiteStore.mostWaiting)
        try await Self.commit(store, session.id, 1, [Self.delivery("last", session.id)])
        #expect(try await store.waitingDeliveryCount() == SQLiteStore.mostWaiting)
        var query = DeliveryQuery(session: session.id)
        query.state = .dropped
        let dropped = try await store.deliveries(query).items
        #expect(dropped.map(\.id) == ["d0"] && dropped[0].reason == "too-many" && dropped[0].nextAt == nil)
        var told = EventQuery()
        told.kinds = [.webhookDropped]
        #expect(try await store.events(told, after: 0, limit: 10).events.map(\.reason) == ["too-many"])
    }

    @Test func `settled ones go as new ones come, and those that wait stay`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        let first = ["old", "waits", "last"].map { Self.delivery($0, session.id) }
        try await Self.commit(store, session.id, 0, first)
        var old = first[0]
        old.settle(.delivered, at: .noon)
        _ = try await store.update(old, events: [])
        // As if ten thousand had come since.
        let visitor = try folder.visitor()
        try await visitor.write { try $0.execute(sql: "UPDATE delivery SET key = 10001 WHERE id = 'last'") }
        try await Self.commit(store, session.id, 1, [Self.delivery("new", session.id)])
        let left = try await store.deliveries(DeliveryQuery(session: session.id)).items
        #expect(Set(left.map(\.id)) == ["waits", "last", "new"])
    }

    @Test func `lists are newest first, in pages, by state`() async throws {
        let store = try folder.open()
        let (session, other) = (SessionRecord.make(), SessionRecord.make())
        for record in [session, other] { try await store.insert(record) }
        let all = (0..<7).map { Self.delivery("d\($0)", session.id, at: .noon + Double($0 / 2)) }
        try await Self.commit(store, session.id, 0, all)
        try await Self.commit(store, other.id, 0, [Self.delivery("x", other.id)])
        for index in [1, 3, 5] {
            var delivery = all[index]
            delivery.settle(.delivered, at: .noon + 9)
            _ = try await store.update(delivery, events: [])
        }
        func pages(_ state: DeliveryRecord.State?) async throws -> [String] {
            var query = DeliveryQuery(session: session.id)
            query.state = state
            query.limit = 2
            var found: [String] = []
            repeat {
                let page = try await store.deliveries(query)
                found += page.items.map(\.id)
                query.cursor = page.nextCursor
            } while query.cursor != nil
            return found
        }
        #expect(try await pages(nil) == ["d6", "d5", "d4", "d3", "d2", "d1", "d0"])
        #expect(try await pages(.delivered) == ["d5", "d3", "d1"])
        #expect(try await pages(.waiting) == ["d6", "d4", "d2", "d0"])
        var query = DeliveryQuery(session: session.id)
        query.limit = 1
        query.cursor = try await store.deliveries(query).nextCursor
        query.state = .waiting
        await #expect(throws: StoreError.badCursor) { try await store.deliveries(query) }
    }

    @Test func `people read deliveries in a view, without secrets`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        try await Self.commit(store, session.id, 0, [Self.delivery("d", session.id)])
        let visitor = try folder.visitor()
        try await visitor.read { db in
            let row = try #require(try Row.fetchOne(db, sql: "SELECT * FROM deliveries"))
            #expect(row["session"] == session.id && row["created_at"] == "2026-03-01T12:00:00.000000Z")
            #expect(!row.columnNames.contains("secret") && !row.columnNames.contains("body"))
        }
    }
}
