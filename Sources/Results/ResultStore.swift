import Foundation

/// The log of everything seen.
///
/// A call that returns has made its change durable.
package protocol ResultStore: Sendable {
    func insert(_ session: SessionRecord) async throws
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
    func commit(_ frame: FrameRecord, pictures: FramePictures) async throws -> FrameRecord
    func frame(_ id: String) async throws -> FrameRecord?
    func frame(session: String, sequence: Int) async throws -> FrameRecord?
    func frame(session: String, idempotencyKey: String) async throws -> FrameRecord?
    func frames(_ query: FrameQuery) async throws -> Page<FrameRecord>
    /// The bytes of a stored picture.
    ///
    /// Throws `StoreError.blobMissing` where its pack has been unlinked.
    func read(_ blob: FrameRecord.StoredBlob) async throws -> [UInt8]

    /// Commits what is queued and checkpoints; the store takes nothing after it.
    func close() async throws
}

package struct SessionQuery: Sendable, Equatable {
    package var drone: String?
    package var mission: String?
    package var state: SessionRecord.State?
    package var limit: Int = 100
    package var cursor: String?

    package init() {}
}

/// The encoded pictures of a frame that are to be kept.
package struct FramePictures: Sendable {
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
    /// The cursor is not one this query gave out.
    case badCursor
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
