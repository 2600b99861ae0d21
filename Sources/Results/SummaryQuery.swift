import Foundation

/// What `GET /v1/summary` may ask for.
///
/// Summaries add up what was summed up as frames were stored: by whole hours, and by cells of the grid of degrees. Where
/// a query's edges lie within these, the whole of them counts, and the answer says what was counted.
package struct SummaryQuery: Sendable, Equatable {
    /// Whose frames there are at all.
    package var bounds: Bounds
    package var groupBy: [Dimension] = []
    package var sessions: [String] = []
    package var drones: [String] = []
    package var missions: [String] = []
    package var models: [String] = []
    /// Captured in [from, to).
    package var from: Date?
    package var to: Date?
    /// Where the camera was; frames without a position are nowhere.
    package var box: GeoBox?
    /// Of these classes only; empty: all.
    package var classes: [String] = []
    /// Only groups with so many lost registrations.
    package var minLost = 0
    /// Of the cells to group by.
    package var cellSize = CellSize.coarse
    /// Groups a page.
    package var limit = 1000
    package var cursor: String?

    package init(within bounds: Bounds) { self.bounds = bounds }

    package enum Dimension: String, Sendable, CaseIterable {
        case drone, mission, session, model, hour, day, cell
        /// Last, whatever its place: the other groups' classes, each a group of its own.
        case `class`
    }

    package enum CellSize: Sendable {
        /// A thousandth of a degree; needs a box of at most half a degree.
        case fine
        /// A hundredth.
        case coarse
    }

    /// The filter without paging: what a cursor is good for.
    var fingerprint: Fingerprint {
        var print = bounds.fingerprint
        print.add("summary")
        for list in [groupBy.map(\.rawValue), sessions, drones, missions, models, classes] { print.add(list) }
        print.add(from)
        print.add(to)
        for degrees in [box?.west, box?.south, box?.east, box?.north] { print.add(degrees?.bitPattern) }
        print.add(UInt64(minLost))
        print.add(cellSize == .fine ? "fine" : "coarse")
        return print
    }

    /// The same query, asking for no drone and no mission but those within its bounds.
    ///
    /// Nil: there is none of those asked for.
    var narrowed: SummaryQuery? {
        guard let names = bounds.narrowing(drones: drones, missions: missions) else { return nil }
        var query = self
        (query.drones, query.missions) = names
        return query
    }
}

/// Sums of frames, in groups; groups without a frame are not there.
package struct Summary: Sendable, Equatable {
    /// By rising keys, in the order in which they were asked for.
    package var groups: [Group]
    package var nextCursor: String?
    /// What was counted: whole hours, [from, to).
    package var from: Date?
    package var to: Date?
    /// What was counted: whole cells.
    package var box: GeoBox?

    package init(
        groups: [Group], nextCursor: String? = nil, from: Date? = nil, to: Date? = nil, box: GeoBox? = nil
    ) {
        self.groups = groups
        self.nextCursor = nextCursor
        self.from = from
        self.to = to
        self.box = box
    }

    package struct Group: Sendable, Equatable {
        /// Those that were asked for, in that order; `class` is not among them.
        package var keys: [Key]
        package var frames: Int
        package var resets: Int
        package var registered: Int
        package var lost: Int
        /// Nil: no frame of the group has one.
        package var similarityMean: Double?
        package var changedFraction: Double?
        /// By name; of a group by class the one.
        package var classes: [ClassArea]

        package init(
            keys: [Key], frames: Int, resets: Int, registered: Int, lost: Int, similarityMean: Double?,
            changedFraction: Double?, classes: [ClassArea]
        ) {
            self.keys = keys
            self.frames = frames
            self.resets = resets
            self.registered = registered
            self.lost = lost
            self.similarityMean = similarityMean
            self.changedFraction = changedFraction
            self.classes = classes
        }
    }

    package enum Key: Sendable, Equatable {
        /// A session's id.
        case session(String)
        case drone(String?)
        case mission(String?)
        case model(String)
        /// When the hour, or the day in UTC, begins.
        case hour(Date)
        case day(Date)
        case cell(GeoBox)
    }

    package struct ClassArea: Sendable, Equatable {
        package var name: String
        /// Frames in which it has a pixel.
        package var frames: Int
        /// Over all frames of the group.
        package var pixels: Int
        /// Mean over all frames of the group.
        package var fraction: Double

        package init(name: String, frames: Int, pixels: Int, fraction: Double) {
            self.name = name
            self.frames = frames
            self.pixels = pixels
            self.fraction = fraction
        }
    }
}
