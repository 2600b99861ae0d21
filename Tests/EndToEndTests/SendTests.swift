import Foundation
import Imaging
import Testing
import WindhoverClient

extension EndToEndTests {
    @Suite("windhover send and simulate") struct SendTests {
        @Test("A simulated flight goes to a folder, then to a server, and is found in its results")
        func flight() async throws {
            try await withFolder { folder in
                let flight = folder.appending(path: "flight")
                let recorded = try await ChildProcess.run([
                    "simulate", "--out", flight.path, "--frames", "5", "--width", "160", "--height", "96",
                ])
                #expect(recorded.status == 0, "\(recorded.errors)")
                #expect(try flight.appending(path: "frames").contents.count == 5)
                #expect(try flight.appending(path: "labels").contents.count == 5)

                try await withServer(data: folder.appending(path: "data")) { server in
                    let masks = folder.appending(path: "masks")
                    let sent = try await ChildProcess.run([
                        "send", flight.path, "--server", server.url, "--masks", masks.path, "--drone", "kestrel-7",
                        "--json",
                    ])
                    #expect(sent.status == 0, "\(sent.errors)")
                    let records = try Self.records(sent.output)
                    #expect(records.map { $0["sequence"] as? Int } == Array(0..<5))
                    #expect(
                        records.allSatisfy {
                            $0["drone_id"] as? String == "kestrel-7" && $0["position"] is [String: Any]
                        })
                    #expect(sent.errors.contains("5 frames in"), "the summary is for people: \(sent.errors)")
                    #expect(try masks.contents == (0..<5).map { "00000\($0).png" })
                    let mask = try LabelMap(png: Data(contentsOf: masks.appending(path: "000004.png")))
                    #expect((mask.width, mask.height) == (160, 96))

                    let results = try await ChildProcess.run(
                        ["results", "--json", "--drone", "kestrel-7", "--limit", "0"],
                        environment: ["WINDHOVER_SERVER": server.url])
                    #expect(results.status == 0, "\(results.errors)")
                    let found = try Self.records(results.output)
                    #expect(found.map { $0["id"] as? String } == records.reversed().map { $0["id"] as? String })

                    let table = try await ChildProcess.run(["results", "--server", server.url, "--limit", "2"])
                    #expect(table.outputLines.count == 3 && table.output.hasPrefix("captured"), "\(table.output)")
                    #expect(table.output.contains("kestrel-7"))
                }
            }
        }

        @Test("A homography that leads from a picture that is not sent is not sent either")
        func skippedPicture() async throws {
            try await withFolder { folder in
                let flight = folder.appending(path: "flight")
                let recorded = try await ChildProcess.run([
                    "simulate", "--out", flight.path, "--frames", "5", "--width", "160", "--height", "96", "--png",
                ])
                #expect(recorded.status == 0, "\(recorded.errors)")
                try FileManager.default.removeItem(at: flight.appending(path: "frames/000002.png"))
                try await withServer(data: folder.appending(path: "data")) { server in
                    let sent = try await ChildProcess.run([
                        "send", flight.path, "--server", server.url, "--use-homography", "--json",
                    ])
                    #expect(sent.status == 0, "\(sent.errors)")
                    let methods = try Self.records(sent.output).map {
                        ($0["registration"] as? [String: Any])?["method"] as? String
                    }
                    #expect(methods == [nil, "supplied", "klt", "supplied"])
                }
            }
        }

        @Test("A simulated flight goes straight to a server and its masks are compared with the truth")
        func score() async throws {
            try await withServer { server in
                let flown = try await ChildProcess.run([
                    "simulate", "--server", server.url, "--score", "--use-homography", "--frames", "4", "--width",
                    "160",
                    "--height", "96",
                ])
                #expect(flown.status == 0, "\(flown.errors)")
                #expect(flown.output.contains("4 frames in"), "\(flown.output)")
                #expect(flown.output.contains(/mIoU 0\.\d{3} over \d classes/), "\(flown.output)")
                let frames = try await server.client.frames().items
                #expect(frames.count == 4)
                #expect(frames.filter { $0.registration?.method == "supplied" }.count == 3)
            }
        }

        @Test("Models are listed")
        func models() async throws {
            try await withServer { server in
                let listed = try await ChildProcess.run(["models", "--json", "--server", server.url])
                #expect(listed.status == 0, "\(listed.errors)")
                let names = try Self.records(listed.output).compactMap { $0["name"] as? String }
                #expect(try Set(names) == Set(GoldenCase.all.map { try $0.model }))
                let table = try await ChildProcess.run(["models", "--server", server.url])
                #expect(try GoldenCase.all.allSatisfy { try table.output.contains($0.model) }, "\(table.output)")
            }
        }

        @Test("A server that dies and comes back costs time, and no frame is run twice")
        func retry() async throws {
            try await withFolder { folder in
                let (frames, data) = (folder.appending(path: "frames"), folder.appending(path: "data"))
                try Pictures.folder(frames, count: 30)
                var server = try await Server(data: data)
                let send = try ChildProcess([
                    "send", frames.path, "--server", server.url, "--fps", "30", "--json", "--keep-open",
                ])
                var received = 0
                for await _ in send.lines {
                    received += 1
                    guard received == 8 || received == 16 else { continue }
                    await server.process.killAndWait()
                    server = try await Server(data: data, port: server.port)
                }
                let outcome = await send.outcome
                #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome.errors)")
                let records = try Self.records(outcome.output)
                #expect(records.map { $0["sequence"] as? Int } == Array(0..<30))
                let stored = try await server.client.frames(FrameQuery(limit: 1000)).items
                #expect(stored.map(\.sequence) == Array((0..<30).reversed()))
                #expect(stored.filter { $0.stageMs?["resume"] != nil }.count == 2)
                await server.process.killAndWait()
            }
        }

        @Test("Ctrl-C ends the session, tells what was sent, and ends with 130")
        func interrupt() async throws {
            try await withFolder { folder in
                try Pictures.folder(folder.appending(path: "frames"), count: 100)
                try await withServer(data: folder.appending(path: "data")) { server in
                    let send = try ChildProcess([
                        "send", folder.appending(path: "frames").path, "--server", server.url, "--fps", "5", "--json",
                    ])
                    var lines = send.lines.makeAsyncIterator()
                    for _ in 0..<2 { _ = await lines.next() }
                    send.signal(SIGINT)
                    let outcome = await send.outcome
                    #expect(outcome.status == 130, "\(outcome.errors)")
                    #expect(outcome.errors.contains("(ended)"), "\(outcome.errors)")
                    #expect(try await server.client.sessions().map(\.state) == [.ended])
                }
            }
        }

        @Test("A session is continued after its last frame")
        func continued() async throws {
            try await withFolder { folder in
                let frames = folder.appending(path: "frames")
                try Pictures.folder(frames, count: 3)
                try await withServer(data: folder.appending(path: "data")) { server in
                    let first = try await ChildProcess.run(["send", frames.path, "--server", server.url, "--keep-open"])
                    #expect(first.status == 0, "\(first.errors)")
                    let session = try #require(try await server.client.sessions().first)
                    let second = try await ChildProcess.run([
                        "send", frames.path, "--server", server.url, "--session", session.id,
                    ])
                    #expect(second.status == 0, "\(second.errors)")
                    #expect(try await server.frames(of: session.id).map(\.sequence) == Array(0..<6))
                    let third = try await ChildProcess.run([
                        "send", frames.path, "--server", server.url, "--session", session.id,
                    ])
                    #expect(third.status != 0 && third.errors.contains("has ended"), "\(third.errors)")
                }
            }
        }

        @Test("What cannot be sent is named")
        func faults() async throws {
            try await withFolder { folder in
                let (empty, frames) = (folder.appending(path: "empty"), folder.appending(path: "frames"))
                try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
                try Pictures.folder(frames, count: 3)
                try Data("no picture at all".utf8).write(to: frames.appending(path: "1.png"))
                try await withServer(data: folder.appending(path: "data")) { server in
                    func send(_ source: String, _ arguments: String...) async throws -> ChildProcess.Outcome {
                        try await ChildProcess.run(["send", source, "--server", server.url] + arguments)
                    }
                    let absent = try await ChildProcess.run(["send", frames.path, "--server", "http://127.0.0.1:9"])
                    #expect(absent.status != 0 && absent.errors.contains("windhover serve"), "\(absent.errors)")
                    let nowhere = try await send(folder.path + "/nowhere")
                    #expect(nowhere.status != 0 && nowhere.errors.contains("there is no"), "\(nowhere.errors)")
                    let nothing = try await send(empty.path)
                    #expect(nothing.status != 0 && nothing.errors.contains("holds no pictures"), "\(nothing.errors)")
                    let model = try await send(frames.path, "--model", "eagle")
                    #expect(model.status != 0 && model.errors.contains("eagle"), "\(model.errors)")
                    let option = try await send(frames.path, "--registration", "magic")
                    #expect(option.status != 0 && option.errors.contains("registration"), "\(option.errors)")
                    // Where nothing came of the session there is nothing to see of it either.
                    #expect(try await server.client.sessions().isEmpty)

                    let corrupt = try await send(frames.path, "--json")
                    #expect(corrupt.status != 0 && corrupt.outputLines.count == 1, "\(corrupt.output)")
                    #expect(corrupt.errors.contains("1.png"), "\(corrupt.errors)")
                }
            }
        }

        /// Lines of JSON.
        static func records(_ output: String) throws -> [[String: Any]] {
            try output.split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }
    }
}
