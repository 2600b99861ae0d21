import Foundation
import Results

/// A summary as clients see it.
struct SummaryView: Encodable {
    let query: SummaryQuery
    let summary: Summary

    private enum Key: String, CodingKey {
        case datetime, bbox, items
        case groupBy = "group_by"
        case nextCursor = "next_cursor"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(query.groupBy.map(\.rawValue), forKey: .groupBy)
        try out.encode(interval, forKey: .datetime)
        try out.encode(summary.box.map(SummaryView.corners), forKey: .bbox)
        let byClass = query.groupBy.contains(.class)
        try out.encode(summary.groups.map { GroupView(group: $0, byClass: byClass) }, forKey: .items)
        try out.encode(summary.nextCursor, forKey: .nextCursor)
    }

    /// What was counted, with its end not included; nil: everything.
    private var interval: String? {
        guard summary.from != nil || summary.to != nil else { return nil }
        return [summary.from, summary.to].map { $0.map(RFC3339.text) ?? ".." }.joined(separator: "/")
    }

    fileprivate static func corners(_ box: GeoBox) -> [Double] {
        // A quotient of whole numbers is the nearest number to what its digits say.
        [box.west, box.south, box.east, box.north]
    }

    private struct GroupView: Encodable {
        let group: Summary.Group
        let byClass: Bool

        private enum Key: String, CodingKey {
            case model, hour, day, cell, frames, resets, pixels, fraction, classes
            case className = "class"
            case sessionID = "session_id"
            case droneID = "drone_id"
            case missionID = "mission_id"
            case lostRegistrations = "lost_registrations"
            case foundRegistrations = "found_registrations"
            case similarityMean = "similarity_mean"
            case changedFraction = "changed_fraction"
            case framesWithClass = "frames_with_class"
        }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            for key in group.keys {
                switch key {
                case .session(let id): try out.encode(id, forKey: .sessionID)
                case .drone(let name): try out.encode(name, forKey: .droneID)
                case .mission(let name): try out.encode(name, forKey: .missionID)
                case .model(let name): try out.encode(name, forKey: .model)
                case .hour(let time): try out.encode(RFC3339.text(time), forKey: .hour)
                case .day(let time): try out.encode(String(RFC3339.text(time).prefix(10)), forKey: .day)
                case .cell(let box): try out.encode(SummaryView.corners(box), forKey: .cell)
                }
            }
            try out.encode(group.frames, forKey: .frames)
            if byClass, let item = group.classes.first {
                try out.encode(item.name, forKey: .className)
                try out.encode(item.frames, forKey: .framesWithClass)
                try out.encode(item.pixels, forKey: .pixels)
                try out.encode(item.fraction, forKey: .fraction)
                return
            }
            try out.encode(group.resets, forKey: .resets)
            try out.encode(group.registered, forKey: .foundRegistrations)
            try out.encode(group.lost, forKey: .lostRegistrations)
            try out.encode(group.similarityMean, forKey: .similarityMean)
            try out.encode(group.changedFraction, forKey: .changedFraction)
            try out.encode(group.classes.map(ClassView.init), forKey: .classes)
        }
    }

    private struct ClassView: Encodable {
        let item: Summary.ClassArea

        private enum Key: String, CodingKey {
            case name, pixels, fraction
            case framesWithClass = "frames_with_class"
        }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            try out.encode(item.name, forKey: .name)
            try out.encode(item.frames, forKey: .framesWithClass)
            try out.encode(item.pixels, forKey: .pixels)
            try out.encode(item.fraction, forKey: .fraction)
        }
    }
}
