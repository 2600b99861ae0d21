import ArgumentParser
import Foundation
import Results

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a data folder, also while a server uses it.",
        discussion: """
            The copy is one consistent state: every frame in it has its pictures. Into a folder that holds a backup, only \
            what is new is copied. A backup that is cut short leaves the one before as it was.
            """)

    @Argument(help: "Folder for the backup; made if it is not there.")
    var destination: String

    @Option(help: "Data folder of the server.")
    var data = "data"

    func run() throws {
        var steps = StepProgress()
        let backup = Backup(of: URL(fileURLWithPath: data), to: URL(fileURLWithPath: destination)) { step in
            steps.show(step)
        }
        let summary = try failing { try backup.run() }
        steps.finish()
        let (manifest, check) = (summary.manifest, summary.check)
        let pictures = manifest.packs.reduce(0) { $0 + $1.bytes }
        Terminal.print(
            """
            \(destination): \(manifest.frames) frames of \(manifest.sessions) sessions, \
            \(ByteText.of(manifest.databaseBytes + pictures)), of which \(ByteText.of(summary.copiedBytes)) were copied
            """)
        guard !check.isSound else { return }
        for example in check.examples { Terminal.say(example) }
        throw Failure("The data folder is damaged, and so is its copy: windhover db check --data \(data)")
    }
}

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a data folder of a backup.",
        discussion: """
            The backup is checked first. A restore that is cut short leaves a folder that no server opens; run it again.
            """)

    @Argument(help: "Folder of the backup.")
    var backup: String

    @Option(help: "Data folder to make; no server may be using it.")
    var data = "data"

    @Flag(help: "Remove what the data folder holds now.")
    var replace = false

    func run() throws {
        var steps = StepProgress()
        let restore = Restore(of: URL(fileURLWithPath: backup), to: URL(fileURLWithPath: data)) { steps.show($0) }
        let manifest = try failing { try restore.run(replacing: replace) }
        steps.finish()
        Terminal.print(
            "\(data): \(manifest.frames) frames of \(manifest.sessions) sessions, as of \(JSONLines.format(manifest.createdAt))"
        )
    }
}

/// Shows how far a copy has come, a line a step.
struct StepProgress {
    private var shown: (stage: String, percent: Int)?

    mutating func show(_ step: Backup.Progress) {
        show(step.stage.rawValue, done: step.done, total: step.total)
    }

    mutating func show(_ stage: String, done: Int, total: Int) {
        let percent = total > 0 ? 100 * min(done, total) / total : 100
        // Where nobody watches every tenth is enough.
        let step = Terminal.isWatched ? 1 : 10
        if let shown, shown.stage == stage, percent < shown.percent + step, percent < 100 || shown.percent == 100 {
            return
        }
        if Terminal.isWatched, let shown, shown.stage != stage { Terminal.say("") }
        shown = (stage, percent)
        let line = "\(stage) \(percent) %"
        Terminal.isWatched ? Terminal.say("\r\(line)\u{1B}[K", terminator: "") : Terminal.say(line)
    }

    func finish() {
        if Terminal.isWatched, shown != nil { Terminal.say("\r\u{1B}[K", terminator: "") }
    }
}

/// Bytes as people read them.
enum ByteText {
    static func of(_ bytes: Int) -> String {
        var (value, unit) = (Double(bytes), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        return "\(value.fixed(unit == 0 ? 0 : 1)) \(units[unit])"
    }
}

/// Runs work on a data folder and turns its errors into sentences.
func failing<Value>(_ work: () throws -> Value) throws -> Value {
    do {
        return try work()
    } catch let error as any CustomStringConvertible & Error {
        throw Failure(error.description)
    }
}
