import Foundation
import GRDB
import Results
import Testing

@Suite struct BackupTests {
    let folder = TemporaryFolder()
    let copy = TemporaryFolder()
    let other = TemporaryFolder()

    private func backup() throws -> Backup.Summary { try Backup(of: folder.url, to: copy.url).run() }

    /// What a store holds, pictures included.
    private func contents(_ store: SQLiteStore) async throws -> [(frame: FrameRecord, mask: [UInt8])] {
        var query = FrameQuery()
        query.limit = 1000
        var contents: [(frame: FrameRecord, mask: [UInt8])] = []
        for frame in try await store.frames(query).items { contents.append((frame, try await store.read(frame.mask!))) }
        return contents
    }

    @Test func `a backup made beside a server that writes is one state of it, every picture included`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [-2, -1], frames: 50)
        let writing = Task {
            var number = 1000
            while !Task.isCancelled {
                _ = try await store.commit(.make(session: session.id, number), pictures: .make(number, bytes: 5000))
                number += 1
            }
        }
        var last = 0
        for _ in 0..<4 {
            let summary = try backup()
            #expect(summary.check.isSound && summary.check.removedPictures == 0)
            #expect(summary.manifest.frames >= max(100, last) && summary.check.frames == summary.manifest.frames)
            #expect(summary.check.pictures == 2 * summary.manifest.frames)
            last = summary.manifest.frames
        }
        writing.cancel()
        try await writing.value

        let manifest = try Restore(of: copy.url, to: other.url).run()
        #expect(manifest.frames == last)
        let restored = try other.open()
        let all = try await contents(restored)
        #expect(all.count == last)
        for (frame, mask) in all {
            #expect(try await store.frame(frame.id) == frame)
            #expect(mask.first == UInt8(truncatingIfNeeded: frame.sequence))
        }
        // And it goes on from there.
        _ = try await restored.commit(.make(session: session.id, 9000), pictures: .make(1))
        #expect(try DataCheck(folder: other.url).run().isSound)
    }

    @Test func `a second backup copies what is new`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [-2, -1], frames: 20, bytes: 10_000)
        let first = try backup()
        #expect(first.copiedBytes == first.manifest.databaseBytes + first.manifest.packs.reduce(0) { $0 + $1.bytes })
        _ = try await store.commit(
            .make(session: session.id, 500, received: .noon - RetentionTests.day + 50), pictures: .make(5, bytes: 700))
        let second = try backup()
        #expect(second.copiedBytes == second.manifest.databaseBytes + 700 + 3 + 16)
        #expect(second.manifest.frames == 41)
        // One database, the one that the manifest names.
        let names = try FileManager.default.contentsOfDirectory(atPath: copy.url.path).filter { $0.hasSuffix("sqlite") }
        #expect(names == [second.manifest.database])
    }

    @Test func `what was cut short or written anew since is copied anew`() async throws {
        let store = try folder.open()
        let session = try await store.fly(days: [0], frames: 3)
        _ = try backup()
        // The pack goes, and the same day's session writes another one of that name.
        let pack = try #require(try folder.packs().first)
        try FileManager.default.removeItem(at: folder.url.appending(path: "masks/\(pack)"))
        for number in 10..<20 {
            _ = try await store.commit(.make(session: session.id, number), pictures: .make(number + 100))
        }
        let summary = try backup()
        // The first three point at what is no longer there.
        #expect(summary.check.frames == 13)
        let restored = try Restore(of: copy.url, to: other.url).run()
        #expect(restored.packs.count == 1)
        let next = try other.open()
        for number in 10..<20 {
            let frame = try #require(try await next.frame(session: session.id, sequence: number))
            #expect(try await next.read(frame.mask!) == FramePictures.make(number + 100).mask)
        }
    }

    @Test func `what a killed backup leaves behind harms neither the one before nor the next`() async throws {
        let store = try folder.open()
        try await store.fly(days: [-1], frames: 5)
        let first = try backup().manifest
        // A database half copied, a pack beyond its end, another one that the manifest does not name.
        try Data([1, 2, 3]).write(to: copy.url.appending(path: "windhover-half.sqlite"))
        let tail = try FileHandle(forWritingTo: copy.url.appending(path: first.packs[0].file))
        try tail.seekToEnd()
        try tail.write(contentsOf: [9, 9, 9, 9])
        try tail.close()
        try copy.plant("2026-02-20/\(UUIDv7.make())", age: 0)

        #expect(try Restore(of: copy.url, to: other.url).run().packs == first.packs)
        #expect(try DataCheck(folder: other.url).run().isSound)
        try await store.fly(days: [0], frames: 5)
        let second = try backup()
        #expect(second.manifest.frames == 10 && second.check.isSound)
        #expect(try copy.packs().count == 2)
    }

    @Test func `a backup without its manifest is none`() async throws {
        _ = try await folder.open().fly(days: [0], frames: 1)
        _ = try backup()
        try FileManager.default.removeItem(at: copy.url.appending(path: "windhover-backup.json"))
        #expect(throws: VisitError.unfinishedBackup(copy.url.path)) {
            try Restore(of: copy.url, to: other.url).run()
        }
        #expect(!FileManager.default.fileExists(atPath: other.database.path))
        // The next one makes it whole.
        #expect(try backup().check.isSound)
    }

    @Test(arguments: ["database", "pack", "manifest"])
    func `a damaged backup is refused before anything is changed`(part: String) async throws {
        _ = try await folder.open().fly(days: [0], frames: 5)
        let manifest = try backup().manifest
        let file =
            switch part {
            case "database": manifest.database
            case "pack": manifest.packs[0].file
            default: "windhover-backup.json"
            }
        let handle = try FileHandle(forWritingTo: copy.url.appending(path: file))
        try handle.truncate(atOffset: 100)
        try handle.close()
        let kept = try await other.open().fly(days: [0], frames: 1)
        #expect(throws: VisitError.self) { try Restore(of: copy.url, to: other.url).run(replacing: true) }
        #expect(try await other.open().session(kept.id) != nil)
    }

    @Test func `a folder with data is replaced only when that is said, and none that is in use`() async throws {
        _ = try await folder.open().fly(days: [0], frames: 5)
        _ = try backup()
        let store = try other.open()
        try await store.fly(days: [-1], frames: 2)
        #expect(throws: StoreOpenError.self) { try Restore(of: copy.url, to: other.url).run(replacing: true) }
        try await store.close()
        #expect(throws: VisitError.notEmpty(other.url.path)) { try Restore(of: copy.url, to: other.url).run() }
        #expect(try Restore(of: copy.url, to: other.url).run(replacing: true).frames == 5)
        #expect(try other.packs().map { $0.prefix(10) } == ["2026-03-01"])
        #expect(try await other.open().received().count == 5)
    }

    @Test func `a restore that was cut short keeps servers out until it is done again`() async throws {
        _ = try await folder.open().fly(days: [0], frames: 5)
        _ = try backup()
        try FileManager.default.createDirectory(at: other.url, withIntermediateDirectories: true)
        try Data().write(to: other.url.appending(path: "windhover.restoring"))
        try Data([1, 2, 3]).write(to: other.database)
        let error = #expect(throws: StoreOpenError.self) { try other.open() }
        #expect(error?.description.contains("windhover restore") == true)
        #expect(throws: StoreOpenError.self) { try Backup(of: other.url, to: folder.url).run() }
        #expect(try Restore(of: copy.url, to: other.url).run().frames == 5)
        #expect(try await other.open().received().count == 5)
    }

    @Test func `a backup goes into no folder of other files, nor into the data`() async throws {
        _ = try await folder.open().fly(days: [0], frames: 1)
        try FileManager.default.createDirectory(at: copy.url, withIntermediateDirectories: true)
        try Data([1]).write(to: copy.url.appending(path: "thesis.odt"))
        #expect(throws: VisitError.notABackup(copy.url.path)) { try backup() }
        for place in [folder.url, folder.url.appending(path: "backup")] {
            #expect(throws: VisitError.insideData(place.path)) { try Backup(of: folder.url, to: place).run() }
        }
        #expect(throws: VisitError.noDatabase(other.database.path)) {
            try Backup(of: other.url, to: folder.url).run()
        }
    }

    @Test func `video files and overlays are copied, and go when their job has gone`() async throws {
        let store = try folder.open()
        let video = VideoRecord(id: UUIDv7.make(), model: "hiera-s", options: "{}", createdAt: .noon)
        try await store.insert(video)
        for (id, name, bytes) in [
            (video.id, "source", 9000), (video.id, "overlay.mp4", 10), (UUIDv7.make(), "source", 5),
        ] {
            let file = folder.url.appending(path: "videos/\(id)/\(name)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(repeating: 7, count: bytes).write(to: file)
        }
        let first = try backup()
        #expect(Set(first.manifest.files.map(\.bytes)) == [9000, 10])
        #expect(try backup().copiedBytes < first.copiedBytes - 9000)
        let restored = try Restore(of: copy.url, to: other.url).run()
        for file in restored.files {
            #expect(try Data(contentsOf: other.url.appending(path: file.file)) == Data(repeating: 7, count: file.bytes))
        }
        try await store.removeVideo(video.id)
        #expect(try backup().manifest.files.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: copy.url.path + "/videos/\(video.id)"))
    }
}
