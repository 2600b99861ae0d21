import Foundation
import WindhoverClient

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// `windhover serve` as a process of its own, and a way to talk to it.
struct Server: Sendable {
    let process: ChildProcess
    let port: Int

    /// Comes back when it listens.
    init(
        data: URL, models: URL = GoldenCase.folder, port: Int = 0, arguments: [String] = [],
        environment: [String: String] = [:]
    ) async throws {
        process = try ChildProcess(
            ["serve", "--models", models.path, "--data", data.path, "--port", "\(port)"] + arguments,
            environment: environment, lifeSpan: .seconds(90))
        for await line in process.lines {
            guard line.hasPrefix("windhover: listening on http"),
                let port = Int(line.split(separator: ":").last ?? "")
            else { continue }
            self.port = port
            return
        }
        let outcome = await process.outcome
        throw TestFailure("the server did not start (exit status \(outcome.status)): \(outcome.errors)")
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// A client that tries everything once.
    var client: WindhoverClient { WindhoverClient(baseURL: URL(string: url)!, retry: .never) }

    struct Answer: Sendable {
        let status: Int
        let headers: [String: String]
        let body: Data

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:]
        }

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// More connections than `URLSession.shared` opens to one server, or requests would wait for each other.
    private static let urlSession: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = 64
        return URLSession(configuration: configuration)
    }()

    func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: Data? = nil
    ) async throws -> Answer {
        var request = URLRequest(url: URL(string: url + path)!, timeoutInterval: 60)
        request.httpMethod = method
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        request.httpBody = body
        let (data, response) = try await Self.urlSession.data(for: request)
        guard let http = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        var fields: [String: String] = [:]
        for (name, value) in http.allHeaderFields { fields["\(name)".lowercased()] = "\(value)" }
        return Answer(status: http.statusCode, headers: fields, body: data)
    }

    /// Begins a session and gives its id.
    func session(_ json: String = "{}") async throws -> String {
        let answer = try await send(
            "POST", "/v1/sessions", headers: ["Content-Type": "application/json"], body: Data(json.utf8))
        guard answer.status == 201, let id = answer.json["id"] as? String else {
            throw TestFailure("no session: \(answer.status) \(answer.text)")
        }
        return id
    }

    func put(
        _ image: Data, _ sequence: Int, to session: String, query: String = "", accept: String = "application/json"
    ) async throws -> Answer {
        try await send(
            "PUT", "/v1/sessions/\(session)/frames/\(sequence)\(query)",
            headers: ["Content-Type": "image/png", "Accept": accept], body: image)
    }

    /// All frames of a session as stored, oldest first.
    func frames(of session: String) async throws -> [FrameRecord] {
        var frames: [FrameRecord] = []
        for try await frame in client.allFrames(FrameQuery(sessions: [session], limit: 1000)) { frames.append(frame) }
        return frames.sorted { $0.sequence < $1.sequence }
    }
}

/// Runs `body` with a server, which is killed at the end whatever happens.
func withServer<Result>(
    data: URL, models: URL = GoldenCase.folder, port: Int = 0, arguments: [String] = [],
    environment: [String: String] = [:], _ body: (Server) async throws -> Result
) async throws -> Result {
    let server = try await Server(
        data: data, models: models, port: port, arguments: arguments, environment: environment)
    do {
        let result = try await body(server)
        await server.process.killAndWait()
        return result
    } catch {
        await server.process.killAndWait()
        throw error
    }
}

/// Runs `body` with a server on a data folder that is removed afterwards.
func withServer<Result>(
    arguments: [String] = [], _ body: (Server) async throws -> Result
) async throws -> Result {
    try await withFolder { try await withServer(data: $0, arguments: arguments, body) }
}
