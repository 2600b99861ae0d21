import Foundation
import Testing

extension EndToEndTests {
    @Suite("windhover's help") struct HelpTests {
        @Test("Each command's help tells of each of its options")
        func options() async throws {
            let dump = try await ChildProcess.run(["--experimental-dump-help"])
            let tool = try JSONDecoder().decode(Tool.self, from: Data(dump.output.utf8))
            let commands = (tool.command.subcommands ?? []).filter { $0.commandName != "help" }
            #expect(
                Set(commands.map(\.commandName)).isSuperset(of: [
                    "serve", "send", "results", "models", "simulate", "evaluate", "bench", "backup", "restore", "db",
                ]))
            for command in commands { try await Self.check(command, [command.commandName]) }
        }

        private static func check(_ command: Tool.Command, _ path: [String]) async throws {
            let help = try await ChildProcess.run(path + ["--help"])
            let name = path.joined(separator: " ")
            #expect(help.status == 0, "\(name)")
            #expect(command.abstract?.isEmpty == false, "\(name)")
            for argument in command.arguments ?? [] where argument.kind != "positional" {
                let option = try #require(argument.preferredName?.name)
                #expect(help.output.contains("--\(option)"), "\(name) --\(option)")
                #expect(argument.abstract?.isEmpty == false, "\(name) --\(option) is not explained")
            }
            for inner in command.subcommands ?? [] where inner.commandName != "help" {
                try await check(inner, path + [inner.commandName])
            }
        }

        @Test("The program lists its commands and tells its version")
        func root() async throws {
            let help = try await ChildProcess.run(["--help"])
            #expect(help.status == 0)
            for command in [
                "serve", "send", "results", "models", "simulate", "evaluate", "bench", "backup", "restore", "db",
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
                let abstract: String?
                let arguments: [Argument]?
                let subcommands: [Command]?
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
