import Foundation
import GRDB
import Results
import Synchronization
import Testing

/// A day in March, and what retention makes of the weeks before it.
@Suite struct RetentionTests {
    let folder = TemporaryFolder()
    let clock = FakeClock()
    static let day = 86_400.0

    private func policy(_ change: (inout RetentionPolicy) -> Void) -> RetentionPolicy {
        var policy = RetentionPolicy()
        change(&policy)
        return policy
    }

    private func retention(_ store: SQLiteStore, slice: Int = 8, _ policy: RetentionPolicy) -> Retention {
        var options = Retention.Options()
        options.pause = 0
        options.sliceRows = slice
        return Retention(store: store, policy: policy, clock: clock.machine, options: options)
    }

    private func run(_ retention: Retention, confirming: Bool = false) async throws -> RetentionReport {
        #expect(await retention.begin())
        return try await retention.proceed(confirmingClock: confirming)
    }

    // MARK: Age

    @Test func `rows go when they are past, by the server's clock, and no others`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [-40, -31, -29, 0], frames: 5)
        let report = try await run(retention(store, policy { $0.general.keepRows = 30 * Self.day }))
        #expect(report.rows == 10)
        #expect(report.isComplete && report.clockAhead == nil)
        let kept = [-29.0, 0.0].flatMap { day in (0..<5).map { Date.noon + day * Self.day + Double($0) } }
        #expect(try await store.received() == kept)
        let record = try #require(try await store.session(session.id))
        // Numbering goes on where it was.
        #expect(record.frames == 10 && record.lastSequence == 19)
        let next = try await store.commit(.make(session: session.id, 20), pictures: .make(20))
        #expect(try await store.frame(next.id) == next)
        #expect(try DataCheck(folder: folder.url).run().isSound)
    }

    @Test func `class rows go with their frames`() async throws {
        let store = try folder.open()
        try await store.fly(days: [-40, 0], frames: 3)
        _ = try await run(retention(store, policy { $0.general.keepRows = 30 * Self.day }))
        let visitor = try folder.visitor()
        #expect(try await visitor.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM frame_class") } == 3)
    }

    @Test func `a pack goes when all its frames are past, and its rows stay`() async throws {
        let store = try folder.open()
        try await store.fly(days: [-40, -29, 0], frames: 2)
        let old = try await store.frames(FrameQuery()).items.last!
        let report = try await run(retention(store, policy { $0.general.keepPictures = 30 * Self.day }))
        #expect(report.rows == 0 && report.expired.packs == 1 && report.expired.bytes == 2 * 119)
        #expect(report.stored.packs == 3)
        #expect(try folder.packs().count == 2)
        #expect(try await store.frame(old.id) == old)
        await #expect(throws: StoreError.blobMissing(file: old.mask!.file)) { _ = try await store.read(old.mask!) }
        let check = try DataCheck(folder: folder.url).run()
        #expect(check.isSound && check.removedPictures == 4 && check.pictures == 12)
        // The folder of the day is gone as well.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path + "/masks").count == 2)
    }

    @Test func `pictures do not outlive their rows`() async throws {
        let store = try folder.open()
        try await store.fly(days: [-40, 0], frames: 2)
        let report = try await run(
            retention(store, policy { $0.general = .init(keepPictures: 100 * Self.day, keepRows: 30 * Self.day) }))
        #expect(report.rows == 2 && report.expired.packs + report.orphans.packs == 1)
        #expect(try folder.packs().count == 1)
    }

    @Test func `within its day a pack goes only if its session has ended`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [0], frames: 2)
        clock.advance(7200)
        let keeping = retention(store, policy { $0.general.keepPictures = 3600 })
        #expect(try await run(keeping).expired.packs == 0)
        // Or a frame like this one would begin the pack anew, and the first frame's row point at its picture.
        let next = try await store.commit(
            .make(session: session.id, 50, received: clock.now), pictures: .make(50))
        #expect(try await store.read(next.mask!) == FramePictures.make(50).mask)
        clock.advance(7200)
        try await store.setState(.ended, reason: "client", at: clock.now, session: session.id)
        #expect(try await run(keeping).expired.packs == 1)
    }

    @Test func `a late frame among past ones is kept, and those around it go`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [-40], frames: 20, step: 2)
        let late = try await store.commit(
            .make(session: session.id, 11, received: .noon), pictures: .make(11))
        let report = try await run(retention(store, slice: 4, policy { $0.general.keepRows = 30 * Self.day }))
        #expect(report.rows == 20)
        #expect(try await store.frames(FrameQuery()).items == [late])
    }

    @Test func `the newest frame of all stays until there is a newer one`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [-40], frames: 3)
        let keeping = retention(store, policy { $0.general.keepRows = 30 * Self.day })
        // The only clock that is known is that of the newest frame, forty days ago.
        #expect(try await run(keeping, confirming: true).rows == 2)
        _ = try await store.commit(.make(session: session.id, 3, received: .noon), pictures: .init())
        #expect(try await run(keeping).rows == 1)
    }

    // MARK: Sessions

    @Test func `ended sessions go with their last frame and their events, others stay`() async throws {
        let store = try folder.open()
        let ended = try await store.fly(days: [-40], frames: 3)
        let idle = try await store.fly(days: [-40], frames: 3)
        let fresh = try await store.fly(days: [-40], frames: 3)
        try await store.setState(.ended, reason: "client", at: .noon - 39 * Self.day, session: ended.id)
        try await store.setState(.idle, reason: "idle-timeout", at: .noon - 39 * Self.day, session: idle.id)
        try await store.setState(.ended, reason: "client", at: .noon - 1, session: fresh.id)
        try await store.fly(days: [0], frames: 1)
        let keeping = retention(store, slice: 1, policy { $0.general.keepRows = 30 * Self.day })
        let dry = try await keeping.dryRun()
        let report = try await run(keeping)
        #expect(report.sessions == 1 && report.rows == 9)
        #expect((dry.sessions, dry.rows) == (1, 9))
        #expect(try await store.session(ended.id) == nil)
        #expect(try await store.session(idle.id)?.lastSequence == 2)
        #expect(try await store.session(fresh.id)?.frames == 0)
        var events = EventQuery()
        events.session = ended.id
        #expect(try await store.events(events, after: 0, limit: 100).events.isEmpty)
        #expect(try DataCheck(folder: folder.url).run().isSound)
    }

    @Test func `the session of the newest event stays, so that no cursor comes twice`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make(created: .noon - 41 * Self.day)
        try await store.insert(session)
        try await store.setState(.ended, reason: "client", at: .noon - 40 * Self.day, session: session.id)
        let cursor = try await store.newestEvent()
        let keeping = retention(store, policy { $0.general.keepRows = 30 * Self.day })
        #expect(try await run(keeping).sessions == 0)
        #expect(try await store.newestEvent() == cursor)
        try await store.insert(.make(created: .noon))
        #expect(try await run(keeping).sessions == 1)
        #expect(try await store.newestEvent() == cursor + 1)
    }

    // MARK: Missions

    @Test func `a mission has its own rule`() async throws {
        let store = try folder.open()
        try await store.fly(mission: "short", days: [-40, -5, 0], frames: 2)
        try await store.fly(mission: "long", days: [-40, -5, 0], frames: 2)
        try await store.fly(days: [-40, -5, 0], frames: 2)
        let report = try await run(
            retention(
                store,
                policy {
                    $0.general = .init(keepPictures: 30 * Self.day, keepRows: 30 * Self.day)
                    $0.missions["short"] = .init(keepPictures: Self.day / 2, keepRows: 3 * Self.day)
                    $0.missions["long"] = .init()
                }))
        // 4 of the short one, 2 of no mission.
        #expect(report.rows == 6)
        #expect(try folder.packs().count == 1 + 3 + 2)
    }

    // MARK: Size

    @Test func `beyond a size the oldest packs go, but none that was written to lately`() async throws {
        let store = try folder.open()
        try await store.fly(days: [-4, -3, -2, -1, 0], frames: 1, bytes: 1000)
        let pack = 1000 + 3 + 16
        clock.advance(60)
        var report = try await run(retention(store, policy { $0.general.maxPictures = 3 * pack }))
        #expect(report.oversize == .init(packs: 2, bytes: 2 * pack) && report.rows == 0)
        #expect(try folder.packs().map { $0.prefix(10) } == ["2026-02-27", "2026-02-28", "2026-03-01"])
        report = try await run(retention(store, policy { $0.general.maxPictures = 1 }))
        #expect(report.oversize.packs == 2)
        #expect(try folder.packs().count == 1)
        clock.advance(Self.day)
        report = try await run(retention(store, policy { $0.general.maxPictures = 1 }))
        #expect(report.oversize.packs == 1)
        #expect(try folder.packs().isEmpty)
    }

    @Test func `a mission with a size of its own is counted by itself`() async throws {
        let store = try folder.open()
        try await store.fly(mission: "rich", days: [-4, -3, -2], frames: 1, bytes: 1000)
        try await store.fly(days: [-4, -3, -2], frames: 1, bytes: 1000)
        let pack = 1000 + 3 + 16
        let report = try await run(
            retention(
                store,
                policy {
                    $0.general.maxPictures = pack
                    $0.missions["rich"] = .init(maxPictures: 2 * pack)
                }))
        #expect(report.oversize.packs == 2 + 1)
    }

    // MARK: Holds

    @Test(arguments: Hold.Scope.allCases)
    func `nothing held is removed, for whatever reason it would go`(scope: Hold.Scope) async throws {
        let store = try folder.open()
        let held = try await store.fly(drone: "hawk", mission: "evidence", days: [-40, -35], frames: 3)
        let other = try await store.fly(drone: "wren", mission: "other", days: [-40, -35], frames: 3)
        for session in [held, other] {
            try await store.setState(.ended, reason: "client", at: .noon - 34 * Self.day, session: session.id)
        }
        try await store.fly(drone: "wren", days: [0], frames: 1)
        let name = [.session: held.id, .mission: "evidence", .drone: "hawk"][scope]!
        let hold = Hold(scope: scope, name: name, reason: "accident 17", heldBy: "Kim", heldAt: .noon)
        try await store.place(hold)
        #expect(try await store.holds() == [hold])

        let strict = policy { $0.general = .init(keepPictures: 1, keepRows: Self.day, maxPictures: 1) }
        let dry = try await retention(store, strict).dryRun()
        let report = try await run(retention(store, strict))
        #expect(report.rows == 6 && report.sessions == 1 && report.heldSessions == 1)
        #expect(report.heldPacks.packs >= 2)
        #expect(dry.rows == 6 && dry.heldSessions == 1 && dry.sessions == 1)
        #expect(try await store.session(other.id) == nil)
        var query = FrameQuery()
        query.sessions = [held.id]
        let frames = try await store.frames(query).items
        #expect(frames.count == 6)
        for frame in frames { #expect(try await store.read(frame.mask!) == FramePictures.make(frame.sequence).mask) }

        #expect(try await store.release(scope, name))
        #expect(try await !store.release(scope, name))
        #expect(try await run(retention(store, strict)).rows == 6)
        #expect(try await store.session(held.id) == nil)
        #expect(try DataCheck(folder: folder.url).run().isSound)
    }

    @Test func `what a job that is over has left is held as well`() async throws {
        let store = try folder.open()
        var video = VideoRecord(
            id: UUIDv7.make(), droneID: "hawk", model: "hiera-s", options: "{}", createdAt: .noon)
        try await store.insert(video)
        video.state = .done
        try await store.update(video)
        try await store.place(.init(scope: .drone, name: "hawk", reason: "a", heldBy: "Kim", heldAt: .noon))
        await #expect(throws: StoreError.held) { try await store.removeVideo(video.id) }
        #expect(try await store.video(video.id) != nil)
        #expect(try await store.release(.drone, "hawk"))
        try await store.removeVideo(video.id)
        #expect(try await store.video(video.id) == nil)
    }

    @Test func `a hold that is placed again has the last reason`() async throws {
        let store = try folder.open()
        try await store.place(.init(scope: .drone, name: "hawk", reason: "a", heldBy: "Kim", heldAt: .noon))
        let last = Hold(scope: .drone, name: "hawk", reason: "b", heldBy: "Lee", heldAt: .noon + 1)
        try await store.place(last)
        #expect(try await store.holds() == [last])
    }

    // MARK: Orphans

    @Test func `a pack that no row points at is found, and goes`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [-2, -1, 0], frames: 9)
        // What a crash leaves behind between pictures and rows: of a session that exists, on a day without frames, and
        // of one that was never written.
        let orphans = ["2026-02-25/\(session.id)", "2026-02-28/\(UUIDv7.make())"]
        for name in orphans { try folder.plant(name, age: 7200) }
        try folder.plant("2026-03-01/\(UUIDv7.make())", age: 0)
        let check = try DataCheck(folder: folder.url).run()
        #expect(check.orphanPacks == 2 && check.orphanBytes == 20 && check.isSound)
        // The files' times are of the real clock.
        clock.advance(Date().timeIntervalSince(clock.now))
        let keeping = retention(store, policy { _ in })
        #expect(try await keeping.dryRun().orphans.packs == 2)
        let report = try await run(keeping, confirming: true)
        #expect(report.orphans == .init(packs: 2, bytes: 20))
        #expect(report.expired.packs + report.rows == 0)
        #expect(try folder.packs().count == 3 + 1)
    }

    // MARK: The clock

    @Test func `a clock that jumps to 2038 removes nothing, and back again all is as before`() async throws {
        let store = try folder.open()
        try await store.fly(days: [-40, -5, 0], frames: 2)
        let keeping = retention(
            store, policy { $0.general = .init(keepPictures: 30 * Self.day, keepRows: 30 * Self.day) })
        #expect(try await run(keeping).rows == 2)
        let before = try await store.received()

        clock.jump(12 * 365 * Self.day)
        var report = try await run(keeping)
        #expect(report.rows == 0 && report.expired.packs == 0 && !report.isComplete)
        #expect(try #require(report.clockAhead) > 11 * 365 * Self.day)
        #expect(try await keeping.dryRun().clockAhead != nil)
        // Frames that come meanwhile do not make it more believable, nor does a restart.
        let session = try await store.sessions(SessionQuery()).items[0]
        let odd = try await store.commit(.make(session: session.id, 90, received: clock.now), pictures: .make(90))
        try await store.close()
        let next = try folder.open()
        let again = retention(next, policy { $0.general.keepRows = 30 * Self.day })
        #expect(try await run(again).clockAhead != nil)
        #expect(try await next.received() == before + [odd.receivedAt])

        clock.jump(-12 * 365 * Self.day)
        report = try await run(again)
        #expect(report.clockAhead == nil && report.rows == 0)
        #expect(try await next.received() == before + [odd.receivedAt])
    }

    @Test func `a clock that goes back removes nothing that it would not have`() async throws {
        let store = try folder.open()
        try await store.fly(days: [-40, -20, 0], frames: 2)
        clock.jump(-15 * Self.day)
        let report = try await run(retention(store, policy { $0.general.keepRows = 30 * Self.day }))
        #expect(report.rows == 0 && report.clockAhead == nil)
        clock.jump(15 * Self.day)
        #expect(try await run(retention(store, policy { $0.general.keepRows = 30 * Self.day })).rows == 2)
    }

    @Test func `a clock that is ahead is believed when somebody confirms it, and from then on`() async throws {
        let store = try folder.open()
        try await store.fly(days: [0], frames: 2)
        let keeping = retention(store, policy { $0.general.keepRows = 30 * Self.day })
        _ = try await run(keeping)
        clock.jump(60 * Self.day)
        #expect(try await run(keeping).clockAhead != nil)
        let report = try await run(keeping, confirming: true)
        #expect(report.clockAhead == nil && report.rows == 1)
        #expect(try await run(keeping).clockAhead == nil)
    }

    // MARK: Beside frames, and cut short

    @Test func `frames are stored while a run goes on, and none of them goes`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [-40, 0], frames: 300)
        let keeping = retention(
            store, slice: 4, policy { $0.general = .init(keepPictures: 1, keepRows: 30 * Self.day) })
        #expect(await keeping.begin())
        async let report = keeping.proceed()
        var stored: [FrameRecord] = []
        for number in 600..<700 {
            stored.append(
                try await store.commit(
                    .make(session: session.id, number, received: .noon + 400), pictures: .make(number)))
        }
        #expect(try await report.rows == 300)
        for frame in stored {
            #expect(try await store.frame(frame.id) == frame)
            #expect(try await store.read(frame.mask!) == FramePictures.make(frame.sequence).mask)
        }
    }

    @Test func `one run at a time`() async throws {
        let store = try folder.open()
        let keeping = retention(store, policy { _ in })
        #expect(await keeping.begin())
        #expect(await !keeping.begin())
        #expect(await keeping.running != nil)
        _ = try await keeping.proceed()
        #expect(await keeping.running == nil)
        #expect(await keeping.lastRun?.isComplete == true)
        await keeping.stop()
        #expect(await !keeping.begin())
    }

    @Test func `a run that is stopped leaves a sound store, and the next goes on`() async throws {
        let store = try folder.open()
        for _ in 0..<3 { try await store.fly(days: [-40], frames: 40) }
        try await store.fly(days: [0], frames: 1)
        let strict = policy { $0.general = .init(keepPictures: 30 * Self.day, keepRows: 30 * Self.day) }
        let first = retention(store, slice: 2, strict)
        #expect(await first.begin())
        async let report = first.proceed()
        while await (first.running?.rows ?? 1) == 0 { await Task.yield() }
        await first.stop()
        let rows = try await report.rows
        #expect(rows > 0)
        // As after a crash.
        let copy = try folder.snapshot()
        let survivor = try copy.open()
        #expect(try DataCheck(folder: copy.url).run().isSound)
        let rest = try await run(retention(survivor, strict))
        #expect(rows + rest.rows == 120)
        #expect(try DataCheck(folder: copy.url).run().isSound)
    }

    @Test func `room that was freed is given back, but for a quarter`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [-40], frames: 1)
        let visitor = try folder.visitor()
        // Eight megabytes of rows, faster than through the writer.
        try await visitor.write { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                    INSERT INTO frame (id, session, sequence, digest, model, model_version, captured_us, received_us,
                        width, height, mode, gap_frames, stage_ms)
                    SELECT 'f' || i, session, sequence + i, hex(zeroblob(2000)), model, model_version, captured_us + i,
                        received_us + i, width, height, mode, 0, stage_ms FROM frame, n
                    """)
            try db.execute(sql: "UPDATE session SET frames = 2001")
        }
        _ = try await store.commit(.make(session: session.id, 9000, received: .noon), pictures: .init())
        let before = try await visitor.read { try Int.fetchOne($0, sql: "PRAGMA page_count")! }
        _ = try await run(retention(store, slice: 200, policy { $0.general.keepRows = 30 * Self.day }))
        let (all, free) = try await visitor.read { db in
            (try Int.fetchOne(db, sql: "PRAGMA page_count")!, try Int.fetchOne(db, sql: "PRAGMA freelist_count")!)
        }
        #expect(all < before && free <= max(1024, all / 4))
    }
}

/// The wall clock and the machine's own, moved by hand.
final class FakeClock: Sendable {
    private let state = Mutex(MachineClock.Reading(wall: .noon + 600, boot: "a", uptime: .seconds(1_000_000)))

    var now: Date { state.withLock { $0.wall } }
    var machine: MachineClock { MachineClock { self.state.withLock { $0 } } }

    /// Time passes.
    func advance(_ seconds: TimeInterval) {
        state.withLock {
            $0.wall += seconds
            $0.uptime += .seconds(seconds)
        }
    }

    /// Only the wall clock moves.
    func jump(_ seconds: TimeInterval) {
        state.withLock { $0.wall += seconds }
    }
}

extension FrameRecord {
    static func make(session: String, _ sequence: Int, received: Date) -> FrameRecord {
        var frame = FrameRecord.make(session: session, sequence)
        (frame.receivedAt, frame.capturedAt) = (received, received)
        return frame
    }
}

extension SQLiteStore {
    /// A session with frames, a second apart, on some days before noon's.
    @discardableResult
    func fly(
        drone: String? = "kestrel-1", mission: String? = nil, days: [Double], frames: Int, step: Int = 1,
        bytes: Int = 100
    ) async throws -> SessionRecord {
        let start = Date.noon + days[0] * RetentionTests.day
        let session = SessionRecord.make(drone: drone, mission: mission, created: start)
        try await insert(session)
        var sequence = 0
        for day in days {
            for number in 0..<frames {
                let received = Date.noon + day * RetentionTests.day + Double(number)
                _ = try await commit(
                    .make(session: session.id, sequence, received: received),
                    pictures: .make(sequence, bytes: bytes))
                sequence += step
            }
        }
        return session
    }

    /// When each frame came in, the oldest first.
    func received() async throws -> [Date] {
        var query = FrameQuery()
        query.limit = 1000
        return try await frames(query).items.map(\.receivedAt).reversed()
    }
}

extension TemporaryFolder {
    /// Packs as `DAY/SESSION.pack`, the oldest first.
    func packs() throws -> [String] {
        let masks = url.path + "/masks"
        return try FileManager.default.subpathsOfDirectory(atPath: masks).filter { $0.hasSuffix(".pack") }.sorted()
    }

    /// A pack of ten bytes that nobody has written.
    func plant(_ name: String, age: TimeInterval) throws {
        let file = url.appending(path: "masks/\(name).pack")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(Array("mask".utf8) + [2, 0, 0, 0, 9, 9]).write(to: file)
        try FileManager.default.setAttributes([.modificationDate: Date() - age], ofItemAtPath: file.path)
    }
}
