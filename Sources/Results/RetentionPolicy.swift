import Foundation

/// How long, and how much, is kept.
package struct RetentionPolicy: Sendable, Equatable {
    package struct Rule: Sendable, Equatable {
        /// Seconds from receipt; nil keeps them for good.
        package var keepPictures: TimeInterval?
        package var keepRows: TimeInterval?
        /// Bytes of packs, beyond which the oldest go; nil for no limit.
        package var maxPictures: Int?

        package init(keepPictures: TimeInterval? = nil, keepRows: TimeInterval? = nil, maxPictures: Int? = nil) {
            self.keepPictures = keepPictures
            self.keepRows = keepRows
            self.maxPictures = maxPictures
        }

        /// Frames received before it lose their rows.
        func rowsEnd(_ now: Date) -> Date? { keepRows.map { now - $0 } }

        /// Nobody finds the picture of a frame that has no row: with it the pictures go at the latest.
        func picturesEnd(_ now: Date) -> Date? {
            [keepPictures, keepRows].compactMap { $0 }.min().map { now - $0 }
        }
    }

    package var general = Rule()
    /// By mission.
    ///
    /// One with a `maxPictures` of its own is counted by itself and not within the general one.
    package var missions: [String: Rule] = [:]

    package init() {}

    package func rule(of mission: String?) -> Rule { mission.flatMap { missions[$0] } ?? general }
}
