import Foundation
import HTTPTypes
import Hummingbird
import Results
import Sessions

/// What a session sees now: one picture, or one after the other.
struct PictureRoutes {
    let store: any ResultStore
    let pictures: LivePictures
    let metrics: Metrics
    /// After which the last picture is sent again: what tells both sides that the other is still there.
    let heartbeat: Duration

    var routes: [Route] {
        [
            .get("/v1/sessions/{id}/live.mjpeg", .read(.session), live),
            .get("/v1/sessions/{id}/latest.jpg", .read(.session), latest),
        ]
    }

    private static let boundary = "windhover"

    @Sendable private func latest(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["view", "alpha", "legend"])
        let view = try Self.view(parameters)
        let session = try await session(context, showing: view)
        guard let frame = try await store.latestFrame(session: session) else {
            throw Problem(
                status: .notFound, slug: "no-frame", title: "The session has no frame yet",
                detail: "Nothing has been stored of this session.")
        }
        // What is on it follows from the frame and the query, and the query is part of the address.
        let tag = "\"\(frame.id)\""
        var response: Response
        if request.headers[.ifNoneMatch] == tag {
            response = Response(status: .notModified)
        } else {
            response = .bytes(try await pictures.jpeg(view, of: frame), type: "image/jpeg")
        }
        response.headers[.eTag] = tag
        response.headers[.cacheControl] = "no-cache"
        response.headers[HTTPField.Name("Windhover-Frame-Id")!] = frame.id
        response.headers[HTTPField.Name("Windhover-Sequence")!] = String(frame.sequence)
        return response
    }

    @Sendable private func live(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["view", "alpha", "legend", "fps"])
        let view = try Self.view(parameters)
        let fps = try parameters.double("fps", in: 0.1...30) ?? 10
        let session = try await session(context, showing: view)
        let type = "multipart/x-mixed-replace; boundary=\(Self.boundary)"
        return .live(request, type: type, kind: "pictures", metrics: metrics) { writer in
            try await write(view, of: session, every: .seconds(1 / fps), to: &writer)
        }
    }

    private static func view(_ parameters: QueryParameters) throws(Problem) -> PictureMaker.View {
        var view = PictureMaker.View()
        if let kind: PictureMaker.View.Kind = try parameters.choice("view") { view.kind = kind }
        if let alpha = try parameters.double("alpha", in: 0...1) { view.alpha = alpha }
        if let legend = try parameters.bool("legend") { view.legend = legend }
        return view
    }

    /// The session's id; a problem where there is none, or it does not keep what the view needs.
    private func session(_ context: Context, showing view: PictureMaker.View) async throws -> String {
        let id = try context.parameter("id")
        guard let record = try await store.session(id) else { throw SessionFault.noSession(id: id) }
        let options = SessionOptions(json: record.options)
        let missing = view.kind == .overlay || view.kind == .image ? "image" : view.kind.rawValue
        guard options.storeMasks else { throw Problem.notStored(missing, option: "store_masks") }
        guard options.storeImages != .none || missing != "image" else {
            throw Problem.notStored(missing, option: "store_images")
        }
        return id
    }

    /// The newest frame counts: while a slow reader takes one, those in between pass it by.
    private func write(
        _ view: PictureMaker.View, of session: String, every interval: Duration, to writer: inout any ResponseBodyWriter
    ) async throws {
        var (shown, part): (String?, ByteBuffer?) = (nil, nil)
        try await writer.write(ByteBuffer(string: "--\(Self.boundary)\r\n"))
        while true {
            try Task.checkCancellation()
            let start = ContinuousClock.now
            let cursor = try await store.newestEvent()
            if let frame = try await store.latestFrame(session: session), frame.id != shown {
                shown = frame.id
                do {
                    let next = Self.part(try await pictures.jpeg(view, of: frame), frame)
                    part = next
                    try await writer.write(next)
                } catch let problem as Problem where problem.slug == "no-similarity" {
                    // The next one that is propagated will have one.
                }
                try await Task.sleep(until: start + interval)
            }
            if await !store.eventsFollow(cursor, within: heartbeat), let part { try await writer.write(part) }
        }
    }

    /// Ends with the boundary of the next one: browsers show a picture when they see its end.
    private static func part(_ jpeg: [UInt8], _ frame: FrameRecord) -> ByteBuffer {
        var buffer = ByteBuffer(
            string: """
                Content-Type: image/jpeg\r\nContent-Length: \(jpeg.count)\r\nWindhover-Frame-Id: \(frame.id)\r\n\
                Windhover-Sequence: \(frame.sequence)\r\n\r\n
                """)
        buffer.writeBytes(jpeg)
        buffer.writeString("\r\n--\(boundary)\r\n")
        return buffer
    }
}
