import Foundation
import Results
import Testing

@Suite struct PackTests {
    let folder = TemporaryFolder()
    let session = SessionRecord.make()

    /// Where the frames of `Records.swift` have their pictures.
    var pack: String { "masks/2026-03-01/\(session.id).pack" }

    func open(_ adjust: (inout SQLiteStore.Options) -> Void = { _ in }) async throws -> SQLiteStore {
        let store = try folder.open(adjust)
        if try await store.session(session.id) == nil { try await store.insert(session) }
        return store
    }

    @Test func `pictures lie one after the other, each behind its kind and length`() async throws {
        let store = try await open()
        let pictures = FramePictures(mask: [9, 8, 7], similarity: [6], image: [])
        let first = try await store.commit(.make(session: session.id, 1), pictures: pictures)
        let second = try await store.commit(.make(session: session.id, 2), pictures: .init(image: [5, 5]))
        #expect(first.mask == .init(file: pack, offset: 8, length: 3))
        #expect(second.image == .init(file: pack, offset: 8 + 3 + 8 + 1 + 8 + 8, length: 2))
        #expect(second.mask == nil)
        let expected = [
            Array("mask".utf8), [3, 0, 0, 0, 9, 8, 7], Array("simi".utf8), [1, 0, 0, 0, 6], Array("imag".utf8),
            [0, 0, 0, 0], Array("imag".utf8), [2, 0, 0, 0, 5, 5],
        ].flatMap { $0 }
        #expect(try Array(Data(contentsOf: folder.url.appending(path: pack))) == expected)
        #expect(try await store.read(first.image!) == [])
    }

    @Test func `each session and each day of receipt has its own pack`() async throws {
        let store = try await open()
        let other = SessionRecord.make()
        try await store.insert(other)
        var evening = FrameRecord.make(session: session.id, 1)
        evening.receivedAt = .noon + 43_199.999_999
        var night = FrameRecord.make(session: session.id, 2)
        night.receivedAt = .noon + 43_200
        let frames = [evening, night, .make(session: other.id, 1)]
        var files: [String] = []
        for frame in frames { files.append(try await store.commit(frame, pictures: .make(1)).mask!.file) }
        #expect(files == [pack, "masks/2026-03-02/\(session.id).pack", "masks/2026-03-01/\(other.id).pack"])
    }

    @Test func `a frame without pictures makes no pack`() async throws {
        let store = try await open()
        let frame = try await store.commit(.make(session: session.id, 1), pictures: .init())
        #expect(frame.mask == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path + "/masks").isEmpty)
    }

    @Test func `more packs than are kept open are written all the same`() async throws {
        let store = try await open { $0.openPacks = 2 }
        let sessions = (0..<5).map { _ in SessionRecord.make() }
        for session in sessions { try await store.insert(session) }
        for round in 0..<3 {
            for session in sessions {
                let frame = try await store.commit(.make(session: session.id, round), pictures: .make(round))
                #expect(frame.mask!.offset == 8 + round * (100 + 8 + 3 + 8))
                #expect(try await store.read(frame.mask!) == FramePictures.make(round).mask)
            }
        }
    }

    @Test func `the tail of a write cut short by a crash is harmless`() async throws {
        var store = try await open()
        let first = try await store.commit(.make(session: session.id, 1), pictures: .make(1))
        try await store.close()
        let torn = try FileHandle(forWritingTo: folder.url.appending(path: pack))
        try torn.seekToEnd()
        try torn.write(contentsOf: Array("mask".utf8) + [0xFF, 0xFF, 0, 0, 1, 2])
        try torn.close()

        store = try await open()
        let second = try await store.commit(.make(session: session.id, 2), pictures: .make(2))
        #expect(try await store.read(first.mask!) == FramePictures.make(1).mask)
        #expect(try await store.read(second.mask!) == FramePictures.make(2).mask)
    }

    @Test func `an unlinked pack is missing, and its session starts another`() async throws {
        let store = try await open()
        let first = try await store.commit(.make(session: session.id, 1), pictures: .make(1))
        try FileManager.default.removeItem(at: folder.url.appending(path: "masks/2026-03-01"))
        await #expect(throws: StoreError.blobMissing(file: pack)) { _ = try await store.read(first.mask!) }
        #expect(try await store.frame(first.id) == first)
        let second = try await store.commit(.make(session: session.id, 2), pictures: .make(2))
        #expect(try await store.read(second.mask!) == FramePictures.make(2).mask)
    }

    @Test func `a pack that is not as its rows say is damaged`() async throws {
        let store = try await open()
        let frame = try await store.commit(.make(session: session.id, 1), pictures: .make(1))
        let mask = try #require(frame.mask)
        for (offset, length) in [
            (mask.offset + 1, mask.length), (mask.offset, mask.length - 1), (mask.offset, .max / 2), (3, 1), (-8, 8),
            (.max, .max),
        ] {
            await #expect(throws: StoreError.blobDamaged(file: pack)) {
                _ = try await store.read(.init(file: pack, offset: offset, length: length))
            }
        }
        try FileHandle(forWritingTo: folder.url.appending(path: pack)).truncate(atOffset: 50)
        await #expect(throws: StoreError.blobDamaged(file: pack)) { _ = try await store.read(mask) }
    }

    @Test(arguments: ["windhover.lock", "masks/../windhover.lock", "/etc/hostname", ""])
    func `nothing but packs is read`(file: String) async throws {
        let store = try await open()
        await #expect(throws: StoreError.blobMissing(file: file)) {
            _ = try await store.read(.init(file: file, offset: 8, length: 1))
        }
    }

    #if os(Linux)
        @Test func `a full disk fails the frames it has no room for, and no others`() async throws {
            let store = try await open()
            let other = SessionRecord.make()
            try await store.insert(other)
            // Every write to this device fails with ENOSPC.
            let link = folder.url.appending(path: pack)
            try FileManager.default.createDirectory(
                at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "/dev/full")

            let lock = try WriteLock(folder)
            let full = Task { try await store.commit(.make(session: session.id, 1), pictures: .make(1)) }
            async let fine = store.commit(.make(session: other.id, 1), pictures: .make(1))
            try await until { store.statistics().queueLength == 2 }
            try lock.release()
            let stored = try await fine
            await #expect(throws: StoreError.diskFull) { _ = try await full.value }
            #expect(try await store.read(stored.mask!) == FramePictures.make(1).mask)
            #expect(try await store.frames(FrameQuery()).items == [stored])

            // Room again.
            try FileManager.default.removeItem(at: link)
            let again = try await store.commit(.make(session: session.id, 1), pictures: .make(1))
            #expect(again.mask == .init(file: pack, offset: 8, length: 100))
            #expect(try await store.read(again.mask!) == FramePictures.make(1).mask)
        }
    #endif
}
