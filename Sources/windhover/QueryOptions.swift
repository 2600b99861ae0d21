import ArgumentParser
import Logging
import Results

/// How the server treats queries.
struct QueryOptions: ParsableArguments {
    @Option(help: "Seconds that a query of frames or a summary may take before it is given up.")
    var queryTime = 5

    func validate() throws {
        guard (1...600).contains(queryTime) else {
            throw ValidationError("--query-time must be 1 to 600, not \(queryTime)")
        }
    }

    func apply(to options: inout SQLiteStore.Options, _ logger: Logger) {
        options.queryTime = .seconds(queryTime)
        options.onMigration = { progress in
            logger.notice(
                "summing up the frames stored so far; this is done once",
                metadata: ["done": "\(progress.done)", "of": "\(progress.total)"])
        }
    }
}
