import Foundation
import Testing

extension EndToEndTests {
    @Suite("windhover's help") struct HelpTests {
        @Test("Each command's help tells of each of its options")
        func options() async throws {
            let dump = try await ChildProcess.run(["--experimental-dump-help"])
            let tool = try JSONDecoder().decode(Tool.self, from: Data(dump.output.utf8))
            let commands = tool.command.leaves.filter { $0.commandName != "help" }
            #expect(
                Set(commands.map(\.commandName)).isSuperset(of: [
                    "serve", "send", "results", "models", "simulate", "evaluate", "bench", "create", "list", "revoke",
                    "backup", "restore", "check",
                ]))
            for command in commands {
                let help = try await ChildProcess.run(
                    (command.superCommands ?? []).dropFirst() + [command.commandName, "--help"])
                #expect(help.status == 0, "\(command.commandName)")
                #expect(command.abstract?.isEmpty == false, "\(command.commandName)")
                for argument in command.arguments ?? [] where argument.kind != "positional" {
                    let name = try #require(argument.preferredName?.name)
                    #expect(help.output.contains("--\(name)"), "\(command.commandName) --\(name)")
                    #expect(argument.abstract?.isEmpty == false, "\(command.commandName) --\(name) is not explained")
                }
            }
        }

        @Test("The program lists its commands and tells its version")
        func root() async throws {
            let help = try await ChildProcess.run(["--help"])
            #expect(help.status == 0)
            for command in [
                "serve", "send", "results", "models", "simulate", "evaluate", "bench", "keys", "backup", "restore",
                "db",
            ] {
                #expect(help.output.contains("  \(command) "), "\(help.output)")
            }
            let version = try await ChildProcess.run(["--version"])
            #expect(version.status == 0 && version.output.contains(/windhover \d+\.\d+\.\d+/))
            let wrong = try await ChildProcess.run(["hover"])
            #expect(wrong.status != 0 && wrong.errors.contains("hover"))
        }

        /// What ArgumentParser knows of the program, as it writes it for other programs.
        private struct Tool: Decodable {
            let command: Command

            struct Command: Decodable {
                let commandName: String
                let superCommands: [String]?
                let abstract: String?
                let arguments: [Argument]?
                let subcommands: [Command]?

                /// Those that do something themselves.
                var leaves: [Command] {
                    let inside = (subcommands ?? []).flatMap(\.leaves)
                    return inside.isEmpty ? [self] : inside
                }
            }

            struct Argument: Decodable {
                let kind: String
                let preferredName: Name?
                let abstract: String?
            }

            struct Name: Decodable {
                let name: String
            }
        }
    }
}
