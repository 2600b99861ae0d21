import Foundation
import Results
import Telemetry

/// What a fleet would have seen: records without pictures, to measure queries with.
///
/// Drones survey sites along parallel tracks, a frame every three seconds. What a frame shows follows from where it was
/// taken, so that neighbouring frames resemble each other as they do in the air, and most classes are not in sight.
/// Everything follows from the seed, the drone and the day: a day can be made anew.
struct SyntheticFleet {
    var frames: Int
    var drones: Int
    var days: Int
    var start: Date
    var seed: UInt64

    static let classes = ["building", "road", "tree", "vegetation", "vehicle", "person", "water", "background"]
    private static let interval = 3.0
    private static let width = 1280
    private static let height = 720

    /// Frames of one drone in a day: as many flights as make about twenty minutes each.
    private var perDay: Int { max(1, frames / (drones * days)) }
    private var flights: Int { max(1, Int((Double(perDay) / 417).rounded())) }

    struct Site {
        let name: String
        let lat: Double
        let lon: Double
    }

    /// Fifty sites around the earth; one lies across the antimeridian.
    static let sites: [Site] = (0..<50).map { number in
        if number == 0 { return Site(name: "taveuni", lat: -16.836, lon: 179.996) }
        var random = Random(seed: 77, UInt64(number))
        return Site(
            name: "site-\(number)", lat: random.between(-45, 60), lon: random.between(-170, 170))
    }

    /// A session and its frames, in order of time.
    struct Flight {
        var session: SessionRecord
        var frames: [FrameRecord]
    }

    func flights(of drone: Int, day: Int) -> [Flight] {
        var random = Random(seed: seed, UInt64(drone) << 32 | UInt64(day))
        var left = perDay
        return (0..<flights).map { number in
            let count = number == flights - 1 ? left : perDay / flights
            left -= count
            // Between six in the morning and half past six in the evening, one after the other.
            let slot = 12.0 / Double(flights)
            let hour = 6 + (Double(number) + random.between(0, 0.5)) * slot
            let begin = start.addingTimeInterval((Double(day) * 24 + hour) * 3600)
            return flight(drone, begin, count, &random)
        }
    }

    private func flight(_ drone: Int, _ begin: Date, _ count: Int, _ random: inout Random) -> Flight {
        let site = Self.sites[random.next() % 8 == 0 ? Int(random.next() % 50) : drone % 50]
        let model = drone % 5 == 0 ? "hiera-s" : "aerial-nano"
        let session = SessionRecord(
            id: random.uuid(begin), droneID: "drone-\(String(format: "%03d", drone))",
            missionID: "\(site.name)-\(random.next() % 4 == 0 ? "inspection" : "survey")", model: model,
            modelVersion: "1.0", options: "{}", createdAt: begin, state: .ended, endReason: "client",
            endedAt: begin.addingTimeInterval(Double(count) * Self.interval))
        var course = Course(site: site, random: &random)
        var records: [FrameRecord] = []
        records.reserveCapacity(count)
        var sequence = 0
        var epoch = 0
        for number in 0..<count {
            let gap = random.next() % 200 == 0 ? Int(random.next() % 5) + 1 : 0
            sequence += number == 0 ? 0 : 1 + gap
            let time = begin.addingTimeInterval(Double(number) * Self.interval + random.between(0, 0.4))
            var record = FrameRecord(
                id: random.uuid(time), sessionID: session.id, sequence: sequence, digest: random.hex(64),
                droneID: session.droneID, missionID: session.missionID, model: model, modelVersion: "1.0",
                capturedAt: time, receivedAt: time.addingTimeInterval(0.3), width: Self.width, height: Self.height,
                mode: "propagated", gapFrames: gap, gapMs: number == 0 ? nil : Int(Self.interval * 1000))
            record.stageMs = ["decode": 5.125, "image": 41.5, "register": 22.75, "fuse": 3.5, "encode": 6.25]
            let luck = random.next() % 1000
            if number == 0 {
                record.mode = "cold"
            } else if luck < 4 {
                record.mode = "reset"
                record.reason = ["gap", "registration", "registration", "size"][Int(luck)]
                epoch += 1
            }
            record.epoch = epoch
            if number > 0, record.reason != "gap", record.reason != "size" {
                let lost = record.reason == "registration"
                let matches = 200 + Int(random.next() % 200)
                record.registration = .init(
                    method: drone % 11 == 0 ? "orb" : "klt", ok: !lost, matches: matches,
                    inliers: lost ? Int(random.next() % 12) : matches - Int(random.next() % 150),
                    homography: lost
                        ? nil : [1.00898, 0.01372, -5.71087, -0.00515, 1.0043, 3.3312, 0.00000712, 0.00000042, 1])
            }
            let view = course.step()
            record.telemetry = CameraTelemetry(
                [
                    .latitude: view.lat, .longitude: view.lon, .altitude: 60 + view.relief * 40,
                    .heading: view.heading,
                ], origin: .explicit)
            if record.mode == "propagated" {
                record.similarityMean = min(0.98, max(0.2, 0.85 - view.relief * 0.4 + random.between(-0.05, 0.05)))
                record.changedFraction = max(0, 0.01 + view.relief * 0.08 + random.between(-0.01, 0.02))
            }
            record.classes = view.shares(at: time).enumerated().map { value, share in
                let pixels = Int(share * Double(Self.width * Self.height))
                return .init(
                    value: value, name: Self.classes[value], pixels: pixels,
                    fraction: Double(pixels) / Double(Self.width * Self.height))
            }
            records.append(record)
        }
        return Flight(session: session, frames: records)
    }
}

/// Where a drone is, along parallel tracks over its site.
private struct Course {
    private let site: SyntheticFleet.Site
    private let length: Double
    private let spacing = 60.0
    private let offset: (x: Double, y: Double)
    private var travelled = 0.0

    init(site: SyntheticFleet.Site, random: inout Random) {
        self.site = site
        length = random.between(500, 1200)
        offset = (random.between(-900, 900), random.between(-900, 900))
    }

    struct View {
        let lat: Double
        let lon: Double
        let heading: Double
        /// 0 flat and far, 1 steep and near.
        let relief: Double
        /// Metres from the site's middle.
        let x: Double
        let y: Double
        let seed: UInt64
    }

    mutating func step() -> View {
        // Eight metres a second.
        travelled += 24
        let leg = Int(travelled / length)
        let along = travelled - Double(leg) * length
        let x = offset.x + (leg % 2 == 0 ? along : length - along)
        let y = offset.y + Double(leg % 30) * spacing
        let lat = site.lat + y / 111_320
        var lon = site.lon + x / (111_320 * cos(site.lat * .pi / 180))
        if lon > 180 { lon -= 360 }
        let seed = UInt64(bitPattern: Int64(site.lat * 1000)) &* 31 &+ UInt64(bitPattern: Int64(site.lon * 1000))
        return View(
            lat: (lat * 1e7).rounded() / 1e7, lon: (lon * 1e7).rounded() / 1e7, heading: leg % 2 == 0 ? 90 : 270,
            relief: field(seed &+ 9, x, y, 700), x: x, y: y, seed: seed)
    }
}

extension Course.View {
    /// Of building, road, tree, vegetation, vehicle, person, water, background; they add up to one.
    func shares(at time: Date) -> [Double] {
        func above(_ value: Double, _ limit: Double) -> Double { max(0, (value - limit) / (1 - limit)) }
        let town = above(field(seed &+ 1, x, y, 500), 0.45)
        let road = above(field(seed &+ 2, x, y, 150), 0.55) * 0.6
        let wood = above(field(seed &+ 3, x, y, 300), 0.4)
        let water = above(field(seed &+ 4, x, y, 800), 0.6) * 2.5
        let hour = time.timeIntervalSince1970.truncatingRemainder(dividingBy: 86_400) / 3600
        let traffic = 0.5 + 0.5 * cos((hour - 17) / 12 * .pi)
        let vehicle = road * traffic * above(field(seed &+ 5, x, y, 60), 0.5) * 0.3
        let person = above(field(seed &+ 6, x + hour * 900, y, 40), 0.8) * 0.01
        let sizes = [town, road, wood, 0.25, vehicle, person, water, 0.05].map { $0 < 0.002 ? 0 : $0 }
        let total = sizes.reduce(0, +)
        return sizes.map { $0 / total }
    }
}

/// A field of the plane, 0 to 1, that changes within `size` metres: values on a lattice, and a smooth way between them.
private func field(_ seed: UInt64, _ x: Double, _ y: Double, _ size: Double) -> Double {
    func value(_ column: Int64, _ row: Int64) -> Double {
        var hash = seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: column) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ UInt64(bitPattern: row) &* 0x94D0_49BB_1331_11EB) &* 0xD6E8_FEB8_6659_FD93
        hash = (hash ^ hash >> 32) &* 0xD6E8_FEB8_6659_FD93
        return Double((hash ^ hash >> 29) >> 11) / Double(1 << 53)
    }
    let (u, v) = (x / size, y / size)
    let (column, row) = (Int64(u.rounded(.down)), Int64(v.rounded(.down)))
    func smooth(_ t: Double) -> Double { t * t * (3 - 2 * t) }
    let (a, b) = (smooth(u - Double(column)), smooth(v - Double(row)))
    let low = value(column, row) * (1 - a) + value(column + 1, row) * a
    let high = value(column, row + 1) * (1 - a) + value(column + 1, row + 1) * a
    return low * (1 - b) + high * b
}

/// SplitMix64.
struct Random {
    private var state: UInt64

    init(seed: UInt64, _ stream: UInt64) {
        state = seed &* 0xD6E8_FEB8_6659_FD93 ^ stream &* 0x9E37_79B9_7F4A_7C15
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func between(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * Double(next() >> 11) / Double(1 << 53)
    }

    /// Digits in base 16.
    mutating func hex(_ count: Int) -> String {
        String(unsafeUninitializedCapacity: count) { text in
            var bits = next()
            for place in 0..<count {
                if place % 16 == 0 { bits = next() }
                let digit = UInt8(truncatingIfNeeded: bits >> UInt64(place % 16 * 4) & 15)
                text[place] = digit < 10 ? 48 + digit : 87 + digit
            }
            return count
        }
    }

    /// A UUIDv7 of a time.
    mutating func uuid(_ time: Date) -> String {
        let digits = hex(19)
        let milliseconds = String(UInt64(time.timeIntervalSince1970 * 1000), radix: 16)
        let stamp = String(repeating: "0", count: 12 - milliseconds.count) + milliseconds
        return "\(stamp.prefix(8))-\(stamp.suffix(4))-7\(digits.prefix(3))-8\(digits.dropFirst(3).prefix(3))-"
            + digits.dropFirst(7)
    }
}
