import ArgumentParser
import Foundation
import Yams

/// Where `serve`'s options come from when the command line does not give them: the environment (`WINDHOVER_PORT` for
/// `--port`), then the file of `--config` or `WINDHOVER_CONFIG` (YAML or JSON, `port: 8080`).
enum Settings {
    /// The arguments with what the environment and the file add.
    ///
    /// Only `serve` has settings.
    static func complete(
        _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> [String] {
        guard arguments.first == "serve", !arguments.contains("--help"), !arguments.contains("-h") else {
            return arguments
        }
        var given = Set(
            arguments.filter { $0.hasPrefix("--") }.map { String($0.prefix { $0 != "=" }.dropFirst(2)) })
        var added: [String] = []
        func add(_ name: String, _ values: [String], from source: String) throws {
            guard !given.contains(name) else { return }
            given.insert(name)
            for value in values {
                guard flags.contains(name) else {
                    added += ["--\(name)=\(value)"]
                    continue
                }
                switch value.lowercased() {
                case "true", "1", "yes": added.append("--\(name)")
                case "false", "0", "no": break
                default: throw ValidationError("\(source): \"\(value)\" is neither true nor false")
                }
            }
        }

        for name in names.subtracting(["config"]) {
            let variable = "WINDHOVER_" + name.uppercased().replacing("-", with: "_")
            if let value = environment[variable], !value.isEmpty {
                // Lists are separated by commas; nothing else is a list.
                let values = lists.contains(name) ? value.split(separator: ",").map(String.init) : [value]
                try add(name, values, from: variable)
            }
        }
        if let file = file(arguments, environment) {
            for (name, values) in try contents(of: file) { try add(name, values, from: "\(file): \(name)") }
        }
        return arguments + added
    }

    /// Options that may be given several times.
    private static let lists: Set<String> = ["api-key", "allowed-host", "webhook-allow"]

    /// The options of `serve`, read off its help, so that there is one list of them; and those that take no value.
    private static let (names, flags): (Set<String>, Set<String>) = {
        var (names, flags): (Set<String>, Set<String>) = ([], [])
        for line in ServeCommand.helpMessage(columns: 400).split(separator: "\n") {
            guard let option = line.firstMatch(of: /^ +--([a-z-]+)( <)?/), option.1 != "version" else { continue }
            names.insert(String(option.1))
            if option.2 == nil { flags.insert(String(option.1)) }
        }
        return (names, flags)
    }()

    private static func file(_ arguments: [String], _ environment: [String: String]) -> String? {
        for (index, argument) in arguments.enumerated() {
            if argument.hasPrefix("--config=") { return String(argument.dropFirst("--config=".count)) }
            if argument == "--config", index + 1 < arguments.count { return arguments[index + 1] }
        }
        return environment["WINDHOVER_CONFIG"]
    }

    private static func contents(of file: String) throws -> [(String, [String])] {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw ValidationError("\(file): there is no such file, or it cannot be read")
        }
        let document: Any?
        do {
            document = try Yams.load(yaml: text)
        } catch {
            throw ValidationError("\(file): is not YAML: \(error)")
        }
        guard let settings = document as? [String: Any]? else {
            throw ValidationError("\(file): must hold settings, one \"name: value\" a line")
        }
        return try (settings ?? [:]).sorted { $0.key < $1.key }.map { key, value in
            let name = key.replacing("_", with: "-")
            guard names.contains(name), name != "config" else {
                throw ValidationError("\(file): unknown setting \"\(key)\" (windhover serve --help lists them)")
            }
            return (name, (value as? [Any] ?? [value]).map { "\($0)" })
        }
    }
}
