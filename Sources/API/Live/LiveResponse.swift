import HTTPTypes
import Hummingbird

extension Response {
    /// An answer without end, or a far one: `write` goes on until its client hangs up.
    ///
    /// `ConnectionGuard` knows it by its type and cuts it when the server stops, and any answer that nobody reads.
    static func live(
        _ request: Request, type: String, kind: String, metrics: Metrics,
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        let body = ResponseBody { writer in
            metrics.gauge("windhover_live_readers", "kind=\"\(kind)\"", by: 1)
            defer { metrics.gauge("windhover_live_readers", "kind=\"\(kind)\"", by: -1) }
            try await request.body.consumeWithCancellationOnInboundClose { _ in try await write(&writer) }
            try await writer.finish(nil)
        }
        // A proxy must not gather what is meant for now (the header is nginx's).
        return Response(
            status: .ok,
            // Whoever was watched for hanging up cannot ask for anything else.
            headers: [
                .contentType: type, .cacheControl: "no-store", HTTPField.Name("X-Accel-Buffering")!: "no",
                .connection: "close",
            ],
            body: body)
    }

    static let liveTypes = ["text/event-stream", "multipart/x-mixed-replace"]
}
