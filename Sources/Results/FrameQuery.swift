import Foundation

/// What `GET /v1/frames` may ask for.
///
/// Every member narrows; none given means all, newest first. Of a list of names any one is enough.
package struct FrameQuery: Sendable, Equatable {
    /// Whose frames there are at all.
    package var bounds: Bounds
    package var sessions: [String] = []
    package var drones: [String] = []
    package var missions: [String] = []
    package var models: [String] = []
    package var modes: [String] = []
    /// `none`: frames without a reason.
    package var reasons: [String] = []
    package var classes: [ClassCondition] = []
    /// Whether all conditions of `classes` must be met, or one is enough.
    package var classMatch = ClassMatch.all
    package var similarity = Span<Double>()
    package var changed = Span<Double>()
    /// `none`: frames for which none was done.
    package var registrations: [String] = []
    package var registrationOK: Bool?
    package var inliers = Span<Int>()
    /// Where the camera was.
    package var box: GeoBox?
    /// Captured in [from, to).
    package var from: Date?
    package var to: Date?
    package var order = Order.newestFirst
    package var limit: Int = 100
    /// The id of a frame behind which the list begins; without such a frame it is empty.
    package var after: String?
    /// How long the search may take; nil: as long as any.
    package var time: Duration?
    /// From the previous page's `nextCursor`.
    package var cursor: String?

    package init(within bounds: Bounds) { self.bounds = bounds }

    /// The word that asks for frames without a reason or a registration.
    package static let none = "none"

    package enum Order: String, Sendable { case newestFirst, oldestFirst }
    package enum ClassMatch: String, Sendable, CaseIterable { case all, any }

    /// A class that is seen, in at least so many pixels and so large a part of the frame.
    package struct ClassCondition: Sendable, Equatable {
        package var name: String
        /// 0: present at all, with one pixel.
        package var minFraction: Double
        package var minPixels: Int

        package init(_ name: String, minFraction: Double = 0, minPixels: Int = 1) {
            self.name = name
            self.minFraction = minFraction
            self.minPixels = minPixels
        }
    }

    /// From the least to the greatest value, both included; nil: any.
    package struct Span<Value: Comparable & Sendable>: Sendable, Equatable {
        package var min: Value?
        package var max: Value?

        package init(min: Value? = nil, max: Value? = nil) {
            self.min = min
            self.max = max
        }

        package func contains(_ value: Value) -> Bool {
            (min.map { value >= $0 } ?? true) && (max.map { value <= $0 } ?? true)
        }

        /// Every frame fits, with a value or without.
        package var isOpen: Bool { min == nil && max == nil }
    }
}

/// A rectangle in degrees, its edges included; where `west` is greater than `east` it lies across the antimeridian
/// (RFC 7946, section 5.2).
package struct GeoBox: Sendable, Equatable {
    package var west: Double
    package var south: Double
    package var east: Double
    package var north: Double

    package init(west: Double, south: Double, east: Double, north: Double) {
        self.west = west
        self.south = south
        self.east = east
        self.north = north
    }

    package var crossesAntimeridian: Bool { west > east }

    package func contains(lat: Double, lon: Double) -> Bool {
        guard (south...north).contains(lat) else { return false }
        return crossesAntimeridian ? lon >= west || lon <= east : lon >= west && lon <= east
    }
}

/// One page of a list; `nextCursor` is nil on the last.
package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    package var nextCursor: String?

    package init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }
}
