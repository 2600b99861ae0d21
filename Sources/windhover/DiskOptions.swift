import ArgumentParser
import Results

/// From how little free room on the data folder's disk something is done.
struct DiskOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Free room below which it is said: bytes, a share of the disk, or both, and then the lesser counts.",
            valueName: "room"))
    var diskWarn = Room(argument: "10G,10%")!

    @Option(help: ArgumentHelp("Free room below which pictures are no longer stored.", valueName: "room"))
    var diskLow = Room(argument: "4G,5%")!

    @Option(help: ArgumentHelp("Free room below which frames are refused.", valueName: "room"))
    var diskFull = Room(argument: "1G,2%")!

    func validate() throws {
        for (less, name, more, other) in [
            (diskFull, "full", diskLow, "low"), (diskLow, "low", diskWarn, "warn"),
        ] {
            // Of any disk: each part by itself, where both have it.
            let isBytes = less.threshold.bytes.flatMap { a in more.threshold.bytes.map { a <= $0 } } ?? true
            let isShare = less.threshold.fraction.flatMap { a in more.threshold.fraction.map { a <= $0 } } ?? true
            guard isBytes, isShare else {
                throw ValidationError("--disk-\(name) must not be more than --disk-\(other)")
            }
        }
    }

    var thresholds: DiskThresholds {
        var thresholds = DiskThresholds()
        (thresholds.warn, thresholds.low, thresholds.full) =
            (diskWarn.threshold, diskLow.threshold, diskFull.threshold)
        return thresholds
    }
}

/// Free room: `4G`, `5%`, or `4G,5%`.
struct Room: ExpressibleByArgument, CustomStringConvertible {
    let threshold: DiskThreshold
    let description: String

    init?(argument: String) {
        var threshold = DiskThreshold()
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            if part.hasSuffix("%") {
                guard threshold.fraction == nil, let percent = Double(part.dropLast()), (0...100).contains(percent)
                else { return nil }
                threshold.fraction = percent / 100
            } else {
                guard threshold.bytes == nil, let bytes = ByteCount(argument: String(part))?.bytes else { return nil }
                threshold.bytes = bytes
            }
        }
        self.threshold = threshold
        description = argument
    }

    var defaultValueDescription: String { description }
}
