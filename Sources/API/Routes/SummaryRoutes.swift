import Foundation
import Hummingbird
import Results

/// Sums over frames, from what was summed up as they were stored.
struct SummaryRoutes {
    let store: any ResultStore

    var routes: [Route] { [.get("/v1/summary", .read(.bounded), summary)] }

    @Sendable private func summary(_ request: Request, _ context: Context) async throws -> Response {
        let query = try SummaryQuery(request, within: context.access.bounds)
        return .json(SummaryView(query: query, summary: try await store.summary(query)))
    }
}

extension SummaryQuery {
    fileprivate init(_ request: Request, within bounds: Bounds) throws(Problem) {
        let parameters = try QueryParameters(
            request,
            allowed: [
                "group_by", "session", "drone", "mission", "model", "datetime", "from", "to", "bbox", "cell", "class",
                "min_lost", "limit", "cursor",
            ])
        self.init(within: bounds)
        groupBy = try parameters.choices("group_by")
        guard !(groupBy.contains(.hour) && groupBy.contains(.day)) else {
            throw .invalid("group_by", "\"group_by\" takes hour or day: an hour has its day already.")
        }
        sessions = try parameters.list("session")
        drones = try parameters.list("drone")
        missions = try parameters.list("mission")
        models = try parameters.list("model")
        (from, to) = try parameters.interval()
        box = try parameters.box("bbox")
        if let cell = try parameters.string("cell") {
            guard groupBy.contains(.cell) else {
                throw .invalid("cell", "\"cell\" needs \"cell\" in \"group_by\".")
            }
            switch Double(cell) {
            case 0.01: cellSize = .coarse
            case 0.001: cellSize = .fine
            default: throw .invalid("cell", "\"cell\" is \"\(cell)\"; it can be 0.01, 0.001 (degrees).")
            }
        }
        if cellSize == .fine {
            guard let box, box.north - box.south <= 0.5, box.width <= 0.5 else {
                throw .invalid("cell", "Cells of 0.001 degrees need a \"bbox\" of at most 0.5 by 0.5 degrees.")
            }
        }
        classes = try parameters.list("class")
        minLost = try parameters.int("min_lost", in: 0...Int(Int32.max)) ?? 0
        limit = try parameters.int("limit", in: 1...10_000) ?? 1000
        cursor = try parameters.string("cursor")
    }
}

extension GeoBox {
    fileprivate var width: Double { crossesAntimeridian ? east - west + 360 : east - west }
}
