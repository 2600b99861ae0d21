import ArgumentParser
import Foundation
import Simulation
import WindhoverClient

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Fly a simulated drone over a town: to a folder, or straight to a server.",
        discussion: """
            With --out, writes pictures, exact labels and flight.jsonl with exact homographies. Without it, flies to \
            the server. The same seed and options give the same flight.
            """)

    @Option(help: "Write the flight to this folder instead of sending it.")
    var out: String?

    @Flag(help: "Write pictures as PNG instead of JPEG.")
    var png = false

    @Option(help: "How many frames to fly.")
    var frames = 300

    @Option(help: "Frames a second of flight.")
    var fps = 10.0

    @Option(help: "Width of the pictures in pixels.")
    var width = 1280

    @Option(help: "Height of the pictures in pixels.")
    var height = 720

    @Option(help: "Which world, and which flight over it.")
    var seed: UInt64 = 1

    @Option(help: "How to fly: orbit, transit, survey or hover.")
    var plan = "orbit"

    @Option(help: "Metres above ground (default: the plan's).")
    var altitude: Double?

    @Option(help: "Degrees above the horizon; -90 looks straight down (default: the plan's).")
    var pitch: Double?

    @Option(help: "Metres per second (default: the plan's).")
    var speed: Double?

    @Option(help: "From this frame on the camera is somewhere else; may be repeated.")
    var cutAt: [Int] = []

    @Option(help: "FRAME:SECONDS pass unseen before this frame; may be repeated.")
    var gapAt: [Gap] = []

    @OptionGroup(title: "Flying to a server") var client: ClientOptions
    @OptionGroup(title: "Flying to a server") var stream: StreamOptions

    @Flag(help: "Send frames at --fps, instead of as fast as the server takes them.")
    var live = false

    @Flag(help: "Send the exact homographies, so that the server need not register frames.")
    var useHomography = false

    @Flag(help: "Compare the masks with the truth.")
    var score = false

    /// An event on the command line.
    struct Gap: ExpressibleByArgument {
        let frame: Int
        let seconds: Double

        init?(argument: String) {
            let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let frame = Int(parts[0]), let seconds = Double(parts[1]), seconds > 0 else {
                return nil
            }
            (self.frame, self.seconds) = (frame, seconds)
        }
    }

    func validate() throws {
        guard FlightPlan(name: plan) != nil else {
            let known = FlightPlan.named.keys.sorted().joined(separator: ", ")
            throw ValidationError("there is no plan \"\(plan)\"; known are \(known)")
        }
        guard frames > 0, fps > 0 else { throw ValidationError("--frames and --fps must be positive") }
        guard (16...8192).contains(width), (16...8192).contains(height) else {
            throw ValidationError("--width and --height must be 16 to 8192")
        }
        if let altitude, !(2...500).contains(altitude) { throw ValidationError("--altitude must be 2 to 500") }
        if let pitch, !(-90...(-10)).contains(pitch) { throw ValidationError("--pitch must be -90 to -10") }
        if out != nil, score || live || useHomography || stream.session != nil {
            throw ValidationError("--score, --live, --use-homography and --session are for flying to a server")
        }
        if out == nil, png { throw ValidationError("--png is for writing to a folder") }
    }

    func run() async throws {
        if let out {
            try record(to: URL(fileURLWithPath: out))
        } else {
            let sender = try FrameSender(client, options: stream, pace: live ? fps : nil, scores: score)
            let source = SimulatedSource(makeFlight(), frames: frames, usesHomography: useHomography)
            try await client.explaining { try await sender.run(source) }
        }
    }

    private func makeFlight() -> SimulatedFlight {
        var flightPlan = FlightPlan(name: plan) ?? .orbit
        flightPlan.altitude = altitude ?? flightPlan.altitude
        flightPlan.pitch = pitch ?? flightPlan.pitch
        flightPlan.speed = speed ?? flightPlan.speed
        for frame in cutAt { flightPlan.events[frame] = .cut }
        for gap in gapAt { flightPlan.events[gap.frame] = .gap(seconds: gap.seconds) }
        // Files are to be the same each time; a server is to see frames of today.
        let start = out == nil ? Date() : SimulatedFlight.defaultStart
        Terminal.say("Painting world \(seed) …")
        return SimulatedFlight(seed: seed, width: width, height: height, fps: fps, plan: flightPlan, start: start)
    }

    private func record(to folder: URL) throws {
        let flight = makeFlight()
        let recorder = try FlightRecorder(folder: folder, format: png ? .png : .jpg)
        var bar = ProgressBar(total: frames)
        for index in 0..<frames {
            try recorder.record(flight.frame(index))
            bar.update(done: index + 1, note: "to \(folder.path)")
        }
        try recorder.finish()
        bar.finish()
        Terminal.say("\(frames) frames with labels and flight.jsonl are in \(folder.path)")
    }
}
