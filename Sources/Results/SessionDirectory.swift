import Foundation
import GRDB

/// Sessions that a summary counts, and the names of their drones, missions and models, sorted: a session knows their
/// places, which are compared and hashed in a moment.
struct SessionDirectory {
    struct Entry {
        var drone: Int32
        var mission: Int32
        var model: Int32
    }

    private(set) var sessions: [Int64: Entry] = [:]
    let drones: [String?]
    let missions: [String?]
    let models: [String?]

    init(_ query: SummaryQuery, _ db: Database) throws {
        var conditions = NumberedConditions(from: 7)
        conditions.require("id", in: query.sessions)
        conditions.require("drone", in: query.drones)
        conditions.require("mission", in: query.missions)
        conditions.require("model", in: query.models)
        let all = conditions.sql.isEmpty ? "" : "WHERE \(conditions.sql.joined(separator: " AND "))"
        let rows = try BoundStatement(
            sql: "SELECT key, drone, mission, model FROM session \(all)", values: conditions.values
        ).statement(db)
        defer { rows.reset() }
        var (drones, missions, models) = (NameList(), NameList(), NameList())
        var found: [(key: Int64, entry: Entry)] = []
        while try rows.step() {
            found.append(
                (
                    rows.int(0),
                    Entry(
                        drone: drones.place(of: rows, 1), mission: missions.place(of: rows, 2),
                        model: models.place(of: rows, 3))
                ))
        }
        let (droneOrder, missionOrder, modelOrder) = (drones.sorted, missions.sorted, models.sorted)
        (self.drones, self.missions, self.models) = (droneOrder.names, missionOrder.names, modelOrder.names)
        sessions.reserveCapacity(found.count)
        for (key, entry) in found {
            sessions[key] = Entry(
                drone: droneOrder.places[Int(entry.drone)], mission: missionOrder.places[Int(entry.mission)],
                model: modelOrder.places[Int(entry.model)])
        }
    }
}

/// Names in the order in which they are met.
///
/// Thousands of rows have a few hundred names: each becomes a string once.
private struct NameList {
    private var names: [String?] = []
    /// By a hash of the name's bytes, the places of those that have it.
    private var known: [UInt64: [Int32]] = [:]

    mutating func place(of row: RawStatement, _ column: Int32) -> Int32 {
        let bytes = row.blob(column)
        let isNull = row.isNull(column)
        // FNV-1a.
        var hash: UInt64 = isNull ? 0 : 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for place in known[hash] ?? [] {
            guard let name = names[Int(place)] else {
                if isNull { return place }
                continue
            }
            if !isNull, name.utf8.elementsEqual(bytes) { return place }
        }
        let place = Int32(names.count)
        names.append(isNull ? nil : String(decoding: bytes, as: UTF8.self))
        known[hash, default: []].append(place)
        return place
    }

    /// The names sorted, none first, and the place there of each by its place here.
    var sorted: (names: [String?], places: [Int32]) {
        let order = names.indices.sorted { one, other in
            guard let other = names[other] else { return false }
            return names[one].map { $0 < other } ?? true
        }
        var places = [Int32](repeating: 0, count: names.count)
        for (place, index) in order.enumerated() { places[index] = Int32(place) }
        return (order.map { names[$0] }, places)
    }
}
