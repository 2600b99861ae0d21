import Foundation
import HTTPTypes
import Hummingbird
import Results
import Sessions

/// `/v1/events` and `/v1/sessions/{id}/events`: what happens, as it happens, as server-sent events.
///
/// A reader reads the log of events at its own pace and is only woken by what is new. So it costs no memory however slow
/// it is, and goes on where it was, after a restart too.
struct EventRoutes {
    let store: any ResultStore
    let metrics: Metrics
    /// Longest silence: what tells both sides that the other is still there.
    let heartbeat: Duration

    var routes: [Route] {
        [.get("/v1/events", .read(.bounded), fleet), .get("/v1/sessions/{id}/events", .read(.session), session)]
    }

    @Sendable private func fleet(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["session", "drone", "mission", "type", "after"])
        var query = EventQuery(within: context.access.bounds)
        query.session = try parameters.string("session")
        query.drone = try parameters.string("drone")
        query.mission = try parameters.string("mission")
        return try await answer(request, parameters, query)
    }

    @Sendable private func session(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["type", "after"])
        var query = EventQuery(within: context.access.bounds)
        let id = try context.parameter("id")
        guard try await store.session(id) != nil else { throw SessionFault.noSession(id: id) }
        query.session = id
        return try await answer(request, parameters, query)
    }

    private func answer(_ request: Request, _ parameters: QueryParameters, _ query: EventQuery) async throws -> Response
    {
        var query = query
        query.kinds = try Self.kinds(parameters)
        let given = try Self.cursor(request, parameters)
        let start: Int64
        if let given { start = given } else { start = try await store.newestEvent() }
        return .live(request, type: "text/event-stream", kind: "events", metrics: metrics) { [query] writer in
            try await write(query, after: start, to: &writer)
        }
    }

    private static func kinds(_ parameters: QueryParameters) throws(Problem) -> Set<EventRecord.Kind> {
        var kinds: Set<EventRecord.Kind> = []
        for name in try parameters.string("type")?.split(separator: ",") ?? [] {
            guard let kind = EventRecord.Kind(rawValue: String(name)) else {
                let known = EventRecord.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid("type", "\"type\" is \"\(name)\"; it can be any of \(known), separated by commas.")
            }
            kinds.insert(kind)
        }
        return kinds
    }

    /// Where to go on: what a browser that reconnects says counts before what its page said first.
    private static func cursor(_ request: Request, _ parameters: QueryParameters) throws(Problem) -> Int64? {
        let header = request.headers[HTTPField.Name("Last-Event-ID")!].flatMap { $0.isEmpty ? nil : $0 }
        let after = try parameters.string("after")
        guard let text = header ?? after else { return nil }
        guard let cursor = Int64(text), cursor >= 0 else {
            throw .invalid(header == nil ? "after" : "Last-Event-ID", "A cursor is the \"id\" of an event.")
        }
        return cursor
    }

    private func write(_ query: EventQuery, after start: Int64, to writer: inout any ResponseBodyWriter) async throws {
        var cursor = start
        // The id alone fires nothing: it tells a browser where to go on if it loses us before the first event.
        try await writer.write(ByteBuffer(string: "retry: 2000\nid: \(cursor)\n\n"))
        while true {
            let page = try await store.events(query, after: cursor, limit: 64)
            if let oldest = page.oldestAfterHole {
                try await writer.write(EventView.lost(after: cursor, oldest: oldest))
            }
            for event in page.events { try await writer.write(EventView(event: event).message) }
            cursor = page.through
            // A page that is not full has come to the end.
            guard page.events.isEmpty, await !store.eventsFollow(cursor, within: heartbeat) else { continue }
            try Task.checkCancellation()
            try await writer.write(ByteBuffer(string: ": heartbeat\nid: \(cursor)\n\n"))
        }
    }
}
