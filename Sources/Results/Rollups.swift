import Foundation
import GRDB

/// What of a frame goes into sums and bounds.
struct FrameTraits {
    var session: Int64
    var microseconds: Int64
    var mode: String
    var reason: String?
    var registration: (method: String, ok: Bool, inliers: Int)?
    var similarity: Double?
    var changed: Double?
    var position: (lat: Double, lon: Double)?
    /// By rising key.
    var classes: [(key: UInt32, pixels: Int, fraction: Double)]

    var kind: FrameKind {
        FrameKind(
            mode: mode, reason: reason, method: registration?.method, isRegistered: registration?.ok == true,
            hasSimilarity: similarity != nil, hasChanged: changed != nil)
    }
}

/// Sums and bounds of frames, gathered here and then written into those of the database, in one transaction.
///
/// Of one frame, as it is stored, or of as many as memory holds.
struct Rollups {
    struct Sums {
        var frames: Int64 = 0
        var resets: Int64 = 0
        var registered: Int64 = 0
        var lost: Int64 = 0
        var compared: Int64 = 0
        var similarity = 0.0
        var fused: Int64 = 0
        var changed = 0.0
        var areas = ClassAreas()
    }

    struct Bounds {
        var frames: Int64 = 0
        var kinds = KindSet()
        var inliers: ClosedRange<Int>?
        var similarity: ClosedRange<Double>?
        var changed: ClosedRange<Double>?
        var latitude: ClosedRange<Double>?
        var longitude: ClosedRange<Double>?
        var peaks = ClassPeaks()
    }

    struct Block: Hashable {
        var session: Int64
        /// Hours or minutes.
        var time: Int64
    }

    struct Place: Hashable {
        var cell: GridCell
        var hour: Int64
        var session: Int64
    }

    static let hour: Int64 = 3_600_000_000
    static let minute: Int64 = 60_000_000

    private var hours: [Block: (sums: Sums, bounds: Bounds)] = [:]
    private var minutes: [Block: Bounds] = [:]
    private var cells: [Place: Sums] = [:]

    init() {}

    /// How many rows `write` would write.
    var count: Int { hours.count + minutes.count + cells.count }

    /// `kind`: the key of the frame's.
    mutating func add(_ frame: FrameTraits, kind: Int64) {
        var areas = ClassAreas()
        var peaks = ClassPeaks()
        for item in frame.classes {
            areas.entries.append(
                .init(
                    key: item.key, frames: item.pixels > 0 ? 1 : 0, pixels: Int64(item.pixels),
                    fraction: item.fraction.share))
            guard item.pixels > 0 else { continue }
            peaks.entries.append(
                .init(
                    key: item.key, pixels: UInt32(clamping: item.pixels), fraction: Float(roundingUp: item.fraction)))
        }
        let hour = frame.microseconds.floorDivided(by: Self.hour)
        let hourly = Block(session: frame.session, time: hour)
        hours[hourly, default: (Sums(), Bounds())].sums.add(frame, areas)
        hours[hourly, default: (Sums(), Bounds())].bounds.add(frame, kind, peaks)
        let minute = Block(session: frame.session, time: frame.microseconds.floorDivided(by: Self.minute))
        minutes[minute, default: Bounds()].add(frame, kind, peaks)
        if let position = frame.position, let fine = GridCell(lat: position.lat, lon: position.lon) {
            for cell in [fine, fine.coarse] {
                cells[Place(cell: cell, hour: hour, session: frame.session), default: Sums()].add(frame, areas)
            }
        }
    }

    /// Merges what was gathered into the database's rows.
    func write(_ db: Database) throws {
        let writeHour = try db.cachedStatement(sql: Self.hourStatement)
        for (block, hour) in hours {
            let (sums, bounds) = hour
            try writeHour.execute(
                arguments: [block.time, block.session] + sums.arguments + bounds.arguments)
        }
        let writeMinute = try db.cachedStatement(sql: Self.minuteStatement)
        for (block, bounds) in minutes {
            try writeMinute.execute(
                arguments: [block.session, block.time, bounds.frames] + bounds.arguments)
        }
        let writeCell = try db.cachedStatement(sql: Self.cellStatement)
        for (place, sums) in cells {
            try writeCell.execute(
                arguments: [place.cell.size, place.cell.y, place.cell.x, place.hour, place.session] + sums.arguments)
        }
    }
}

extension Rollups.Sums {
    fileprivate mutating func add(_ frame: FrameTraits, _ areas: ClassAreas) {
        frames += 1
        if frame.mode == "reset" { resets += 1 }
        if let registration = frame.registration {
            if registration.ok { registered += 1 } else { lost += 1 }
        }
        if let value = frame.similarity {
            compared += 1
            similarity += value.share
        }
        if let value = frame.changed {
            fused += 1
            changed += value.share
        }
        self.areas.add(areas)
    }

    fileprivate var arguments: StatementArguments {
        [frames, resets, registered, lost, compared, similarity, fused, changed, areas.blob]
    }
}

extension Rollups.Bounds {
    fileprivate mutating func add(_ frame: FrameTraits, _ kind: Int64, _ peaks: ClassPeaks) {
        frames += 1
        kinds.insert(kind)
        if let registration = frame.registration { inliers = inliers.widened(to: registration.inliers) }
        if let value = frame.similarity { similarity = similarity.widened(to: value) }
        if let value = frame.changed { changed = changed.widened(to: value) }
        if let position = frame.position {
            latitude = latitude.widened(to: position.lat)
            longitude = longitude.widened(to: position.lon)
        }
        self.peaks.widen(peaks)
    }

    fileprivate var arguments: StatementArguments {
        [
            kinds.bits, inliers?.lowerBound, inliers?.upperBound, similarity?.lowerBound, similarity?.upperBound,
            changed?.lowerBound, changed?.upperBound,
            latitude?.lowerBound, latitude?.upperBound, longitude?.lowerBound, longitude?.upperBound, peaks.blob,
        ]
    }
}

extension Optional {
    fileprivate func widened<Value: Comparable>(to value: Value) -> ClosedRange<Value>
    where Wrapped == ClosedRange<Value> {
        guard let self else { return value...value }
        return min(self.lowerBound, value)...max(self.upperBound, value)
    }
}

extension Double {
    /// What is a part of a whole by its meaning: a sum must stay a number whatever was stored.
    fileprivate var share: Double { Swift.min(Swift.max(self, 0), 1) }
}

// MARK: - SQL

extension Rollups {
    private static let sums = [
        "frames", "resets", "registered", "lost", "compared", "similarity_sum", "fused", "changed_sum",
    ]
    private static let bounds = [
        "inliers_min", "inliers_max", "similarity_min", "similarity_max", "changed_min", "changed_max", "south",
        "north", "west", "east",
    ]

    private static func added(_ columns: [String]) -> [String] {
        columns.map { "\($0) = \($0) + excluded.\($0)" }
    }

    private static let widened =
        ["kinds = kinds | excluded.kinds"]
        + bounds.map { column in
            let least = column.hasSuffix("_min") || column == "south" || column == "west"
            // `min` and `max` of SQLite are NULL where one side is.
            return "\(column) = \(least ? "min" : "max")(coalesce(\(column), excluded.\(column)), "
                + "coalesce(excluded.\(column), \(column)))"
        } + ["peaks = widen_peaks(peaks, excluded.peaks)"]

    private static func places(_ range: Range<Int>) -> String {
        range.map { "?\($0)" }.joined(separator: ", ")
    }

    private static let hourStatement = """
        INSERT INTO rollup (hour, session, drone, mission, model, stored, \(sums.joined(separator: ", ")), areas,
            kinds, \(bounds.joined(separator: ", ")), peaks)
        SELECT ?1, key, drone, mission, model, ?3, \(places(3..<24)) FROM session WHERE key = ?2
        ON CONFLICT (hour, session) DO UPDATE SET \((added(["stored"] + sums)
            + ["areas = add_areas(areas, excluded.areas)"] + widened).joined(separator: ", "))
        """

    private static let minuteStatement = """
        INSERT INTO zone (session, minute, stored, kinds, \(bounds.joined(separator: ", ")), peaks)
        VALUES (\(places(1..<16)))
        ON CONFLICT (session, minute) DO UPDATE SET \((added(["stored"]) + widened).joined(separator: ", "))
        """

    private static let cellStatement = """
        INSERT INTO cell (size, y, x, hour, session, \(sums.joined(separator: ", ")), areas)
        VALUES (\(places(1..<15)))
        ON CONFLICT (size, y, x, hour, session) DO UPDATE SET \((added(sums)
            + ["areas = add_areas(areas, excluded.areas)"]).joined(separator: ", "))
        """
}
