import Foundation
import HTTPTypes
import Hummingbird
import Results
import SSP
import Sessions

/// What a request asks of the list of frames, and in which form.
struct FrameQueryParameters {
    var query: FrameQuery
    /// Members of a record; nil: all.
    var fields: Set<String>?
    /// GeoJSON instead of records.
    var asFeatures = false

    static let names: Set<String> = [
        "session", "drone", "mission", "model", "mode", "reason", "class", "min_fraction", "min_pixels", "class_match",
        "min_similarity", "max_similarity", "min_changed", "max_changed", "registration", "registration_ok",
        "min_inliers", "max_inliers", "bbox", "datetime", "from", "to", "sort", "fields", "f", "limit", "cursor",
    ]

    /// Of a file instead of a page.
    static let fileNames = names.subtracting(["f", "cursor"]).union(["after"])

    private enum Form: String, CaseIterable { case json, geojson }

    /// `bounds`: of the key that asks.
    init(_ request: Request, within bounds: Bounds) throws(Problem) {
        let parameters = try QueryParameters(request, allowed: Self.names)
        try self.init(parameters, within: bounds)
        let form: Form? = try parameters.choice("f")
        asFeatures = form.map { $0 == .geojson } ?? request.prefersGeoJSON
        query.limit = try parameters.int("limit", in: 1...1000) ?? 100
        query.cursor = try parameters.string("cursor")
    }

    /// All but the form and the paging.
    init(_ parameters: QueryParameters, within bounds: Bounds) throws(Problem) {
        query = FrameQuery(within: bounds)
        query.sessions = try parameters.list("session")
        query.drones = try parameters.list("drone")
        query.missions = try parameters.list("mission")
        query.models = try parameters.list("model")
        query.modes = try parameters.choices("mode").map { (mode: SessionMachine.Plan.Mode) in mode.rawValue }
        query.reasons = try parameters.list("reason")
        try readClasses(parameters)
        query.similarity = try parameters.span("min_similarity", "max_similarity")
        query.changed = try parameters.span("min_changed", "max_changed")
        try readRegistration(parameters)
        query.box = try parameters.box("bbox")
        (query.from, query.to) = try parameters.interval()
        query.order = try parameters.order()
        if let names = try Optional(parameters.list("fields")), !names.isEmpty {
            if let unknown = names.first(where: { !FrameView.members.contains($0) }) {
                throw .invalid(
                    "fields",
                    "A frame has no \"\(unknown)\" (it has \(FrameView.members.sorted().joined(separator: ", "))).")
            }
            fields = Set(names)
        }
    }

    private mutating func readClasses(_ parameters: QueryParameters) throws(Problem) {
        let names = try parameters.list("class")
        let fractions = try parameters.doubles("min_fraction", in: 0...1)
        let pixels = try parameters.doubles("min_pixels", in: 0...1e15)
        for (name, values) in [("min_fraction", fractions), ("min_pixels", pixels)] where !values.isEmpty {
            guard !names.isEmpty else { throw .invalid(name, "\"\(name)\" needs \"class\".") }
            guard values.count == 1 || values.count == names.count else {
                throw .invalid(
                    name, "\"\(name)\" takes one number for all classes, or one for each of the \(names.count).")
            }
        }
        func value(_ values: [Double], _ place: Int) -> Double {
            values.isEmpty ? 0 : values[values.count == 1 ? 0 : place]
        }
        query.classes = names.enumerated().map { place, name in
            .init(
                name, minFraction: value(fractions, place),
                minPixels: max(1, Int(value(pixels, place).rounded(.up))))
        }
        if let match: FrameQuery.ClassMatch = try parameters.choice("class_match") {
            guard !names.isEmpty else { throw .invalid("class_match", "\"class_match\" needs \"class\".") }
            query.classMatch = match
        }
    }

    private mutating func readRegistration(_ parameters: QueryParameters) throws(Problem) {
        let known = RegistrationMethod.allCases.map(\.rawValue) + ["supplied", FrameQuery.none]
        query.registrations = try parameters.list("registration")
        if let unknown = query.registrations.first(where: { !known.contains($0) }) {
            throw .invalid(
                "registration",
                "\"registration\" has \"\(unknown)\"; it can have \(known.joined(separator: ", ")).")
        }
        query.registrationOK = try parameters.bool("registration_ok")
        query.inliers.min = try parameters.int("min_inliers", in: 0...Int(Int32.max))
        query.inliers.max = try parameters.int("max_inliers", in: 0...Int(Int32.max))
        if let least = query.inliers.min, let most = query.inliers.max, least > most {
            throw .invalid("max_inliers", "\"max_inliers\" is less than \"min_inliers\".")
        }
        if query.registrations == [FrameQuery.none], query.registrationOK != nil || !query.inliers.isOpen {
            throw .invalid("registration", "Where no registration was done there is no result of one.")
        }
    }
}

extension QueryParameters {
    /// Two numbers, 0…1, the second not less than the first.
    fileprivate func span(_ least: String, _ most: String) throws(Problem) -> FrameQuery.Span<Double> {
        let span = FrameQuery.Span(min: try double(least, in: 0...1), max: try double(most, in: 0...1))
        if let low = span.min, let high = span.max, low > high {
            throw .invalid(most, "\"\(most)\" is less than \"\(least)\".")
        }
        return span
    }

    /// West, south, east, north in degrees, as OGC API Features has it; west greater than east: across the antimeridian.
    func box(_ name: String) throws(Problem) -> GeoBox? {
        guard try string(name) != nil else { return nil }
        let numbers = try doubles(name, in: -180...180)
        guard numbers.count == 4 else {
            throw .invalid(name, "\"\(name)\" takes four numbers: west, south, east, north.")
        }
        let box = GeoBox(west: numbers[0], south: numbers[1], east: numbers[2], north: numbers[3])
        guard abs(box.south) <= 90, abs(box.north) <= 90 else {
            throw .invalid(name, "\"\(name)\" has a latitude beyond a pole (order: west, south, east, north).")
        }
        guard box.south <= box.north else {
            throw .invalid(name, "\"\(name)\" has its south north of its north (order: west, south, east, north).")
        }
        return box
    }

    /// `datetime`, or `from` and `to`: [from, to).
    func interval() throws(Problem) -> (from: Date?, to: Date?) {
        guard let text = try string("datetime") else {
            let (from, to) = (try date("from"), try date("to"))
            if let from, let to, from >= to { throw .invalid("to", "\"to\" is not later than \"from\".") }
            return (from, to)
        }
        for name in ["from", "to"] where try string(name) != nil {
            throw .invalid(name, "\"\(name)\" and \"datetime\" say the same: give one of them.")
        }
        guard let interval = TimeInterval8601(text.replacing(" ", with: "+")) else {
            throw .invalid(
                "datetime",
                """
                "datetime" must be a time (2026-05-04T12:00:00Z), a day (2026-05-04), or two of them with "/" between, \
                the earlier first; ".." is an open end.
                """)
        }
        return (interval.from, interval.to)
    }

    fileprivate func order() throws(Problem) -> FrameQuery.Order {
        switch try string("sort") {
        case nil, "-captured_at": return .newestFirst
        case "captured_at": return .oldestFirst
        case let other?:
            throw .invalid("sort", "\"sort\" is \"\(other)\"; it can be captured_at, -captured_at.")
        }
    }
}

extension Request {
    /// Where a client says nothing of GeoJSON it gets records.
    var prefersGeoJSON: Bool {
        headers[values: .accept].contains { $0.lowercased().contains("application/geo+json") }
    }
}

/// `datetime` of OGC API Features, section 7.15.3: an instant, or an interval with its end included.
///
/// A day is all of it, in UTC.
struct TimeInterval8601 {
    var from: Date?
    /// Not included.
    var to: Date?

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        func isOpen(_ part: String) -> Bool { part.isEmpty || part == ".." }
        switch parts.count {
        case 1:
            guard let stretch = Self.stretch(parts[0]) else { return nil }
            (from, to) = (stretch.start, stretch.end)
        case 2:
            if !isOpen(parts[0]) {
                guard let stretch = Self.stretch(parts[0]) else { return nil }
                from = stretch.start
            }
            if !isOpen(parts[1]) {
                guard let stretch = Self.stretch(parts[1]) else { return nil }
                to = stretch.end
            }
            if let from, let to, from >= to { return nil }
        default: return nil
        }
    }

    /// A time lasts the microsecond that times are kept in.
    private static func stretch(_ text: String) -> (start: Date, end: Date)? {
        if let time = RFC3339.date(text) { return (time, time.addingTimeInterval(0.000_001)) }
        guard text.wholeMatch(of: /\d{4}-\d\d-\d\d/) != nil, let day = RFC3339.date("\(text)T00:00:00Z") else {
            return nil
        }
        return (day, day.addingTimeInterval(86_400))
    }
}
