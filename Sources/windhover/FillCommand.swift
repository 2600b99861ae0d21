import ArgumentParser
import Foundation
import Results

struct FillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fill",
        abstract: "Make a database of a made-up fleet, to measure queries on.",
        discussion: """
            Writes sessions and frames without pictures into a data folder of its own. Interrupted, the same command \
            goes on where it was. A million frames take about a minute and a gigabyte.
            """)

    @Option(help: "Folder for the database; made if it is not there.")
    var data: String

    @Option(help: "Frames, about.")
    var frames = 100_000

    @Option(help: "Drones.")
    var drones = 20

    @Option(help: "Days, the last of which is yesterday unless --start says otherwise.")
    var days = 7

    @Option(help: "The first day (RFC 3339).")
    var start: Timestamp?

    @Option(help: "Another seed, another fleet.")
    var seed: UInt64 = 1

    func validate() throws {
        guard (1...100_000_000).contains(frames), (1...10_000).contains(drones), (1...3660).contains(days) else {
            throw ValidationError("--frames must be 1 to 100000000, --drones 1 to 10000, --days 1 to 3660")
        }
    }

    func run() async throws {
        let store = try SQLiteStore.open(directory: URL(fileURLWithPath: data))
        let today = (Date().timeIntervalSince1970 / 86_400).rounded(.down) * 86_400
        let stored = try await store.extent(within: .everything)
        // Of an interrupted run the first day is where that began.
        let first =
            stored.from.map { ($0.timeIntervalSince1970 / 86_400).rounded(.down) * 86_400 }
            ?? start?.date.timeIntervalSince1970 ?? today - Double(days) * 86_400
        let fleet = SyntheticFleet(
            frames: frames, drones: drones, days: days, start: Date(timeIntervalSince1970: first), seed: seed)
        let clock = ContinuousClock.now
        var written = 0
        // The next day is thought up while one is written.
        func make(_ day: Int) -> Task<[SyntheticFleet.Flight], Never> {
            Task.detached { (0..<drones).flatMap { fleet.flights(of: $0, day: day) } }
        }
        var next = make(0)
        for day in 0..<days {
            let flights = await next.value
            next = make(day + 1)
            for hour in Batch.hours(of: flights) {
                if let to = stored.to, hour.time < to { continue }
                try await store.fill(sessions: hour.sessions, frames: hour.frames)
                written += hour.frames.count
            }
            let seconds = (ContinuousClock.now - clock) / .seconds(1)
            Terminal.say(
                "day \(day + 1) of \(days): \(written) frames, \((Double(written) / seconds).fixed(0)) a second")
        }
        next.cancel()
        let size = store.statistics().databaseBytes
        try await store.close()
        Terminal.say("\(data) has \(Double(size) / 1e9 < 0.1 ? "less than 0.1" : (Double(size) / 1e9).fixed(1)) GB")
    }

    /// What is written in one transaction: an hour of the whole fleet, so that an interrupted run knows where it was.
    private struct Batch {
        var time: Date
        var sessions: [SessionRecord] = []
        var frames: [FrameRecord] = []

        static func hours(of flights: [SyntheticFleet.Flight]) -> [Batch] {
            var batches: [Int: Batch] = [:]
            for flight in flights {
                for (number, frame) in flight.frames.enumerated() {
                    let hour = Int((frame.capturedAt.timeIntervalSince1970 / 3600).rounded(.down))
                    let time = Date(timeIntervalSince1970: Double(hour) * 3600)
                    if number == 0 { batches[hour, default: Batch(time: time)].sessions.append(flight.session) }
                    batches[hour, default: Batch(time: time)].frames.append(frame)
                }
            }
            return batches.sorted { $0.key < $1.key }.map { item in
                var batch = item.value
                batch.frames.sort { $0.capturedAt < $1.capturedAt }
                return batch
            }
        }
    }
}
