import Foundation
import Results
import Synchronization
import Testing

@Suite struct DiskTests {
    let folder = TemporaryFolder()

    private func thresholds() -> DiskThresholds {
        var thresholds = DiskThresholds()
        thresholds.warn = DiskThreshold(bytes: 400)
        thresholds.low = DiskThreshold(bytes: 200)
        thresholds.full = DiskThreshold(bytes: 100)
        return thresholds
    }

    @Test func `of bytes and a share the lesser counts`() {
        let threshold = DiskThreshold(bytes: 1000, fraction: 0.1)
        #expect(threshold.bytes(of: 100_000) == 1000)
        #expect(threshold.bytes(of: 500) == 50)
        #expect(DiskThreshold(bytes: 1000).bytes(of: 500) == 1000)
        #expect(DiskThreshold(fraction: 0.5).bytes(of: 500) == 250)
    }

    @Test func `a level begins below its threshold and ends a quarter above it`() {
        var level = DiskLevel.ample
        var seen: [DiskLevel] = []
        for free in [400, 399, 400, 500, 199, 249, 250, 499, 500, 99, 124, 125, 250, 500, 50, 10_000] {
            level = thresholds().level(DiskSpace(free: free, total: 10_000), after: level)
            seen.append(level)
        }
        #expect(
            seen == [
                .ample, .scarce, .scarce, .ample, .low, .low, .scarce, .scarce, .ample, .full, .full, .low, .scarce,
                .ample, .full, .ample,
            ])
    }

    @Test func `with little room rows are stored without pictures, and say so; with room again, with them`()
        async throws
    {
        let free = Mutex(1000)
        let store = try folder.open {
            $0.disk = thresholds()
            $0.space = { DiskSpace(free: free.withLock { $0 }, total: 10_000) }
        }
        let session = SessionRecord.make()
        try await store.insert(session)
        func commit(_ sequence: Int, free bytes: Int) async throws -> FrameRecord {
            free.withLock { $0 = bytes }
            store.lookAtDisk()
            return try await store.commit(.make(session: session.id, sequence), pictures: .make(sequence))
        }
        let scarce = try await commit(1, free: 300)
        #expect(store.room == .scarce && scarce.mask != nil && scarce.withheld == nil)
        let low = try await commit(2, free: 150)
        #expect(store.room == .low && low.mask == nil && low.similarity == nil && low.withheld == "disk")
        #expect(try await store.frame(low.id) == low)
        let full = try await commit(3, free: 50)
        #expect(store.room == .full && full.withheld == "disk")
        #expect(try await store.read(scarce.mask!) == FramePictures.make(1).mask)
        let again = try await commit(4, free: 5000)
        #expect(store.room == .ample && again.withheld == nil)
        #expect(try await store.read(again.mask!) == FramePictures.make(4).mask)
        // Nothing was withheld of a frame that had no pictures.
        free.withLock { $0 = 150 }
        store.lookAtDisk()
        #expect(try await store.commit(.make(session: session.id, 5), pictures: .init()).withheld == nil)
    }

    @Test func `a disk that does not say how full it is changes nothing`() throws {
        let space = Mutex<DiskSpace?>(DiskSpace(free: 150, total: 10_000))
        let store = try folder.open {
            $0.disk = thresholds()
            $0.space = { space.withLock { $0 } }
        }
        #expect(store.room == .low)
        space.withLock { $0 = nil }
        #expect(store.lookAtDisk() == (.low, .low))
        #expect(store.statistics().room == .low && store.statistics().disk == nil)
    }

    @Test func `the operating system tells how full a disk is`() throws {
        let space = try #require(DiskSpace.of(FileManager.default.temporaryDirectory))
        #expect(space.free >= 0 && space.free <= space.total && space.total > 1 << 20)
        #expect(DiskSpace.of(URL(fileURLWithPath: "/nowhere/at/all")) == nil)
    }
}
