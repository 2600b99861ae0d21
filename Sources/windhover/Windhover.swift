import ArgumentParser
import CKernels
import Foundation

@main
struct Windhover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "windhover",
        abstract: "Temporally consistent segmentation of drone video, as a service.",
        version: "windhover 0.1.0",
        subcommands: [
            ServeCommand.self, SendCommand.self, VideoCommand.self, ResultsCommand.self, ModelsCommand.self,
            SimulateCommand.self, EvaluateCommand.self, BenchCommand.self, KeysCommand.self, BackupCommand.self,
            RestoreCommand.self, DBCommand.self, FillCommand.self, QueriesCommand.self,
        ])

    static func main() async {
        if let command = CommandLine.arguments.dropFirst().first, ["send", "simulate"].contains(command) {
            Precedence.yieldToServer()
        }
        windhover_keep_blocks()
        do {
            // Settings from the environment and a file become arguments, so that there is one way they are checked.
            let arguments = try Settings.complete(Array(CommandLine.arguments.dropFirst()))
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error)
        }
    }
}
