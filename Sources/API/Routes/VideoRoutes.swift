import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Results
import Sessions
import Videos

/// `/v1/videos`: video files in, whole or bit by bit, and how far their jobs have come.
///
/// Uploads that go on where they broke off speak tus 1.0.0.
struct VideoRoutes {
    let queue: VideoQueue
    let registry: SessionRegistry
    let store: any ResultStore

    var routes: [Route] {
        [
            .post("/v1/videos", create),
            .get("/v1/videos", list),
            Route(method: .options, path: "/v1/videos", handler: abilities),
            .get("/v1/videos/{id}", get),
            Route(method: .patch, path: "/v1/videos/{id}", handler: append),
            .delete("/v1/videos/{id}", cancel),
            .get("/v1/videos/{id}/overlay.mp4", overlay),
        ]
    }

    private static let choices: Set<String> = [
        "name", "drone", "mission", "model", "captured_at", "every", "fps", "overlay", "keep",
    ]
    private static let anything = "application/octet-stream"
    /// What is gathered before it is written.
    private static let piece = 1 << 20

    /// A body here may be long in coming; only that it goes on.
    static func isUpload(_ head: HTTPRequest) -> Bool {
        let parts = (head.path ?? "").prefix { $0 != "?" }.split(separator: "/")
        guard parts.count >= 2, parts[0] == "v1", parts[1] == "videos" else { return false }
        return head.method == .post && parts.count == 2 || head.method == .patch && parts.count == 3
    }

    // MARK: In

    @Sendable private func abilities(_ request: Request, _ context: Context) async throws -> Response {
        var response = Response(status: .noContent)
        response.headers[ResumableUpload.resumable] = ResumableUpload.version
        response.headers[HTTPField.Name("Tus-Version")!] = ResumableUpload.version
        response.headers[HTTPField.Name("Tus-Max-Size")!] = String(queue.settings.maxBytes)
        response.headers[HTTPField.Name("Tus-Extension")!] = ResumableUpload.extensions
        return response
    }

    @Sendable private func create(_ request: Request, _ context: Context) async throws -> Response {
        try ResumableUpload.check(request)
        var new = try newVideo(QueryParameters(request, allowed: Self.choices.union(SessionOptions.names)))
        guard request.headers[ResumableUpload.deferLength] == nil else {
            throw Problem.invalid("Upload-Defer-Length", "Say the file's length in \"Upload-Length\".")
        }
        let length = try ResumableUpload.bytes(ResumableUpload.length, of: request)
        return if let length {
            try await begin(&new, length: length, request)
        } else {
            try await takeWhole(&new, request)
        }
    }

    private func newVideo(_ parameters: QueryParameters) throws -> VideoQueue.NewVideo {
        var new = VideoQueue.NewVideo()
        new.name = try Self.short(parameters.string("name"), "name")
        new.session.droneID = try Self.short(parameters.string("drone"), "drone")
        new.session.missionID = try Self.short(parameters.string("mission"), "mission")
        new.session.model = try parameters.string("model")
        new.session.options = registry.defaultOptions
        try new.session.options.read(parameters)
        new.choices.capturedAt = try parameters.date("captured_at")
        new.choices.fps = try parameters.double("fps", in: 0.001...1000)
        let every = try parameters.int("every", in: 1...1_000_000)
        guard every == nil || new.choices.fps == nil else {
            throw Problem.invalid("fps", "\"every\" and \"fps\" exclude each other.")
        }
        new.choices.every = every ?? 1
        new.choices.overlay = try parameters.bool("overlay") ?? false
        new.choices.keep = try parameters.bool("keep") ?? false
        let options = new.session.options
        guard !new.choices.overlay || options.storeMasks && options.storeImages != .none else {
            throw Problem.invalid(
                "overlay", "An overlay is made of stored pictures (\"store_masks\", \"store_images\").")
        }
        return new
    }

    private static func short(_ text: String?, _ name: String) throws(Problem) -> String? {
        guard let text, text.utf8.count > 200 else { return text }
        throw .invalid(name, "\"\(name)\" must have at most 200 bytes.")
    }

    /// tus: the file follows, perhaps with this request already.
    private func begin(_ new: inout VideoQueue.NewVideo, length: Int, _ request: Request) async throws -> Response {
        let metadata = try ResumableUpload.metadata(of: request)
        if new.name == nil, let name = metadata["filename"] ?? metadata["name"], !name.isEmpty {
            try Problem.refuseControlCharacters(in: name, "Upload-Metadata")
            new.name = try Self.short(name, "Upload-Metadata")
        }
        if let type = request.mediaType, type != ResumableUpload.type {
            throw Problem.unsupportedType(type, [ResumableUpload.type])
        }
        new.length = length
        let video = try await queue.create(new)
        if request.mediaType == ResumableUpload.type {
            try await take(request, to: video.id, from: 0)
        }
        return try await view(video.id, status: .created)
    }

    /// The request's body is the file.
    private func takeWhole(_ new: inout VideoQueue.NewVideo, _ request: Request) async throws -> Response {
        if let type = request.mediaType, type != Self.anything, !type.hasPrefix("video/") {
            throw Problem.unsupportedType(type, ["video/mp4", "video/quicktime", "video/x-matroska", Self.anything])
        }
        new.length = request.headers[.contentLength].flatMap { Int($0) }
        let video = try await queue.create(new)
        do {
            try await take(request, to: video.id, from: 0)
            if await queue.isComing(video.id) { _ = try await queue.complete(video.id) }
        } catch {
            // Its sender knows no id to go on with.
            try? await queue.cancel(video.id)
            throw error
        }
        return try await view(video.id, status: .created)
    }

    @Sendable private func append(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        try ResumableUpload.check(request)
        guard request.mediaType == ResumableUpload.type else {
            throw Problem.unsupportedType(request.mediaType, [ResumableUpload.type])
        }
        guard let offset = try ResumableUpload.bytes(ResumableUpload.offset, of: request) else {
            throw Problem.invalid("Upload-Offset", "\"Upload-Offset\" is missing: where what is sent goes on.")
        }
        let id = try context.parameter("id")
        let end = try await take(request, to: id, from: offset)
        var response = Response(status: .noContent)
        await addUpload(to: &response, id, offset: end, length: nil)
        return response
    }

    /// Writes a body to where the file goes on, and gives the offset after it; a file that is whole has its turn.
    ///
    /// What comes of a body that breaks off is kept.
    @discardableResult
    private func take(_ request: Request, to id: String, from offset: Int) async throws -> Int {
        let upload = try await queue.upload(id)
        let ticket = try await upload.begin(at: offset)
        let coming = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        if let length = upload.length, offset + coming > length { throw VideoFault.tooLong(length: length) }
        do {
            var gathered: [UInt8] = []
            do {
                for try await buffer in request.body {
                    gathered.append(contentsOf: buffer.readableBytesView)
                    guard gathered.count >= Self.piece else { continue }
                    try await upload.append(gathered, ticket)
                    gathered.removeAll()
                }
            } catch {
                if !(error is VideoFault) { try? await upload.append(gathered, ticket) }
                throw error
            }
            try await upload.append(gathered, ticket)
            let end = upload.offset
            if upload.isComplete { _ = try await queue.complete(id) }
            return end
        } catch VideoFault.unsupported {
            try? await queue.cancel(id)
            throw VideoFault.unsupported
        }
    }

    // MARK: Out

    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["drone", "mission", "state", "limit", "cursor"])
        var query = VideoQuery()
        query.drone = try parameters.string("drone")
        query.mission = try parameters.string("mission")
        query.state = try parameters.choice("state")
        query.limit = try parameters.int("limit", in: 1...1000) ?? 100
        query.cursor = try parameters.string("cursor")
        let page = try await store.videos(query)
        var views: [VideoView] = []
        for record in page.items { views.append(try await view(of: record)) }
        return .json(ListView(items: views, nextCursor: page.nextCursor))
    }

    @Sendable private func get(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        try ResumableUpload.check(request)
        return try await view(context.parameter("id"), status: .ok)
    }

    @Sendable private func cancel(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        try ResumableUpload.check(request)
        try await queue.cancel(context.parameter("id"))
        var response = Response(status: .noContent)
        response.headers[ResumableUpload.resumable] = ResumableUpload.version
        return response
    }

    @Sendable private func overlay(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        let file = try queue.overlay(of: try await video(context.parameter("id")))
        let files = FileIO()
        let size = (try? file.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0
        var headers: HTTPFields = [
            .contentType: "video/mp4", .acceptRanges: "bytes",
            .cacheControl: "private, max-age=31536000, immutable",
        ]
        switch ByteRange(request.headers[.range], size: size) {
        case .whole:
            headers[.contentLength] = String(size)
            return Response(
                status: .ok, headers: headers, body: try await files.loadFile(path: file.path, context: context))
        case .part(let range):
            headers[.contentLength] = String(range.count)
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(size)"
            return Response(
                status: .partialContent, headers: headers,
                body: try await files.loadFile(path: file.path, range: range, context: context))
        case .none:
            throw Problem(
                status: .rangeNotSatisfiable, slug: "range", title: "The file has no such bytes",
                detail: "The file has \(size) bytes.", field: "Range", extra: ["size_bytes": .int(size)])
        }
    }

    // MARK: Shared

    private func video(_ id: String) async throws -> VideoRecord {
        guard let video = try await store.video(id) else { throw VideoFault.noVideo(id: id) }
        return video
    }

    private func view(_ id: String, status: HTTPResponse.Status) async throws -> Response {
        let view = try await view(of: video(id))
        var response = Response.json(view, status: status)
        if status == .created { response.headers[.location] = "/v1/videos/\(id)" }
        await addUpload(to: &response, id, offset: view.offset, length: view.record.length)
        return response
    }

    private func view(of record: VideoRecord) async throws -> VideoView {
        var frames = record.frames
        if frames == nil, let session = record.sessionID { frames = try await store.session(session)?.frames }
        return VideoView(record: record, motion: await queue.motion(of: record.id), frames: frames ?? 0)
    }

    /// What a client of tus asks a file's address for, with HEAD.
    private func addUpload(to response: inout Response, _ id: String, offset: Int, length: Int?) async {
        response.headers[ResumableUpload.resumable] = ResumableUpload.version
        response.headers[ResumableUpload.offset] = String(offset)
        if let length { response.headers[ResumableUpload.length] = String(length) }
        if let expiry = await queue.expiry(of: id) {
            response.headers[ResumableUpload.expires] = ResumableUpload.date(expiry)
        }
        response.headers[.cacheControl] = "no-store"
    }
}
