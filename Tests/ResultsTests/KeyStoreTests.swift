import Foundation
import GRDB
import Results
import Testing

@Suite struct KeyStoreTests {
    let folder = TemporaryFolder()

    private static func key(_ id: String, created: Date = .noon) -> KeyRecord {
        KeyRecord(
            id: id, name: "the tower", digest: (0..<32).map { UInt8($0) }, scopes: [.read, .ingest],
            bounds: Bounds(drones: ["kestrel-1", "kestrel, 2\""], missions: ["survey"]),
            rate: .init(limit: 5, burst: 20), createdAt: created, createdBy: "start-key:1", expiresAt: .noon + 60)
    }

    private static func act(_ action: String, _ target: String? = nil, at time: Date = .noon) -> AuditRecord {
        AuditRecord(
            at: time, actor: "anyone", action: action, target: target, detail: ["name": "the tower"],
            address: "192.0.2.7")
    }

    @Test func `a key comes back as it was stored, with who made it`() async throws {
        let store = try folder.open()
        let act = Self.act("key-created", "a")
        try await store.insert(Self.key("a"), by: act)
        var plain = Self.key("b")
        (plain.bounds, plain.rate, plain.expiresAt, plain.scopes) = (.everything, nil, nil, [.admin])
        try await store.insert(plain, by: Self.act("key-created", "b"))
        #expect(try await store.keys() == [plain, Self.key("a")])
        #expect(try await store.audit(limit: 10, cursor: nil).items.last == act)
        #expect(try await store.keyChanges() == KeyChanges(made: 2, revoked: 0))
        await #expect(throws: StoreError.duplicateID("a")) { try await store.insert(Self.key("a"), by: act) }
        // What was not done is not written down.
        #expect(try await store.audit(limit: 10, cursor: nil).items.count == 2)
    }

    @Test func `a key is revoked once, for good`() async throws {
        let store = try folder.open()
        try await store.insert(Self.key("a"), by: Self.act("key-created", "a"))
        let revoked = try await store.revokeKey("a", by: Self.act("key-revoked", "a", at: .noon + 1))
        #expect(revoked?.revokedAt == .noon + 1 && revoked?.state(at: .noon) == .revoked)
        let again = try await store.revokeKey("a", by: Self.act("key-revoked", "a", at: .noon + 2))
        #expect(again?.revokedAt == .noon + 1)
        #expect(try await store.revokeKey("b", by: Self.act("key-revoked", "b")) == nil)
        #expect(try await store.audit(limit: 10, cursor: nil).items.map(\.action) == ["key-revoked", "key-created"])
        #expect(try await store.keyChanges() == KeyChanges(made: 1, revoked: 1))
    }

    @Test func `a key is expired from its time on`() {
        let key = Self.key("a")
        #expect(key.state(at: .noon + 59.9) == .active && key.state(at: .noon + 60) == .expired)
    }

    @Test func `when a key was used is kept`() async throws {
        let store = try folder.open()
        try await store.insert(Self.key("a"), by: Self.act("key-created"))
        try await store.used(["a": .noon + 120, "nobody's": .noon])
        #expect(try await store.keys().first?.lastUsedAt == .noon + 120)
        // It is no change of what there is.
        #expect(try await store.keyChanges() == KeyChanges(made: 1, revoked: 0))
    }

    @Test func `the audit log is read page by page, and neither edited nor shortened`() async throws {
        let store = try folder.open()
        // The clock goes back meanwhile: the order is that of writing.
        for number in 0..<5 { try await store.append(Self.act("act-\(number)", at: .noon - Double(number))) }
        var (seen, cursor): ([String], String?) = ([], nil)
        repeat {
            let page = try await store.audit(limit: 2, cursor: cursor)
            seen += page.items.map(\.action)
            cursor = page.nextCursor
        } while cursor != nil && seen.count < 10
        #expect(seen == ["act-4", "act-3", "act-2", "act-1", "act-0"])
        await #expect(throws: StoreError.badCursor) { _ = try await store.audit(limit: 2, cursor: "nonsense") }

        let visitor = try folder.visitor()
        for sql in ["UPDATE audit SET actor = 'somebody else'", "DELETE FROM audit WHERE key = 1"] {
            await #expect(throws: DatabaseError.self) { try await visitor.write { try $0.execute(sql: sql) } }
        }
        #expect(try await store.audit(limit: 10, cursor: nil).items.count == 5)
    }

    @Test func `a command makes and revokes keys beside a store that is open`() async throws {
        let store = try folder.open()
        let cabinet = try await KeyCabinet.open(directory: folder.url, creating: false)
        try await cabinet.insert(Self.key("a"), by: Self.act("key-created", "a"))
        #expect(try await store.keyChanges() == KeyChanges(made: 1, revoked: 0))
        #expect(try await store.keys() == [Self.key("a")])
        #expect(try await cabinet.revokeKey("a", by: Self.act("key-revoked", "a")) != nil)
        #expect(try await store.keyChanges() == KeyChanges(made: 1, revoked: 1))
        #expect(try await cabinet.keys() == store.keys())
        #expect(try await store.audit(limit: 10, cursor: nil).items.count == 2)
    }

    @Test func `a command makes the folder only where it makes something in it`() async throws {
        await #expect(throws: StoreOpenError.missing(directory: folder.url.path)) {
            _ = try await KeyCabinet.open(directory: folder.url, creating: false)
        }
        #expect(!FileManager.default.fileExists(atPath: folder.url.path))
        let cabinet = try await KeyCabinet.open(directory: folder.url, creating: true)
        try await cabinet.insert(Self.key("a"), by: Self.act("key-created"))
        // It does not keep the folder for itself.
        #expect(try await folder.open().keys() == [Self.key("a")])
    }

    @Test func `a command does not change the tables under a server of an older version`() async throws {
        let store = try folder.open()
        let visitor = try folder.visitor()
        try await visitor.write { try $0.execute(sql: "DELETE FROM grdb_migrations WHERE identifier LIKE '7:%'") }
        let error = await #expect(throws: StoreOpenError.self) {
            _ = try await KeyCabinet.open(directory: folder.url, creating: true)
        }
        guard case .inUse = error else { return #expect(Bool(false), "\(String(describing: error))") }
        withExtendedLifetime(store) {}
    }

    @Test func `the folder's secret is random, stays the same, and is nobody else's to read`() async throws {
        let store = try folder.open()
        let secret = try store.secret()
        #expect(secret.count == 32 && Set(secret).count > 8)
        try await store.close()
        #expect(try folder.open().secret() == secret)
        let file = folder.url.appending(path: "windhover.secret")
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let other = TemporaryFolder()
        #expect(try other.open().secret() != secret)
    }
}
