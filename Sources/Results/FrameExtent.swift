import Foundation
import GRDB

/// Where and when the stored frames were captured, at most.
package struct FrameExtent: Sendable, Equatable {
    /// Nil: no frame has a position.
    package var box: GeoBox?
    /// Whole hours, [from, to); nil: there are no frames.
    package var from: Date?
    package var to: Date?
}

extension SQLiteStore {
    package func extent(within bounds: Bounds) async throws -> FrameExtent {
        guard let (drones, missions) = bounds.narrowing(drones: [], missions: []) else { return FrameExtent() }
        var conditions = NumberedConditions(from: 1)
        conditions.require("stored > 0")
        conditions.require("drone", in: drones)
        conditions.require("mission", in: missions)
        let narrowing = conditions
        return try await search(within: queryTime) { db, _ in
            let sql = """
                SELECT min(hour), max(hour), min(west), min(south), max(east), max(north) FROM rollup
                WHERE \(narrowing.sql.joined(separator: " AND "))
                """
            guard
                let row = try Row.fetchOne(
                    db.cachedStatement(sql: sql), arguments: StatementArguments(drones + missions)),
                let first: Int64 = row[0],
                let last: Int64 = row[1]
            else { return FrameExtent() }
            var extent = FrameExtent(
                from: Date(microseconds: first * Rollups.hour),
                to: Date(microseconds: (last + 1) * Rollups.hour))
            if let west: Double = row[2], let south: Double = row[3], let east: Double = row[4],
                let north: Double = row[5]
            {
                extent.box = GeoBox(west: west, south: south, east: east, north: north)
            }
            return extent
        }
    }
}
