import Foundation
import Testing
import WindhoverClient

extension EndToEndTests {
    @Suite("windhover serve's settings") struct SettingsTests {
        @Test("The command line counts before the environment, the environment before the file")
        func precedence() async throws {
            try await withFolder { folder in
                let file = folder.appending(path: "windhover.yaml")
                let names = try GoldenCase.all.map { try $0.model }
                // Each setting in as many places as shall be overruled.
                try Data("max_body: 3\nqueue: 3\nstate-precision: float32\ndefault-model: \(names[0])\n".utf8)
                    .write(to: file)
                try await withServer(
                    data: folder.appending(path: "data"), arguments: ["--max-body", "1", "--config", file.path],
                    environment: ["WINDHOVER_MAX_BODY": "2", "WINDHOVER_DEFAULT_MODEL": names[1]]
                ) { server in
                    let models = try await server.client.models()
                    #expect(models.first { $0.isDefault == true }?.name == names[1])
                    let session = try await server.client.createSession()
                    #expect(session.options?.statePrecision == "float32")
                    let refused = try await server.put(Data(count: 1 << 20 + 1), 0, to: session.id)
                    #expect(refused.status == 413)
                    #expect(refused.json["limit_bytes"] as? Int == 1 << 20)
                }
            }
        }

        @Test("Keys are asked for, and commands show them")
        func keys() async throws {
            try await withFolder { data in
                let keys = "0123456789abcdef,fedcba9876543210"
                try await withServer(data: data, environment: ["WINDHOVER_API_KEY": keys]) { server in
                    #expect(try await server.send("GET", "/v1/models").status == 401)
                    #expect(try await server.send("GET", "/healthz").status == 200)
                    let without = try await ChildProcess.run(["models", "--server", server.url])
                    #expect(without.status != 0 && without.errors.contains("--api-key"), "\(without.errors)")
                    for environment in [["WINDHOVER_API_KEY": keys], ["WINDHOVER_API_KEY": "fedcba9876543210"]] {
                        let with = try await ChildProcess.run(
                            ["models", "--server", server.url], environment: environment)
                        #expect(with.status == 0, "\(with.errors)")
                    }
                }
            }
        }

        @Test(
            "Settings that make no sense are refused, and named",
            arguments: [
                (file: "prot: 9000", arguments: [], names: ["prot", "windhover.yaml"]),
                (file: "port: many", arguments: [], names: ["port", "many"]),
                (file: "- port", arguments: [], names: ["windhover.yaml", "name: value"]),
                (file: "port: [", arguments: [], names: ["windhover.yaml", "YAML"]),
                (file: "insecure: perhaps", arguments: [], names: ["insecure", "perhaps"]),
                (file: "", arguments: ["--port", "70000"], names: ["--port", "70000"]),
                (file: "", arguments: ["--prot", "1"], names: ["--prot"]),
                (file: "", arguments: ["--host", "0.0.0.0"], names: ["0.0.0.0", "--api-key", "--insecure"]),
                (file: "host: 0.0.0.0", arguments: [], names: ["0.0.0.0", "--api-key", "--insecure"]),
                (file: "", arguments: ["--api-key", "short"], names: ["--api-key", "16"]),
                (file: "", arguments: ["--tls-key", "k.pem"], names: ["--tls-certificate", "--tls-key"]),
                (file: "tls-client-ca: ca.pem", arguments: [], names: ["--tls-client-ca", "--tls-certificate"]),
                (file: "", arguments: ["--rate-limit", "-1"], names: ["--rate-limit"]),
                (file: "rate-burst: 5", arguments: [], names: ["--rate-burst", "--rate-limit"]),
                (file: "", arguments: ["--default-model", "eagle"], names: ["eagle", "--default-model"]),
                (file: "", arguments: ["--device", "TPU"], names: ["TPU"]),
                (file: "", arguments: ["--keep-rows", "30"], names: ["--keep-rows", "30"]),
                (file: "keep-pictures: soon", arguments: [], names: ["keep-pictures", "soon"]),
                (file: "", arguments: ["--max-pictures", "0G"], names: ["--max-pictures", "0G"]),
                (file: "", arguments: ["--keep-mission", "park=rows:3d,rows:4d"], names: ["--keep-mission"]),
                (
                    file: "keep-mission: [park=rows:3d, park=rows:4d]", arguments: [],
                    names: ["--keep-mission", "twice"]
                ),
                (file: "", arguments: ["--disk-low", "20G,5%"], names: ["--disk-low", "--disk-warn"]),
                (file: "", arguments: ["--disk-full", "half"], names: ["--disk-full", "half"]),
            ])
        func refused(file: String, arguments: [String], names: [String]) async throws {
            try await withFolder { folder in
                let config = folder.appending(path: "windhover.yaml")
                try Data(file.utf8).write(to: config)
                let outcome = try await Self.serve(folder, ["--config", config.path] + arguments)
                #expect(outcome.status != 0 && !outcome.wasKilled)
                for name in names { #expect(outcome.errors.contains(name), "\(outcome.errors)") }
                #expect(!outcome.output.contains("listening"))
            }
        }

        @Test("A config file that is not there is named")
        func missingFile() async throws {
            try await withFolder { folder in
                let outcome = try await Self.serve(folder, ["--config", "/nowhere/windhover.yaml"])
                #expect(outcome.status != 0 && outcome.errors.contains("/nowhere/windhover.yaml"), "\(outcome.errors)")
            }
        }

        @Test("Two servers do not share a data folder, nor a port")
        func shared() async throws {
            try await withFolder { folder in
                let data = folder.appending(path: "data")
                try await withServer(data: data) { server in
                    let second = try await Self.serve(folder)
                    #expect(second.status != 0 && second.errors.contains(data.path), "\(second.errors)")
                    let third = try await Self.serve(
                        folder.appending(path: "other"), ["--port", "\(server.port)"])
                    #expect(third.status != 0 && !third.wasKilled)
                    #expect(third.errors.contains("is in use: stop what uses it"), "\(third.errors)")
                    #expect(try await server.send("GET", "/readyz").status == 200)
                }
            }
        }

        @Test("A bundle that is wrong is named with its file and key")
        func bundle() async throws {
            try await withFolder { folder in
                let models = folder.appending(path: "models")
                try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
                let none = try await Self.serve(folder, models: models)
                #expect(none.status != 0 && none.errors.contains("no model bundle"), "\(none.errors)")

                let copy = models.appending(path: "broken")
                try FileManager.default.copyItem(at: GoldenCase.any.directory, to: copy)
                let file = copy.appending(path: "model.json")
                let text = try String(contentsOf: file, encoding: .utf8)
                try Data(text.replacing("\"width\"", with: "\"breadth\"").utf8).write(to: file)
                let key = try await Self.serve(folder, models: models)
                #expect(
                    key.status != 0 && key.errors.contains("model.json") && key.errors.contains("breadth"),
                    "\(key.errors)")

                try Data(text.utf8).write(to: file)
                try Data([8, 1, 2, 3]).write(to: copy.appending(path: "image.onnx"))
                let network = try await Self.serve(folder, models: models)
                #expect(network.status != 0 && network.errors.contains("image.onnx"), "\(network.errors)")
            }
        }

        private static func serve(
            _ folder: URL, _ arguments: [String] = [], models: URL = GoldenCase.folder
        ) async throws -> ChildProcess.Outcome {
            try await ChildProcess.run(
                ["serve", "--models", models.path, "--data", folder.appending(path: "data").path]
                    + arguments)
        }
    }
}
