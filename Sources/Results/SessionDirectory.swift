import Foundation
import GRDB

/// Sessions that a summary counts, and the names of their drones, missions and models, sorted: a session knows their
/// places, which are compared and hashed in a moment.
struct SessionDirectory {
    struct Entry {
        var id: String
        var drone: Int32
        var mission: Int32
        var model: Int32
    }

    private(set) var sessions: [Int64: Entry] = [:]
    private(set) var drones: [String?] = []
    private(set) var missions: [String?] = []
    private(set) var models: [String?] = []

    init(_ query: SummaryQuery, _ db: Database) throws {
        var conditions = NumberedConditions(from: 7)
        conditions.require("id", in: query.sessions)
        conditions.require("drone", in: query.drones)
        conditions.require("mission", in: query.missions)
        conditions.require("model", in: query.models)
        let all = conditions.sql.isEmpty ? "" : "WHERE \(conditions.sql.joined(separator: " AND "))"
        let rows = try BoundStatement(
            sql: "SELECT key, id, drone, mission, model FROM session \(all)", values: conditions.values
        ).statement(db)
        defer { rows.reset() }
        var found: [(key: Int64, id: String, names: [String?])] = []
        while try rows.step() {
            found.append((rows.int(0), rows.text(1) ?? "", [rows.text(2), rows.text(3), rows.text(4)]))
        }
        let sorted = (0..<3).map { column in
            Set(found.map { $0.names[column] }).sorted { one, other in
                guard let other else { return false }
                return one.map { $0 < other } ?? true
            }
        }
        (drones, missions, models) = (sorted[0], sorted[1], sorted[2])
        let places = sorted.map { names in
            Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
        }
        sessions.reserveCapacity(found.count)
        for session in found {
            sessions[session.key] = Entry(
                id: session.id, drone: places[0][session.names[0]]!, mission: places[1][session.names[1]]!,
                model: places[2][session.names[2]]!)
        }
    }
}
