import API
import ArgumentParser
import Foundation
import Results

/// Works on the data folder itself: it is how the first key is made, and how one gets in again without any.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, list and revoke API keys of a data folder.",
        discussion: """
            A server that uses the folder notices within a second. As soon as a key has been made, the server asks for \
            keys, on loopback too. Run it as the user that the server runs as.
            """,
        subcommands: [Create.self, List.self, Revoke.self])

    struct Folder: ParsableArguments {
        @Option(help: "The server's data folder (default: $WINDHOVER_DATA, else data).")
        var data: String?

        var path: String { data ?? ProcessInfo.processInfo.environment["WINDHOVER_DATA"] ?? "data" }

        func open(creating: Bool = false) async throws -> KeyCabinet {
            try await KeyCabinet.open(directory: URL(fileURLWithPath: path), creating: creating)
        }

        /// As the audit log names who sits at this command line.
        static var actor: String { "command-line:\(NSUserName())" }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key, and print it: it cannot be shown again.")

        @OptionGroup var folder: Folder

        @Option(help: "Whose it is, for people.")
        var name: String

        @Option(help: "What it is good for: ingest, read or admin; may be given several times.")
        var scope: [KeyRecord.Scope]

        @Option(help: "See and write only this drone; may be given several times.")
        var drone: [String] = []

        @Option(help: "See and write only this mission; may be given several times.")
        var mission: [String] = []

        @Option(help: "When it ends: a time (RFC 3339), or days, hours or minutes from now, such as 30d, 12h or 5m.")
        var expires: Expiry?

        @Option(help: "Requests a second that it may make (default: the server's --rate-limit).")
        var rateLimit: Int?

        @Option(help: "Requests that it may make at once (default: what --rate-limit gives in two seconds).")
        var rateBurst: Int?

        func validate() throws {
            guard rateBurst == nil || rateLimit != nil else {
                throw ValidationError("--rate-burst needs --rate-limit")
            }
            // A multiple of it must not be beyond what there are numbers for.
            guard rateLimit.map(NewKey.rates.contains) ?? true else {
                throw ValidationError("--rate-limit must be 1 to \(NewKey.rates.upperBound)")
            }
        }

        func run() async throws {
            let now = Date()
            let rate = rateLimit.map { limit in
                rateBurst.map { KeyRecord.Rate(limit: limit, burst: $0) } ?? KeyRecord.Rate(limit: limit)
            }
            let bounds = Bounds(
                drones: drone.isEmpty ? nil : Set(drone), missions: mission.isEmpty ? nil : Set(mission))
            let (key, act, token): (KeyRecord, AuditRecord, KeyToken)
            do {
                (key, act, token) = try NewKey(
                    name: name, scopes: Set(scope), bounds: bounds, rate: rate, expiresAt: expires?.date(after: now)
                ).make(by: Folder.actor, from: nil, at: now)
            } catch {
                throw ValidationError(error.detail)
            }
            try await folder.open(creating: true).insert(key, by: act)
            // The key alone on standard output, for scripts.
            Terminal.say("Key \(key.id) was made in \(folder.path). It is shown this once:")
            Terminal.print(token.text)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List keys, newest first.")

        @OptionGroup var folder: Folder

        func run() async throws {
            let keys = try await folder.open().keys()
            guard !keys.isEmpty else { return Terminal.say("There are no keys.") }
            let now = Date()
            var table = Table([
                ("id", .left), ("name", .left), ("state", .left), ("scopes", .left), ("drones", .left),
                ("missions", .left), ("made", .left), ("expires", .left), ("last used", .left),
            ])
            func list(_ values: (some Collection<String>)?) -> String {
                values.map { $0.sorted().joined(separator: ", ") } ?? "all"
            }
            func time(_ date: Date?) -> String { date?.formatted(.iso8601) ?? "" }
            for key in keys {
                table.add([
                    key.id, key.name, key.state(at: now).rawValue, list(key.scopes.map(\.rawValue)),
                    list(key.bounds.drones), list(key.bounds.missions), time(key.createdAt), time(key.expiresAt),
                    time(key.lastUsedAt),
                ])
            }
            table.lines.forEach(Terminal.print)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key good for nothing; what goes on with it is cut off.")

        @OptionGroup var folder: Folder

        @Argument(help: "The key's id: the second part of the key itself, as \"windhover keys list\" shows it.")
        var id: String

        func run() async throws {
            let act = AuditRecord(at: Date(), actor: Folder.actor, action: "key-revoked", target: id)
            guard let key = try await folder.open().revokeKey(id, by: act) else {
                throw Failure("there is no key \(id) in \(folder.path)")
            }
            Terminal.say("Key \(key.id) (\(key.name)) is revoked.")
        }
    }

    /// A time, or how long from now.
    struct Expiry: ExpressibleByArgument {
        private enum Form {
            case at(Date)
            case after(TimeInterval)
        }

        private let form: Form

        init?(argument: String) {
            if let match = argument.wholeMatch(of: /(\d{1,5})([dhm])/), let number = Double(match.1) {
                form = .after(number * ["d": 86_400, "h": 3600, "m": 60][match.2]!)
            } else if let time = Timestamp(argument: argument) {
                form = .at(time.date)
            } else {
                return nil
            }
        }

        func date(after now: Date) -> Date {
            switch form {
            case .at(let date): date
            case .after(let seconds): now + seconds
            }
        }
    }
}

extension KeyRecord.Scope: ExpressibleByArgument {}
