import ArgumentParser
import Foundation
import Results

struct DBCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db", abstract: "Look after a data folder.", subcommands: [Check.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Check the database, and every picture that a frame points at.",
            discussion: """
                A server may be using the folder meanwhile; a backup can be checked as well. The exit status is 1 where \
                something is damaged. Pictures that were removed, and packs that no frame points at, are no damage.
                """)

        @Option(help: "Data folder, or folder of a backup.")
        var data = "data"

        @Flag(help: "Print one JSON object instead of text.")
        var json = false

        func run() throws {
            var steps = StepProgress()
            let check = try failing {
                try DataCheck(folder: URL(fileURLWithPath: data)) { step in
                    steps.show(step.stage.rawValue, done: step.done, total: step.total)
                }
            }
            let report = try failing { try check.run() }
            steps.finish()
            if json {
                Terminal.print(try JSONLines.encode(report))
            } else {
                show(report)
            }
            guard report.isSound else { throw ExitCode.failure }
        }

        private func show(_ report: DataCheck.Report) {
            Terminal.print("sessions               \(report.sessions)")
            Terminal.print("frames                 \(report.frames)")
            Terminal.print("pictures               \(report.pictures), \(ByteText.of(report.pictureBytes))")
            Terminal.print("  removed              \(report.removedPictures)")
            Terminal.print("  damaged              \(report.damagedPictures)")
            Terminal.print("packs without frames   \(report.orphanPacks), \(ByteText.of(report.orphanBytes))")
            Terminal.print("miscounted sessions    \(report.miscountedSessions)")
            Terminal.print("dangling references    \(report.danglingReferences)")
            Terminal.print("SQLite's own check     \(report.integrity.isEmpty ? "ok" : "failed")")
            (report.integrity + report.examples).forEach { Terminal.print("  \($0)") }
            Terminal.print(report.isSound ? "all is well" : "something is damaged")
        }
    }
}
