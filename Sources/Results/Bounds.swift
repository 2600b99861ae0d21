/// Which drones and missions somebody sees and writes.
///
/// Everything that asks the store for more than one thing carries one (`FrameQuery(within:)`, …), and has no default for
/// it: whoever adds a query has to say for whom.
package struct Bounds: Sendable, Equatable {
    /// Nil: all, and what belongs to none.
    package var drones: Set<String>?
    /// As well as of one of the drones, where both are given.
    package var missions: Set<String>?

    package init(drones: Set<String>? = nil, missions: Set<String>? = nil) {
        self.drones = drones
        self.missions = missions
    }

    package static let everything = Bounds()
    package static let nothing = Bounds(drones: [], missions: [])

    package var isEverything: Bool { drones == nil && missions == nil }

    /// Whether what belongs to this drone and this mission is within.
    package func permit(drone: String?, mission: String?) -> Bool {
        (drones.map { drone.map($0.contains) ?? false } ?? true)
            && (missions.map { mission.map($0.contains) ?? false } ?? true)
    }
}

extension Bounds {
    /// For cursors: one is good only for the bounds that it was given out within.
    var fingerprint: Fingerprint {
        var print = Fingerprint()
        for values in [drones, missions] {
            print.add(values.map { UInt64($0.count) } ?? .max)
            for value in values?.sorted() ?? [] { print.add(value) }
        }
        return print
    }

    /// Of the drones and missions asked for those that are within; where none is asked for, all that are.
    ///
    /// Empty: any will do. Nil: none will.
    func narrowing(drones: [String], missions: [String]) -> (drones: [String], missions: [String])? {
        guard let drones = Self.narrowing(drones, to: self.drones),
            let missions = Self.narrowing(missions, to: self.missions)
        else { return nil }
        return (drones, missions)
    }

    private static func narrowing(_ names: [String], to allowed: Set<String>?) -> [String]? {
        guard let allowed else { return names }
        let left = names.isEmpty ? allowed.sorted() : names.filter(allowed.contains)
        return left.isEmpty ? nil : left
    }

    /// `IN` for a column whose value has to be one of those.
    ///
    /// Nil: any is.
    static func condition(_ column: String, _ values: Set<String>?) -> (sql: String, values: [String])? {
        values.map { values in
            ("\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))", values.sorted())
        }
    }
}
