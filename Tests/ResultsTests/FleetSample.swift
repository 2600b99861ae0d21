import Foundation
import Results
import Telemetry

/// Frames of a small fleet that differ in everything that can be asked for, and queries about them.
struct FleetSample {
    static let names = ["road", "building", "tree", "water", "car"]
    var generator: SeededGenerator
    private(set) var sessions: [SessionRecord] = []
    private(set) var frames: [FrameRecord] = []

    init(seed: UInt64) {
        generator = SeededGenerator(state: seed)
        for number in 0..<8 {
            var session = SessionRecord.make(
                drone: number == 7 ? nil : "d\(number % 3)", mission: number % 2 == 0 ? "m\(number % 4)" : nil)
            session.model = number % 3 == 0 ? "tiny" : "hiera-s"
            sessions.append(session)
        }
    }

    mutating func insertSessions(_ store: SQLiteStore) async throws {
        for session in sessions { try await store.insert(session) }
    }

    /// Frames in the order of their commits, many of them captured at the same time, over some hours.
    mutating func fill(_ store: SQLiteStore, frames count: Int) async throws {
        for _ in 0..<count { frames.append(try await store.commit(next(), pictures: .init())) }
    }

    mutating func next() -> FrameRecord {
        let session = sessions.randomElement(using: &generator)!
        // Before 1970, too, and on the edge of an hour.
        let start = [Date.noon, .noon + 3540, .noon + 7200, Date(timeIntervalSince1970: -20)]
            .randomElement(using: &generator)!
        let captured = start + Double(Int.random(in: 0..<100, using: &generator))
        var shares = Self.names.map { _ in generator.maybe(Int.random(in: 0...10, using: &generator)) }
        shares.shuffle(using: &generator)
        let classes = zip(Self.names, shares).enumerated().compactMap { value, item in
            item.1.map {
                FrameRecord.ClassPixels(value: value, name: item.0, pixels: $0 * 1000, fraction: Double($0) / 10)
            }
        }
        var frame = FrameRecord.make(session: session.id, frames.count, captured: captured, classes: classes)
        frame.droneID = session.droneID
        frame.missionID = session.missionID
        frame.model = session.model
        frame.mode = ["cold", "propagated", "propagated", "reset"].randomElement(using: &generator)!
        frame.reason = [nil, nil, "gap", "client", "registration"].randomElement(using: &generator)!
        frame.similarityMean = generator.maybe(Double(Int.random(in: 0...20, using: &generator)) / 20)
        frame.changedFraction = generator.maybe(Double(Int.random(in: 0...20, using: &generator)) / 20)
        frame.registration = generator.maybe(
            .init(
                method: ["klt", "orb"].randomElement(using: &generator)!, ok: .random(using: &generator), matches: 100,
                inliers: .random(in: 0...100, using: &generator), homography: nil))
        // On both sides of the antimeridian and of the equator; some know their height only.
        let longitude = 179.9905 + Double(Int.random(in: 0..<20, using: &generator)) / 1000
        let latitude = -0.0095 + Double(Int.random(in: 0..<20, using: &generator)) / 1000
        frame.telemetry = generator.maybe(
            CameraTelemetry(
                generator.maybe([
                    .latitude: latitude, .longitude: longitude > 180 ? longitude - 360 : longitude, .altitude: 80,
                ]) ?? [.altitude: 80], origin: .explicit))
        return frame
    }

    /// A filter that some frame fits, or nearly.
    typealias Filter = (name: String, apply: @Sendable (inout FrameQuery, inout FleetSample) -> Void)

    static let filters: [Filter] = [
        ("session", { $0.sessions = $1.some(\.sessionID) }),
        ("drone", { $0.drones = $1.some(\.droneID, or: "nobody") }),
        ("mission", { $0.missions = $1.some(\.missionID, or: "no mission") }),
        ("model", { $0.models = $1.some(\.model) }),
        ("mode", { $0.modes = $1.some(\.mode) }),
        ("reason", { $0.reasons = $1.some(\.reason, or: FrameQuery.none) }),
        (
            "class",
            { query, sample in
                query.classMatch = Bool.random(using: &sample.generator) ? .all : .any
                query.classes = (0..<Int.random(in: 1...3, using: &sample.generator)).map { _ in
                    FrameQuery.ClassCondition(
                        (names + ["cloud"]).randomElement(using: &sample.generator)!,
                        minFraction: [0, 0.1, 0.3, 0.7, 1].randomElement(using: &sample.generator)!,
                        minPixels: [1, 1, 3000, 5001].randomElement(using: &sample.generator)!)
                }
            }
        ),
        ("similarity", { $0.similarity = $1.span(\.similarityMean) }),
        ("changed", { $0.changed = $1.span(\.changedFraction) }),
        ("registration", { $0.registrations = $1.some(\.registration?.method, or: FrameQuery.none) }),
        ("registration_ok", { $0.registrationOK = .random(using: &$1.generator) }),
        (
            "inliers",
            { query, sample in
                let least = Int.random(in: 0...60, using: &sample.generator)
                query.inliers = .init(min: sample.generator.maybe(least), max: sample.generator.maybe(least + 30))
            }
        ),
        (
            "bbox",
            { query, sample in
                let south = -0.0095 + Double(Int.random(in: -2..<18, using: &sample.generator)) / 1000
                let west = 179.9905 + Double(Int.random(in: -2..<18, using: &sample.generator)) / 1000
                let east = west + Double(Int.random(in: 0..<9, using: &sample.generator)) / 1000
                query.box = GeoBox(
                    west: west > 180 ? west - 360 : west, south: south, east: east > 180 ? east - 360 : east,
                    north: south + Double(Int.random(in: 0..<9, using: &sample.generator)) / 1000)
            }
        ),
        ("bounds", { $0.bounds = $1.generator.bounds(drones: ["d0", "d1", "d2"], missions: ["m0", "m2"]) }),
        ("from", { $0.from = $1.time() }),
        ("to", { $0.to = $1.time() }),
        ("order", { query, _ in query.order = .oldestFirst }),
    ]

    mutating func some(_ value: (FrameRecord) -> String?, or otherwise: String = "") -> [String] {
        let values = (0..<Int.random(in: 1...2, using: &generator)).map { _ in
            value(frames.randomElement(using: &generator)!) ?? otherwise
        }
        return Array(Set(values))
    }

    mutating func span(_ value: (FrameRecord) -> Double?) -> FrameQuery.Span<Double> {
        let least = frames.compactMap(value).randomElement(using: &generator)!
        return .init(min: generator.maybe(least), max: generator.maybe(least + 0.2))
    }

    mutating func time() -> Date {
        frames.randomElement(using: &generator)!.capturedAt + [-0.000_001, 0, 0.000_001].randomElement(
            using: &generator)!
    }

    /// What a plain search gives.
    func matching(_ query: FrameQuery) -> [FrameRecord] {
        let found = frames.filter { query.matches($0) }
        // Swift's sort keeps the order of equals, and so the order of commits.
        switch query.order {
        case .oldestFirst: return found.sorted { $0.capturedAt < $1.capturedAt }
        case .newestFirst: return found.reversed().sorted { $0.capturedAt > $1.capturedAt }
        }
    }
}

extension FrameQuery {
    /// The filter, spelled out without a database.
    func matches(_ frame: FrameRecord) -> Bool {
        func among(_ names: [String], _ name: String?) -> Bool { names.isEmpty || names.contains(name ?? Self.none) }
        func within(_ span: Span<Double>, _ value: Double?) -> Bool {
            span.isOpen || (value.map(span.contains) ?? false)
        }
        let met = classes.map { item in
            frame.classes.contains {
                $0.name == item.name && $0.pixels > 0 && $0.pixels >= item.minPixels && $0.fraction >= item.minFraction
            }
        }
        guard bounds.permit(drone: frame.droneID, mission: frame.missionID) else { return false }
        guard among(sessions, frame.sessionID), among(drones, frame.droneID), among(missions, frame.missionID) else {
            return false
        }
        guard among(models, frame.model), among(modes, frame.mode), among(reasons, frame.reason) else { return false }
        guard classes.isEmpty || (classMatch == .all ? !met.contains(false) : met.contains(true)) else { return false }
        guard within(similarity, frame.similarityMean), within(changed, frame.changedFraction) else { return false }
        guard among(registrations, frame.registration?.method) else { return false }
        guard registrationOK == nil || registrationOK == frame.registration?.ok else { return false }
        guard inliers.isOpen || (frame.registration.map { inliers.contains($0.inliers) } ?? false) else { return false }
        if let box {
            guard let (lat, lon) = frame.telemetry?.place, box.contains(lat: lat, lon: lon) else { return false }
        }
        return (from.map { frame.capturedAt >= $0 } ?? true) && (to.map { frame.capturedAt < $0 } ?? true)
    }
}

extension SQLiteStore {
    /// All pages of a list.
    func all(_ query: FrameQuery) async throws -> [FrameRecord] {
        var query = query
        var items: [FrameRecord] = []
        repeat {
            let page = try await frames(query)
            items += page.items
            guard items.count <= 2000 else { throw StoreError.badCursor }
            query.cursor = page.nextCursor
        } while query.cursor != nil
        return items
    }
}
