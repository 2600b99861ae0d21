import Foundation
import GRDB

/// A statement that walks one index backwards from a place, newest first.
struct Listing {
    var sql: String
    var arguments: StatementArguments
}

extension FrameQuery {
    /// The filter without paging: what a cursor is good for.
    var fingerprint: Fingerprint {
        var print = Fingerprint()
        for text in ["frames", session, drone, mission, model, mode, className] { print.add(text) }
        print.add(className == nil ? 0 : minFraction.bitPattern)
        print.add(from)
        print.add(to)
        return print
    }

    /// Selects `FrameRecord.selection` of at most `count` frames below `place`.
    ///
    /// `INDEXED BY` because SQLite, without statistics, is free to walk "every propagated frame of the fleet" in search
    /// of one session's; with it a plan that cannot use the index is an error, not a slow answer. The narrower filter
    /// leads; those after it are looked up in the rows found.
    func listing(below place: PageCursor, count: Int) -> Listing {
        var conditions: [String] = []
        var arguments: StatementArguments = []
        func require(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }

        // A class alone leads through its own index. Beside a session, a drone or a mission, which are a small part of
        // all frames where a class like "building" is in most of them, it is looked up per frame.
        let byClass = className != nil && session == nil && drone == nil && mission == nil
        let time = byClass ? "c.captured_us" : "f.captured_us"
        let key = byClass ? "c.frame" : "f.key"

        require("f.session = (SELECT key FROM session WHERE id = ?)", session)
        require("f.mission = ?", mission)
        require("f.drone = ?", drone)
        require("f.mode = ?", mode)
        require("f.model = ?", model)
        if let className {
            // At least one pixel is any fraction above zero.
            let least = max(minFraction, .leastNonzeroMagnitude)
            conditions.append(
                byClass
                    ? "c.name = ? AND c.fraction >= ?"
                    : "EXISTS (SELECT 1 FROM frame_class WHERE frame = f.key AND name = ? AND fraction >= ?)")
            arguments += [className, least]
        }
        require("\(time) >= ?", from?.microseconds)
        conditions.append("(\(time), \(key)) < (?, ?)")
        arguments += [place.microseconds, place.key, count]

        let source =
            byClass
            ? "frame_class AS c INDEXED BY frame_class_by_name CROSS JOIN frame AS f ON f.key = c.frame"
            : "frame AS f INDEXED BY \(index)"
        let sql = """
            SELECT \(FrameRecord.selection) FROM \(source)
            WHERE \(conditions.joined(separator: " AND "))
            ORDER BY \(time) DESC, \(key) DESC LIMIT ?
            """
        return Listing(sql: sql, arguments: arguments)
    }

    private var index: String {
        if session != nil { return "frame_by_session" }
        if mission != nil { return "frame_by_mission" }
        if drone != nil { return "frame_by_drone" }
        if mode != nil { return "frame_by_mode" }
        if model != nil { return "frame_by_model" }
        return "frame_by_time"
    }
}
