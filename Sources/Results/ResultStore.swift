import Foundation

/// The log of everything seen.
///
/// A call that returns has made its change durable.
package protocol ResultStore: VideoStore {
    /// With its conditions, if it has some.
    func insert(_ session: SessionRecord, conditions: StoredConditions?) async throws
    func session(_ id: String) async throws -> SessionRecord?
    /// Newest first; filters are exact.
    func sessions(_ query: SessionQuery) async throws -> Page<SessionRecord>
    /// Changes a session's state.
    ///
    /// Ending one that has ended changes nothing. Nil for an id that does not exist.
    @discardableResult
    func setState(_ state: SessionRecord.State, reason: String?, at: Date, session id: String) async throws
        -> SessionRecord?

    /// Stores the pictures and the row of one frame, and moves its session on (`lastSequence`, `lastFrameAt`,
    /// `frames`), in one transaction: pictures first, so that a committed row never points at nothing.
    ///
    /// Returns the record with the places of its pictures filled in.
    ///
    /// The frame's event, and what else comes of it, are written in the same transaction.
    func commit(_ frame: FrameRecord, pictures: FramePictures, _ consequences: FrameConsequences) async throws
        -> FrameRecord
    func frame(_ id: String) async throws -> FrameRecord?
    /// The one with the highest number.
    func latestFrame(session: String) async throws -> FrameRecord?
    /// Those with the highest numbers, the highest first.
    func latestFrames(session: String, count: Int) async throws -> [FrameRecord]
    func frame(session: String, sequence: Int) async throws -> FrameRecord?
    func frame(session: String, idempotencyKey: String) async throws -> FrameRecord?
    /// A frame's drone, mission and model are its session's: so they are searched for.
    ///
    /// Throws `StoreError.badCursor` or `.queryTimeout`.
    func frames(_ query: FrameQuery) async throws -> Page<FrameRecord>
    /// Sums of frames, in groups.
    func summary(_ query: SummaryQuery) async throws -> Summary
    func extent(within bounds: Bounds) async throws -> FrameExtent
    /// The bytes of a stored picture.
    ///
    /// Throws `StoreError.blobMissing` where its pack has been unlinked.
    func read(_ blob: FrameRecord.StoredBlob) async throws -> [UInt8]

    /// Writes an event that comes with no other change.
    func append(_ event: EventRecord) async throws
    /// What happened after a cursor, in the order of commits.
    func events(_ query: EventQuery, after cursor: Int64, limit: Int) async throws -> EventPage
    /// The cursor of the newest event; 0 where there is none.
    func newestEvent() async throws -> Int64
    /// Comes back when there is an event after the cursor, whatever it tells of, or the task is cancelled.
    func eventsFollow(_ cursor: Int64) async

    /// Nil: the session has none.
    func conditions(session: String) async throws -> StoredConditions?
    /// Replaces a session's conditions; nil: it has none any more.
    ///
    /// Throws `StoreError.unknownSession`.
    func setConditions(_ conditions: StoredConditions?, session: String) async throws
    /// Of every line (what waits of one session for one URL) the first, in the order of commits.
    func waitingDeliveries() async throws -> [DeliveryRecord]
    /// Comes back when there are deliveries after the key, with the newest one's; 0 is before all.
    ///
    /// Throws `CancellationError`.
    func deliveriesFollow(_ key: Int64) async throws -> Int64
    /// Writes what became of a delivery that waits, and events with it.
    ///
    /// False: it does not wait any more, and nothing was written.
    func update(_ delivery: DeliveryRecord, events: [EventRecord]) async throws -> Bool
    func deliveries(_ query: DeliveryQuery) async throws -> Page<DeliveryRecord>
    func waitingDeliveryCount() async throws -> Int
    /// Whether there is room on the disk for frames and their pictures.
    var room: DiskLevel { get }

    /// Commits what is queued and checkpoints; the store takes nothing after it.
    func close() async throws
}

extension ResultStore {
    package var room: DiskLevel { .ample }

    package func insert(_ session: SessionRecord) async throws {
        try await insert(session, conditions: nil)
    }

    /// All frames of a query from its cursor on, page by page as they are consumed: no more than a page in memory.
    ///
    /// Whoever keeps a page's `nextCursor` can go on there at any later time.
    package func pages(_ query: FrameQuery) -> FramePages { FramePages(store: self, query: query) }

    package func commit(
        _ frame: FrameRecord, pictures: FramePictures, events: [EventRecord] = []
    ) async throws -> FrameRecord {
        try await commit(frame, pictures: pictures, FrameConsequences(events: events))
    }

    /// Whether there is an event after the cursor before the time is over.
    package func eventsFollow(_ cursor: Int64, within time: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await eventsFollow(cursor)
                return true
            }
            group.addTask {
                try? await Task.sleep(for: time)
                return false
            }
            defer { group.cancelAll() }
            return await group.next()!
        }
    }
}

/// Pages of a list of frames, one after the other.
package struct FramePages: AsyncSequence, Sendable {
    let store: any ResultStore
    let query: FrameQuery

    package func makeAsyncIterator() -> Iterator { Iterator(store: store, query: query) }

    package struct Iterator: AsyncIteratorProtocol {
        let store: any ResultStore
        /// Nil: that was the last page.
        var query: FrameQuery?

        package mutating func next() async throws -> Page<FrameRecord>? {
            guard let asked = query else { return nil }
            let page = try await store.frames(asked)
            query?.cursor = page.nextCursor
            if page.nextCursor == nil { query = nil }
            return page
        }
    }
}

package struct SessionQuery: Sendable, Equatable {
    /// Whose sessions there are at all.
    package var bounds: Bounds
    package var drone: String?
    package var mission: String?
    package var state: SessionRecord.State?
    package var limit: Int = 100
    package var cursor: String?

    package init(within bounds: Bounds) { self.bounds = bounds }
}

/// The encoded pictures of a frame that are to be kept.
package struct FramePictures: Sendable, Equatable {
    /// Indexed PNG at the frame's size.
    package var mask: [UInt8]?
    /// Grey PNG, 255 = 1.0.
    package var similarity: [UInt8]?
    /// JPEG or PNG of the frame itself, for overlays.
    package var image: [UInt8]?

    package init(mask: [UInt8]? = nil, similarity: [UInt8]? = nil, image: [UInt8]? = nil) {
        self.mask = mask
        self.similarity = similarity
        self.image = image
    }
}

package enum StoreError: Error, Equatable {
    /// Something holds what was to be removed.
    case held
    /// The cursor is not one this query gave out.
    case badCursor
    /// The query took longer than one may.
    case queryTimeout
    /// The session has a frame of this number already.
    case duplicateFrame(session: String, sequence: Int)
    /// The session has a frame with this `Idempotency-Key` already.
    case duplicateIdempotencyKey(session: String, key: String)
    /// A session or a frame of this id exists already.
    case duplicateID(String)
    /// A frame for a session that was never inserted.
    case unknownSession(String)
    /// The pack of a picture has been unlinked.
    case blobMissing(file: String)
    /// The pack is there, but not the picture where its row says: somebody truncated or overwrote the file.
    case blobDamaged(file: String)
    case closed
    /// No room left on the disk: nothing was stored.
    case diskFull
    /// More changes wait than the queue takes, or another program holds the database's write lock.
    ///
    /// Nothing was stored, trying again is safe.
    case busy
}
