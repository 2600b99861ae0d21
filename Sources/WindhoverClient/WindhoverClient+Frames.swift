import Foundation

extension WindhoverClient {
    /// Uploads a frame of a session and waits for what was seen in it.
    ///
    /// The sequence number makes this safe to repeat: the server runs a number once and answers the same bytes again with
    /// the stored record. So a lost connection, a timeout, or an overloaded server costs time, never a second run. Send
    /// the frames of one session one after the other; it is their order that carries the prediction along.
    ///
    /// - Throws: `Problem`, among them `.frameConflict` (the number was used for another picture), `.frameOutOfOrder`
    ///   (its `expectedSequence` says which is due), `.sessionEnded`.
    public func upload(_ frame: FrameUpload, to sessionID: String, sequence: Int) async throws -> UploadReceipt {
        var call = HTTPCall(.put, "v1", "sessions", sessionID, "frames", String(sequence))
        call.query = frame.query
        call.body = HTTPCall.Body(data: frame.image, contentType: frame.contentType)
        do {
            return try await upload(call, earlierAttempts: 0)
        } catch let problem as Problem where problem.kind == .sessionIdle && resumesIdleSessions {
            try await resetSession(sessionID)
            return try await upload(call, earlierAttempts: 1)
        }
    }

    private func upload(_ call: HTTPCall, earlierAttempts: Int) async throws -> UploadReceipt {
        let answer = try await transport.perform(call)
        return UploadReceipt(
            record: try Wire.decoder.decode(FrameRecord.self, from: answer.body),
            isReplay: answer.header("Idempotent-Replayed") == "true", attempts: earlierAttempts + answer.attempts)
    }

    /// One page of the frames that a query describes, newest first.
    public func frames(_ query: FrameQuery = FrameQuery()) async throws -> Page<FrameRecord> {
        var call = HTTPCall(.get, "v1", "frames")
        call.query = query.items
        return try await transport.decode(Page<FrameRecord>.self, call)
    }

    /// All frames that a query describes, newest first, fetched page by page as they are consumed.
    public func allFrames(_ query: FrameQuery = FrameQuery()) -> FrameSequence {
        FrameSequence(client: self, query: query)
    }

    /// What was seen in a frame.
    public func frame(_ id: String) async throws -> FrameRecord {
        try await transport.decode(FrameRecord.self, HTTPCall(.get, "v1", "frames", id))
    }

    /// The mask as indexed PNG: pixel value = class index.
    public func mask(of frameID: String) async throws -> Data {
        try await picture(of: frameID, "mask")
    }

    /// The frame with its mask laid over, JPEG.
    ///
    /// Needs a session that stores images.
    public func overlay(of frameID: String) async throws -> Data {
        try await picture(of: frameID, "overlay")
    }

    /// How similar each place was to the previous frame, grey PNG: 255 is alike.
    public func similarity(of frameID: String) async throws -> Data {
        try await picture(of: frameID, "similarity")
    }

    /// The mask as COCO run lengths, JSON.
    public func runLengths(of frameID: String) async throws -> Data {
        try await picture(of: frameID, "rle")
    }

    /// The mask as polygons with holes, JSON.
    public func polygons(of frameID: String) async throws -> Data {
        try await picture(of: frameID, "polygons")
    }

    /// The mask as polygons on the map, GeoJSON: degrees, with areas in square metres and an error in metres.
    ///
    /// - Throws: `Problem` of status 409 where it is not known which ground the frame shows.
    public func groundPolygons(of frameID: String) async throws -> Data {
        try await picture(of: frameID, "polygons", query: [("on", "ground")])
    }

    private func picture(
        of frameID: String, _ form: String, query: [(name: String, value: String)] = []
    ) async throws -> Data {
        var call = HTTPCall(.get, "v1", "frames", frameID, form)
        call.query = query
        call.accept = "*/*"
        return try await transport.perform(call).body
    }
}
