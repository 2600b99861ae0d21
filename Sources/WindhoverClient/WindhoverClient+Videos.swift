import Foundation

extension WindhoverClient {
    /// Tells the server of a video file that will be uploaded.
    public func createVideo(_ request: VideoRequest = VideoRequest(), length: Int) async throws -> Video {
        var call = HTTPCall(.post, "v1", "videos")
        call.query = try request.query
        call.headers = ["Tus-Resumable": "1.0.0", "Upload-Length": "\(length)"]
        return try await transport.decode(Video.self, call)
    }

    /// Uploads a file from where its upload stands, and gives back the video when all of it is there.
    ///
    /// The file is sent in pieces: what was lost with a connection, or a server that restarts, is at most one of them,
    /// and that is sent again.
    ///
    /// - Parameters:
    ///   - piece: Bytes that are sent, and held in memory, at once.
    ///   - progress: Told how many bytes are there.
    public func uploadVideo(
        _ file: URL, to id: String, piece: Int = 8 << 20, progress: (Int) -> Void = { _ in }
    ) async throws -> Video {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        while true {
            // The server knows best what it has.
            let video = try await video(id)
            progress(video.offset)
            guard video.state == .uploading else { return video }
            do {
                try await send(handle, to: id, from: video.offset, piece: piece, progress)
            } catch let problem as Problem where problem.status == 409 {
                // The answer to a piece was lost, and the piece sent again; or somebody else goes on with it.
                guard ["upload-offset", "upload-complete"].contains(problem.kind.rawValue) else { throw problem }
            }
        }
    }

    private func send(
        _ handle: FileHandle, to id: String, from start: Int, piece: Int, _ progress: (Int) -> Void
    ) async throws {
        var offset = start
        try handle.seek(toOffset: UInt64(offset))
        while let bytes = try handle.read(upToCount: piece), !bytes.isEmpty {
            try Task.checkCancellation()
            var call = HTTPCall(.patch, "v1", "videos", id)
            call.headers = ["Tus-Resumable": "1.0.0", "Upload-Offset": "\(offset)"]
            call.body = HTTPCall.Body(data: bytes, contentType: "application/offset+octet-stream")
            // The offset says which bytes these are: what came already is refused.
            call.isIdempotent = true
            _ = try await transport.perform(call)
            offset += bytes.count
            progress(offset)
        }
    }

    /// A video as it stands.
    public func video(_ id: String) async throws -> Video {
        try await transport.decode(Video.self, HTTPCall(.get, "v1", "videos", id))
    }

    /// The videos that the server knows, newest first.
    public func videos() async throws -> [Video] {
        var call = HTTPCall(.get, "v1", "videos")
        var videos: [Video] = []
        while true {
            let page = try await transport.decode(Page<Video>.self, call)
            videos += page.items
            guard let cursor = page.nextCursor else { return videos }
            call.query = [("cursor", cursor)]
        }
    }

    /// Cancels a video's job; removes the video where that is over.
    public func cancelVideo(_ id: String) async throws {
        var call = HTTPCall(.delete, "v1", "videos", id)
        // Sent twice, it would do more.
        call.isIdempotent = false
        _ = try await transport.perform(call)
    }
}
