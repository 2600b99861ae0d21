import ArgumentParser
import WindhoverClient

struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List the models a server can run.")

    @OptionGroup var client: ClientOptions

    @Flag(help: "Print lines of JSON instead of a table.")
    var json = false

    func run() async throws {
        let models = try await client.explaining { try await client.makeClient().models() }
        if json {
            for model in models { Terminal.print(try JSONLines.encode(model)) }
            return
        }
        var table = Table([
            ("model", .left), ("version", .left), ("input", .left), ("a session", .right), ("classes", .left),
        ])
        for model in models {
            table.add([
                model.name + (model.isDefault == true ? " *" : ""), model.version ?? "",
                model.input.map { "\($0.width)×\($0.height)" } ?? "",
                model.stateBytes.map { "\((Double($0) / 1_048_576).fixed(1)) MiB" } ?? "",
                (model.classes ?? []).map(\.name).joined(separator: ", "),
            ])
        }
        guard !table.isEmpty else { return Terminal.say("The server has no models.") }
        table.lines.forEach(Terminal.print)
        if models.contains(where: { $0.isDefault == true }) { Terminal.say("* for sessions that name none") }
    }
}
