import Foundation
import Testing

extension EndToEndTests {
    @Suite("windhover keys") struct KeysCommandTests {
        private static func keys(_ arguments: [String], _ data: URL) async throws -> ChildProcess.Outcome {
            try await ChildProcess.run(["keys"] + arguments, environment: ["WINDHOVER_DATA": data.path])
        }

        private static func create(_ arguments: [String], _ data: URL) async throws -> (token: String, id: String) {
            let outcome = try await keys(["create"] + arguments, data)
            #expect(outcome.status == 0, "\(outcome.errors)")
            // Nothing but the key is on standard output.
            let token = try #require(outcome.outputLines.first)
            #expect(outcome.outputLines.count == 1)
            return (token, String(try #require(token.split(separator: "_").dropFirst().first)))
        }

        @Test("A key that was made before the server lets it listen everywhere, and one made beside it works soon")
        func lifeOfKeys() async throws {
            try await withFolder { folder in
                let data = folder.appending(path: "data")
                let first = try await Self.create(["--name", "the tower", "--scope", "read"], data)
                try await withServer(data: data, arguments: ["--host", "0.0.0.0"]) { server in
                    func status(_ token: String) async throws -> Int {
                        try await server.send(
                            "GET", "/v1/sessions", headers: ["Authorization": "Bearer \(token)"]
                        ).status
                    }
                    #expect(try await server.send("GET", "/v1/sessions").status == 401)
                    #expect(try await status(first.token) == 200)
                    let second = try await Self.create(
                        [
                            "--name", "kestrel-7's own", "--scope", "ingest", "--scope", "read", "--drone", "kestrel-7",
                            "--mission", "survey", "--expires", "30d", "--rate-limit", "100",
                        ], data)
                    // The server looks once a second, and is asked until it has; its life span ends this if it does not.
                    // Not asked so often that it answers 429.
                    while try await status(second.token) != 200 { try await Task.sleep(for: .milliseconds(250)) }
                    let listed = try await Self.keys(["list"], data)
                    #expect(listed.status == 0 && !listed.output.contains(first.token))
                    for text in [first.id, second.id, "the tower", "kestrel-7's own", "ingest, read", "active"] {
                        #expect(listed.output.contains(text), "\(listed.output)")
                    }

                    // A stream that is open ends with its key.
                    let events = try ChildProcess(
                        ["-sN", "-H", "Authorization: Bearer \(first.token)", "\(server.url)/v1/events"],
                        program: try Program.tool("curl"))
                    for await line in events.lines where line.hasPrefix("id: ") { break }
                    let revoked = try await Self.keys(["revoke", first.id], data)
                    #expect(revoked.status == 0 && revoked.errors.contains("the tower"), "\(revoked.errors)")
                    let outcome = await events.outcome
                    // curl's 18: the answer was not whole.
                    #expect(outcome.status == 18 && !outcome.wasKilled, "\(outcome)")
                    #expect(try await status(first.token) == 401)
                    #expect(try await status(second.token) == 200)
                }
            }
        }

        @Test("windhover send needs no more than a key to ingest, for its own drone")
        func sending() async throws {
            try await withFolder { folder in
                let data = folder.appending(path: "data")
                let key = try await Self.create(
                    ["--name", "k7", "--scope", "ingest", "--drone", "kestrel-7"], data)
                let frames = folder.appending(path: "frames")
                try FileManager.default.createDirectory(at: frames, withIntermediateDirectories: true)
                try GoldenCase.any.frame(0).write(to: frames.appending(path: "0.png"))
                try await withServer(data: data) { server in
                    func send(_ drone: String) async throws -> ChildProcess.Outcome {
                        try await ChildProcess.run(
                            ["send", frames.path, "--server", server.url, "--drone", drone],
                            environment: ["WINDHOVER_API_KEY": key.token])
                    }
                    let own = try await send("kestrel-7")
                    #expect(own.status == 0, "\(own.errors)")
                    let other = try await send("kestrel-8")
                    #expect(other.status != 0 && other.errors.contains("kestrel-7"), "\(other.errors)")
                }
            }
        }

        @Test(
            "What makes no sense is refused, and nothing is made",
            arguments: [
                ["create", "--name", "x"], ["create", "--scope", "read"],
                ["create", "--name", "x", "--scope", "write"],
                ["create", "--name", "x", "--scope", "admin", "--drone", "a"],
                ["create", "--name", "x", "--scope", "read", "--expires", "soon"],
                ["create", "--name", "x", "--scope", "read", "--expires", "2001-01-01T00:00:00Z"],
                ["create", "--name", "x", "--scope", "read", "--rate-burst", "5"],
                ["create", "--name", "x", "--scope", "read", "--rate-limit", "0"],
                ["create", "--name", "", "--scope", "read"], ["list"], ["revoke", "nobodys1"],
            ])
        func refusals(arguments: [String]) async throws {
            try await withFolder { folder in
                let data = folder.appending(path: "data")
                let outcome = try await Self.keys(arguments, data)
                #expect(outcome.status != 0 && !outcome.wasKilled && outcome.output.isEmpty, "\(outcome.output)")
                #expect(!FileManager.default.fileExists(atPath: data.path))
            }
        }
    }
}
