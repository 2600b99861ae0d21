import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Results

/// What a search finds, all of it, as a file that is sent while it is made.
///
/// However much that is, no more than a page of it is in memory. A file that was cut short goes on with `after`, the id of
/// the last frame that arrived; whoever hangs up ends the search.
struct ExportRoutes {
    let store: any ResultStore
    let pictures: PictureMaker
    let metrics: Metrics

    var routes: [Route] {
        [
            .get("/v1/exports/frames.ndjson", .read(.bounded)) { request, context in
                let wanted = try await Wanted(request, context, store)
                let file = NDJSONFile(only: wanted.fields)
                return answer(wanted, file, request, type: "application/x-ndjson", name: "frames.ndjson")
            },
            .get("/v1/exports/frames.csv", .read(.bounded)) { request, context in
                let wanted = try await Wanted(request, context, store)
                let file = CSVFile(only: wanted.fields, classes: try await store.classNames(of: wanted.query))
                return answer(
                    wanted, file, request, type: "text/csv; charset=utf-8; header=present", name: "frames.csv")
            },
            .get("/v1/exports/frames.geojson", .read(.bounded)) { request, context in
                let wanted = try await Wanted(request, context, store)
                let file = GeoJSONFile(only: wanted.fields, base: request.base)
                return answer(wanted, file, request, type: FeatureView.mediaType, name: "frames.geojson")
            },
            .get("/v1/exports/coco.zip", .read(.bounded), dataset),
        ]
    }

    /// What a file is asked for.
    private struct Wanted {
        /// Its limit is that of a page.
        var query: FrameQuery
        let fields: Set<String>?
        let limit: Int
        let parameters: QueryParameters

        init(
            _ request: Request, _ context: Context, _ store: any ResultStore, also names: Set<String> = [],
            most: Int = .max, otherwise: Int = .max
        ) async throws {
            parameters = try QueryParameters(request, allowed: FrameQueryParameters.fileNames.union(names))
            let bounds = context.access.bounds
            let read = try FrameQueryParameters(parameters, within: bounds)
            (query, fields) = (read.query, read.fields)
            limit = try parameters.int("limit", in: 1...most) ?? otherwise
            query.limit = ExportRoutes.page
            query.time = ExportRoutes.pageTime
            query.after = try parameters.string("after")
            if let after = query.after {
                // What a key does not see is not there.
                guard let frame = try await store.frame(after),
                    bounds.permit(drone: frame.droneID, mission: frame.missionID)
                else { throw Problem.noFrame(after, field: "after") }
            }
        }
    }

    /// Frames read at once: what a file holds in memory.
    private static let page = 250
    /// Nobody waits for a page but whoever asked; a rare thing is searched for a while.
    private static let pageTime = Duration.seconds(120)
    /// Bytes sent at once.
    private static let chunk = 64 << 10

    private func answer(_ wanted: Wanted, _ file: some FrameFile, _ request: Request, type: String, name: String)
        -> Response
    {
        .file(request, type: type, name: name, metrics: metrics) { writer in
            var buffer = ByteBuffer(string: file.start)
            var number = 0
            pages: for try await page in store.pages(wanted.query) {
                for frame in page.items {
                    buffer.writeBytes(file.row(frame, number))
                    number += 1
                    if number == wanted.limit { break pages }
                    if buffer.readableBytes >= Self.chunk {
                        try await writer.write(buffer)
                        buffer.clear()
                    }
                }
            }
            buffer.writeString(file.end)
            if buffer.readableBytes > 0 { try await writer.write(buffer) }
        }
    }

    @Sendable private func dataset(_ request: Request, _ context: Context) async throws -> Response {
        let wanted = try await Wanted(
            request, context, store, also: ["images"], most: COCODataset.mostFrames, otherwise: 10_000)
        guard wanted.fields == nil else {
            throw Problem.invalid("fields", "A COCO dataset has members of its own: \"fields\" makes no sense here.")
        }
        let dataset = COCODataset(
            store: store, pictures: pictures, query: wanted.query, limit: wanted.limit,
            categories: try await store.classNames(of: wanted.query),
            withImages: try wanted.parameters.bool("images") ?? true)
        return .file(request, type: "application/zip", name: "coco.zip", metrics: metrics) { writer in
            try await dataset.write(to: &writer)
        }
    }
}

extension Response {
    /// A file that is made while it is sent.
    ///
    /// One that could not be made to its end is cut off: its client knows that the end is missing.
    fileprivate static func file(
        _ request: Request, type: String, name: String, metrics: Metrics,
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        var response = Response.live(request, type: type, kind: "export", metrics: metrics, write)
        response.headers[.contentDisposition] = "attachment; filename=\"\(name)\""
        return response
    }
}

extension ResultStore {
    /// Names of all classes that frames of a query may have, and perhaps others: from sums, no frame is read.
    fileprivate func classNames(of query: FrameQuery) async throws -> [String] {
        var sums = SummaryQuery(within: query.bounds)
        sums.groupBy = [.class]
        (sums.sessions, sums.drones, sums.missions) = (query.sessions, query.drones, query.missions)
        (sums.models, sums.from, sums.to) = (query.models, query.from, query.to)
        sums.limit = 10_000
        return try await summary(sums).groups.compactMap { $0.classes.first?.name }.sorted()
    }
}
