import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Sessions

/// `POST /v1/sessions/{id}/stream`: frames in without end, answers out on the same connection meanwhile.
struct StreamRoutes {
    let registry: SessionRegistry
    let metrics: Metrics
    /// Bytes of one image.
    let maxFrame: Int

    var routes: [Route] { [.post("/v1/sessions/{id}/stream", .ingest(.session), stream)] }

    private static let multipart = "multipart/x-mixed-replace"
    private static let lengths = "application/vnd.windhover.frames"

    /// A body here has no end to wait for; only that it goes on.
    static func isStream(_ path: String) -> Bool {
        let parts = path.prefix { $0 != "?" }.split(separator: "/")
        return parts.count == 4 && parts[0] == "v1" && parts[1] == "sessions" && parts[3] == "stream"
    }

    private enum Overflow: String, CaseIterable {
        /// The newest frame counts: those that wait give way to it.
        case dropOldest = "drop-oldest"
        /// Every frame counts: the sender is read no faster than its frames are run.
        case wait
    }

    private enum Answers: String, CaseIterable {
        case each
        /// For clients that do not read: one that closes on unread answers resets the connection, and what it sent last
        /// is lost.
        case end
    }

    @Sendable private func stream(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["overflow", "answers"])
        let overflow: Overflow = try parameters.choice("overflow") ?? .dropOldest
        let answers: Answers = try parameters.choice("answers") ?? .each
        let form = try Self.form(request)
        let id = try context.parameter("id")
        try await registry.admits(id)
        let session = try await registry.find(id)
        if let fault = await session.gone() { throw fault }
        let lines = AnswerLines(metrics: metrics, onlyEnd: answers == .end)
        let splitter = FrameSplitter(form, limit: maxFrame)
        let pump = FramePump(
            registry: registry, session: session, waits: overflow == .wait, lines: lines, limit: maxFrame)
        if answers == .end { await run(pump, request, splitter) }
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/x-ndjson", .cacheControl: "no-store",
                HTTPField.Name("X-Accel-Buffering")!: "no",
            ],
            body: ResponseBody { writer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    if answers == .each { group.addTask { await run(pump, request, splitter) } }
                    for await line in lines.stream { try await writer.write(line) }
                }
                try await writer.finish(nil)
            })
    }

    private func run(_ pump: FramePump, _ request: Request, _ splitter: FrameSplitter) async {
        metrics.gauge("windhover_live_streams", "", by: 1)
        defer { metrics.gauge("windhover_live_streams", "", by: -1) }
        await pump.run(request.body, splitter)
    }

    /// ffmpeg tells no type; what it sends begins with a boundary.
    private static func form(_ request: Request) throws(Problem) -> FrameSplitter.Form {
        switch request.mediaType {
        case nil: return .multipart(boundary: nil)
        case lengths: return .lengths
        case multipart:
            return .multipart(boundary: Multipart.parameter("boundary", of: request.headers[.contentType] ?? ""))
        default: throw .unsupportedType(request.mediaType, [multipart, lengths])
        }
    }
}
