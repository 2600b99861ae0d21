import Foundation
import GRDB

extension FrameQuery {
    /// The filter without paging: what a cursor is good for.
    var fingerprint: Fingerprint {
        var print = bounds.fingerprint
        print.add("frames")
        for list in [sessions, drones, missions, models, modes, reasons, registrations] { print.add(list) }
        print.add(UInt64(classes.count))
        for item in classes {
            print.add(item.name)
            print.add(item.minFraction.bitPattern)
            print.add(UInt64(bitPattern: Int64(item.minPixels)))
        }
        print.add(classMatch.rawValue)
        for limit in [similarity.min, similarity.max, changed.min, changed.max] { print.add(limit?.bitPattern) }
        for limit in [inliers.min, inliers.max] { print.add(limit.map { UInt64(bitPattern: Int64($0)) }) }
        print.add(registrationOK.map { $0 ? 1 : 0 })
        for degrees in [box?.west, box?.south, box?.east, box?.north] { print.add(degrees?.bitPattern) }
        print.add(from)
        print.add(to)
        print.add(order.rawValue)
        return print
    }

    /// The same query, asking for no drone and no mission but those within its bounds.
    ///
    /// Nil: there is none of those asked for.
    var narrowed: FrameQuery? {
        guard let names = bounds.narrowing(drones: drones, missions: missions) else { return nil }
        var query = self
        (query.drones, query.missions) = names
        return query
    }
}

/// SQL that narrows, and what stands for its numbered parameters.
struct NumberedConditions {
    private(set) var sql: [String] = []
    private(set) var values: [Bound] = []
    /// The number of the first parameter; lower ones change from run to run.
    let first: Int32

    init(from first: Int32) {
        self.first = first
    }

    /// `?` in the text stands for the value.
    mutating func require(_ text: String, _ value: Bound? = nil) {
        guard let value else { return sql.append(text) }
        sql.append(text.replacing("?", with: place(value)))
    }

    mutating func require(_ column: String, in texts: [String]) {
        guard !texts.isEmpty else { return }
        let places = texts.map { place(.text($0)) }
        sql.append(places.count == 1 ? "\(column) = \(places[0])" : "\(column) IN (\(places.joined(separator: ", ")))")
    }

    /// The number of a parameter for a value.
    mutating func place(_ value: Bound) -> String {
        values.append(value)
        return "?\(Int(first) + values.count - 1)"
    }

    /// Ready to follow another condition.
    var conjunction: String { sql.map { " AND \($0)" }.joined() }
}

extension FrameQuery {
    /// What an hour or a minute must have for a frame of it to fit, by their bounds.
    ///
    /// - Parameters:
    ///   - kinds: Those that may fit; nil: each may.
    ///   - classKeys: Of the classes asked for, by name; classes without a key have never been seen.
    func requireBounds(_ conditions: inout NumberedConditions, kinds: KindSet?, classKeys: [String: UInt32]) {
        if let kinds { conditions.require("kinds & ? <> 0", .int(kinds.bits)) }
        if let least = inliers.min { conditions.require("inliers_max >= ?", .int(Int64(least))) }
        if let most = inliers.max { conditions.require("inliers_min <= ?", .int(Int64(most))) }
        if let least = similarity.min { conditions.require("similarity_max >= ?", .double(least)) }
        if let most = similarity.max { conditions.require("similarity_min <= ?", .double(most)) }
        if let least = changed.min { conditions.require("changed_max >= ?", .double(least)) }
        if let most = changed.max { conditions.require("changed_min <= ?", .double(most)) }
        if let box {
            conditions.require("north >= ?", .double(box.south))
            conditions.require("south <= ?", .double(box.north))
            let (west, east) = (conditions.place(.double(box.west)), conditions.place(.double(box.east)))
            conditions.require(
                box.crossesAntimeridian
                    ? "(east >= \(west) OR west <= \(east))" : "east >= \(west) AND west <= \(east)")
        }
        if !classes.isEmpty {
            let demands = classes.map { item in
                ClassPeaks.Entry(
                    key: classKeys[item.name] ?? 0, pixels: UInt32(clamping: item.minPixels),
                    fraction: Float(roundingDown: item.minFraction))
            }
            conditions.require(
                "may_hold(peaks, ?)", .blob(ClassDemands(all: classMatch == .all, entries: demands).blob))
        }
    }

    /// What a frame must have itself, beside its session, drone, mission, model and time.
    func requireOfFrame(_ conditions: inout NumberedConditions) {
        conditions.require("f.mode", in: modes)
        require("f.reason", of: reasons, &conditions)
        require("f.registration", of: registrations, &conditions)
        if let registrationOK { conditions.require("f.registration_ok = ?", .int(registrationOK ? 1 : 0)) }
        if let least = inliers.min { conditions.require("f.inliers >= ?", .int(Int64(least))) }
        if let most = inliers.max { conditions.require("f.inliers <= ?", .int(Int64(most))) }
        if let least = similarity.min { conditions.require("f.similarity_mean >= ?", .double(least)) }
        if let most = similarity.max { conditions.require("f.similarity_mean <= ?", .double(most)) }
        if let least = changed.min { conditions.require("f.changed_fraction >= ?", .double(least)) }
        if let most = changed.max { conditions.require("f.changed_fraction <= ?", .double(most)) }
        if let box {
            conditions.require("f.lat >= ?", .double(box.south))
            conditions.require("f.lat <= ?", .double(box.north))
            let (west, east) = (conditions.place(.double(box.west)), conditions.place(.double(box.east)))
            conditions.require(
                box.crossesAntimeridian
                    ? "(f.lon >= \(west) OR f.lon <= \(east))" : "f.lon >= \(west) AND f.lon <= \(east)")
        }
        if !classes.isEmpty {
            let each = classes.map { item in
                let name = conditions.place(.text(item.name))
                let pixels = conditions.place(.int(Int64(max(item.minPixels, 1))))
                let fraction = conditions.place(.double(item.minFraction))
                return """
                    EXISTS (SELECT 1 FROM frame_class AS c WHERE c.frame = f.key AND c.name = \(name)
                        AND c.pixels >= \(pixels) AND c.fraction >= \(fraction))
                    """
            }
            conditions.require("(" + each.joined(separator: classMatch == .all ? " AND " : " OR ") + ")")
        }
    }

    private func require(_ column: String, of words: [String], _ conditions: inout NumberedConditions) {
        guard words.contains(Self.none) else { return conditions.require(column, in: words) }
        var some = NumberedConditions(from: conditions.first + Int32(conditions.values.count))
        some.require(column, in: words.filter { $0 != Self.none })
        for value in some.values { _ = conditions.place(value) }
        conditions.require("(" + (["\(column) IS NULL"] + some.sql).joined(separator: " OR ") + ")")
    }
}
