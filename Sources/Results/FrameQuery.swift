import Foundation

/// What `GET /v1/frames` may ask for.
///
/// Every member narrows; none given means all, newest first.
package struct FrameQuery: Sendable, Equatable {
    /// Whose frames there are at all.
    package var bounds: Bounds
    package var session: String?
    package var drone: String?
    package var mission: String?
    package var model: String?
    package var mode: String?
    /// A class by name, present in at least `minFraction` of the frame's pixels (0 = at least one pixel).
    package var className: String?
    package var minFraction: Double = 0
    /// Captured in [from, to).
    package var from: Date?
    package var to: Date?
    package var limit: Int = 100
    /// From the previous page's `nextCursor`.
    package var cursor: String?

    package init(within bounds: Bounds) { self.bounds = bounds }
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
