import ArgumentParser
import Foundation
import WindhoverClient

/// Which server a command talks to.
struct ClientOptions: ParsableArguments {
    @Option(help: "The server (default: $WINDHOVER_SERVER, else http://127.0.0.1:8080).")
    var server: String?

    @Option(help: "An API key (default: $WINDHOVER_API_KEY).")
    var apiKey: String?

    private static let environment = ProcessInfo.processInfo.environment

    var url: URL {
        get throws {
            let text = server ?? Self.environment["WINDHOVER_SERVER"] ?? "http://127.0.0.1:8080"
            guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host() != nil else {
                throw ValidationError("\"\(text)\" is not the address of a server, such as http://127.0.0.1:8080")
            }
            return url
        }
    }

    /// A client for somebody who waits for the answer: a server that is not there is soon said not to be.
    func makeClient() throws -> WindhoverClient {
        WindhoverClient(baseURL: try url, apiKey: key, retry: RetryPolicy(maxAttempts: 3))
    }

    /// A client for a stream that has begun: a server that restarts, with a large model perhaps, is waited for.
    func makePatientClient() throws -> WindhoverClient {
        let patient = RetryPolicy(maxAttempts: 40, maxDelay: .seconds(5))
        return WindhoverClient(
            baseURL: try url, apiKey: key, retry: patient,
            sleep: { delay in
                // Shorter waits are everyday life.
                if delay >= .seconds(1) {
                    Terminal.say("The server is away or busy; trying again in \((delay / .seconds(1)).fixed(1)) s")
                }
                try await Task.sleep(for: delay)
            },
            jitter: { Double.random(in: 0...1) })
    }

    private var key: String? {
        // The server's variable may hold several keys; any of them opens.
        apiKey ?? Self.environment["WINDHOVER_API_KEY"]?.split(separator: ",").first.map(String.init)
    }

    /// Runs a command's work and turns what a client throws into messages that say what to do.
    func explaining<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as URLError {
            throw Failure(
                "\(try url) cannot be reached: \(error.localizedDescription)\nIs \"windhover serve\" running?")
        } catch let problem as Problem where problem.status == 401 || problem.status == 403 {
            throw Failure("\(problem.description)\nPass a key with --api-key or WINDHOVER_API_KEY.")
        }
    }
}

/// An error that is its message.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
