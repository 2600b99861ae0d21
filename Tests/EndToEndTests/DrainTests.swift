import Foundation
import Imaging
import Testing
import WindhoverClient

extension EndToEndTests {
    @Suite("A server told to stop") struct DrainTests {
        @Test("SIGTERM lets running frames finish, takes no others, and ends with 0")
        func drain() async throws {
            try await withFolder { data in
                let session = try await withServer(data: data) { server in
                    let session = try await server.session()
                    try await Self.stop(server, while: 6, to: session)
                    return session
                }
                try await withServer(data: data) { server in
                    let frames = try await server.frames(of: session)
                    #expect(frames.map(\.sequence) == Array(0..<6))
                    for frame in frames { #expect(try await !server.client.mask(of: frame.id).isEmpty) }
                }
            }
        }

        @Test("An idle server ends at once on SIGINT, with 0")
        func interrupted() async throws {
            try await withServer { server in
                server.process.signal(SIGINT)
                let outcome = await server.process.outcome
                #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome.errors)")
            }
        }

        @Test("Readers of events do not hold it up, whether they read or not")
        func readers() async throws {
            try await withServer(arguments: ["--drain-timeout", "600"]) { server in
                let curl = try #require(Program.find("curl"))
                let readers = try (0..<3).map { _ in
                    try ChildProcess(["-sN", server.url + "/v1/events"], program: curl, lifeSpan: .seconds(90))
                }
                for reader in readers { for await line in reader.lines where line.hasPrefix("id: ") { break } }
                // It reads no further from here on.
                readers[2].signal(SIGSTOP)
                server.process.signal(SIGTERM)
                let outcome = await server.process.outcome
                #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome.errors)")
                for reader in readers.prefix(2) { _ = await reader.outcome }
                await readers[2].killAndWait()
            }
        }

        /// Sends frames that take their time, and SIGTERM once all of them are in the server.
        private static func stop(_ server: Server, while count: Int, to session: String) async throws {
            let image = Data(try Pictures.gradient(width: 2400, height: 1800).pngData())
            let answers = try await withThrowingTaskGroup { group in
                for _ in 0..<count {
                    group.addTask {
                        try await server.send(
                            "POST", "/v1/sessions/\(session)/frames", headers: ["Content-Type": "image/png"],
                            body: image)
                    }
                }
                var waiting = 0
                var arrived = 0
                while arrived < count - 1 {
                    let status = try await server.send("GET", "/v1/sessions/\(session)").json
                    waiting = try #require(status["waiting"] as? Int)
                    arrived = waiting + (status["frames"] as? Int ?? 0)
                }
                #expect(waiting > 0, "no frame was left to drain")
                server.process.signal(SIGTERM)

                // Not ready, or not there any more.
                while let answer = try? await server.send("GET", "/readyz"), answer.status == 200 {}
                let refused = try? await server.send(
                    "POST", "/v1/sessions/\(session)/frames", headers: ["Content-Type": "image/png"], body: image)
                #expect(refused == nil || refused?.status == 503, "\(refused?.text ?? "")")

                var answers: [Server.Answer] = []
                for try await answer in group { answers.append(answer) }
                return answers
            }
            #expect(answers.map(\.status) == Array(repeating: 200, count: count))
            let outcome = await server.process.outcome
            #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome.errors)")
        }
    }
}
