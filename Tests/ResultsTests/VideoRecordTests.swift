import Foundation
import Results
import Testing

@Suite struct VideoRecordTests {
    let folder = TemporaryFolder()

    private func video(_ id: String = UUIDv7.make(), drone: String? = "kestrel-1", created: Date = .noon) -> VideoRecord
    {
        VideoRecord(id: id, droneID: drone, model: "hiera-s", options: #"{"late":"reject"}"#, createdAt: created)
    }

    @Test func `a video comes back as it was written, and as it was changed`() async throws {
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        var video = video()
        video.name = "flight.mp4"
        video.missionID = "survey"
        video.choices.every = 3
        video.choices.fps = 2.5
        video.choices.overlay = true
        video.choices.keep = true
        video.choices.capturedAt = .noon + 0.25
        try await store.insert(video)
        #expect(try await store.video(video.id) == video)
        await #expect(throws: StoreError.duplicateID(video.id)) { try await store.insert(video) }

        video.length = 5 << 30
        video.state = .failed
        video.sessionID = session.id
        video.startedAt = .noon + 1
        video.endedAt = .noon + 2
        video.zero = .noon - 1
        video.total = 100
        video.frames = 7
        video.failure = "It breaks off."
        video.warning = "It is damaged."
        video.hasOverlay = true
        try await store.update(video)
        #expect(try await store.video(video.id) == video)
        try await store.removeVideo(video.id)
        #expect(try await store.video(video.id) == nil)
        #expect(try await store.session(session.id) == session)
    }

    @Test func `a list has pages and filters, each along its index`() async throws {
        let store = try folder.open()
        for k in 0..<6 {
            var video = video("v\(k)", drone: k % 2 == 0 ? "a" : "b", created: .noon + Double(k / 2))
            try await store.insert(video)
            video.state = k < 3 ? .done : .queued
            try await store.update(video)
        }
        var query = VideoQuery()
        query.limit = 4
        let first = try await store.videos(query)
        #expect(first.items.map(\.id) == ["v5", "v4", "v3", "v2"])
        query.cursor = first.nextCursor
        let rest = try await store.videos(query)
        #expect(rest.items.map(\.id) == ["v1", "v0"] && rest.nextCursor == nil)
        query.drone = "a"
        await #expect(throws: StoreError.badCursor) { _ = try await store.videos(query) }
        query.cursor = nil
        query.state = .done
        #expect(try await store.videos(query).items.map(\.id) == ["v2", "v0"])
        #expect(try await store.openVideos().map(\.id) == ["v3", "v4", "v5"])
        for combination in 0..<8 {
            var query = VideoQuery()
            if combination & 1 != 0 { query.drone = "d" }
            if combination & 2 != 0 { query.mission = "m" }
            if combination & 4 != 0 { query.state = .running }
            let plan = try await store.plan(of: query)
            #expect(plan[0].contains("USING INDEX video_by_") && !plan.contains { $0.contains("TEMP") }, "\(plan)")
        }
    }
}
