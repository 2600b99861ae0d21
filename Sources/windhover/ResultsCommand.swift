import ArgumentParser
import Foundation
import WindhoverClient

struct ResultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results", abstract: "List what the fleet has seen, newest first.")

    @OptionGroup var client: ClientOptions

    @Option(help: "Of this session. May be repeated, as may the next ones: any of them.")
    var session: [String] = []

    @Option(help: "Of this drone.")
    var drone: [String] = []

    @Option(help: "Of this mission.")
    var mission: [String] = []

    @Option(help: "Seen by this model.")
    var model: [String] = []

    @Option(help: "Segmented so: cold, propagated, reset, stateless or carried.")
    var mode: [String] = []

    @Option(help: "Not propagated for this reason, such as gap or registration.")
    var reason: [String] = []

    @Option(name: .customLong("class"), help: "Where this class was seen. May be repeated: all of them.")
    var classNames: [String] = []

    @Option(help: "Where the class covers at least this fraction of the frame, 0 to 1; of several classes each.")
    var minFraction: Double?

    @Flag(help: "Whose registration was lost.")
    var lost = false

    @Option(help: "Whose mean similarity is at most this, 0 to 1.")
    var maxSimilarity: Double?

    @Option(help: "Of which at least this fraction changed, 0 to 1.")
    var minChanged: Double?

    @Option(help: "Taken within west,south,east,north (degrees); west above east is across the antimeridian.")
    var bbox: BoxArgument?

    @Option(help: "Captured at this time (RFC 3339) or later.")
    var from: Timestamp?

    @Option(help: "Captured before this time (RFC 3339).")
    var to: Timestamp?

    @Flag(help: "The oldest first.")
    var oldestFirst = false

    @Option(help: "At most so many frames; 0 lists all.")
    var limit = 20

    @Flag(help: "Print lines of JSON instead of a table.")
    var json = false

    func validate() throws {
        if limit < 0 { throw ValidationError("--limit must not be negative") }
        if minFraction != nil, classNames.isEmpty { throw ValidationError("--min-fraction needs --class") }
    }

    func run() async throws {
        var query = FrameQuery(sessions: session, limit: limit == 0 ? 1000 : min(limit, 1000))
        (query.drones, query.missions, query.models) = (drone, mission, model)
        (query.modes, query.reasons) = (mode.map(FrameRecord.Mode.init(rawValue:)), reason)
        query.classes = classNames.map { .init($0, minFraction: minFraction ?? 0) }
        query.registrationOK = lost ? false : nil
        (query.maxSimilarity, query.minChanged, query.box) = (maxSimilarity, minChanged, bbox?.box)
        (query.from, query.to) = (from?.date, to?.date)
        query.order = oldestFirst ? .oldestFirst : .newestFirst
        let frames = try client.makeClient().allFrames(query).prefix(limit == 0 ? .max : limit)
        try await client.explaining {
            if json {
                for try await frame in frames { Terminal.print(try JSONLines.encode(frame)) }
            } else {
                try await show(frames)
            }
        }
    }

    /// Degrees to a metre.
    private static func place(_ position: Position?) -> String {
        guard let lat = position?.lat, let lon = position?.lon else { return "" }
        return "\(lat.fixed(5)), \(lon.fixed(5))"
    }

    private func show(_ frames: AsyncPrefixSequence<FrameSequence>) async throws {
        var table = Table([
            ("captured", .left), ("drone", .left), ("mission", .left), ("seq", .right), ("mode", .left),
            ("reason", .left), ("similarity", .right), ("changed", .right), ("position", .left),
            ("most seen", .left), ("frame", .left),
        ])
        for try await frame in frames {
            let most = frame.classes.sorted { $0.fraction > $1.fraction }.prefix(3).filter { $0.pixels > 0 }
            table.add([
                JSONLines.format(frame.capturedAt), frame.droneID ?? "", frame.missionID ?? "",
                "\(frame.sequence)", frame.mode.rawValue, frame.reason ?? "",
                frame.similarityMean?.fixed(2) ?? "",
                frame.changedFraction.map { "\((100 * $0).fixed(1)) %" } ?? "",
                Self.place(frame.position),
                most.map { "\($0.name) \((100 * $0.fraction).fixed(0)) %" }.joined(separator: ", "),
                frame.id,
            ])
        }
        guard !table.isEmpty else { return Terminal.say("Nothing was seen that fits.") }
        table.lines.forEach(Terminal.print)
    }
}

/// A time on the command line.
struct Timestamp: ExpressibleByArgument {
    let date: Date

    init?(argument: String) {
        let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = (try? fractional.parse(argument)) ?? (try? Date.ISO8601FormatStyle().parse(argument)) else {
            return nil
        }
        self.date = date
    }
}

/// A box on the command line: west, south, east and north, with commas between.
struct BoxArgument: ExpressibleByArgument {
    let box: FrameQuery.Box

    init?(argument: String) {
        let degrees = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        guard degrees.count == 4, let west = degrees[0], let south = degrees[1], let east = degrees[2],
            let north = degrees[3]
        else { return nil }
        box = FrameQuery.Box(west: west, south: south, east: east, north: north)
    }
}
