import Foundation
import Synchronization

/// One run of a program: what it says, and how it ends.
///
/// It is killed when its life span is over, so that no wait for it lasts longer.
final class ChildProcess: Sendable {
    struct Outcome: Sendable {
        let status: Int32
        let wasKilled: Bool
        let output: String
        let errors: String

        var outputLines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// Lines of standard output as they come.
    let lines: AsyncStream<String>
    private let process: Process
    private let ending: Task<Outcome, Never>

    /// - Parameters:
    ///   - program: Nil is Windhover itself.
    ///   - environment: Beside what the tests run in; settings of Windhover are not passed on.
    init(
        _ arguments: [String], program: URL? = nil, environment: [String: String] = [:],
        lifeSpan: Duration = .seconds(60)
    ) throws {
        let process = Process()
        process.executableURL = try program ?? Program.url
        process.arguments = arguments
        process.environment = Program.environment.filter { !$0.key.hasPrefix("WINDHOVER") }
            .merging(environment) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        let (exits, exit) = AsyncStream.makeStream(of: Never.self)
        process.terminationHandler = { _ in exit.finish() }
        try process.run()

        let transcript = Transcript(output)
        let errorTranscript = Transcript(errors)
        lines = transcript.lines
        self.process = process
        ending = Task {
            let watchdog = Task {
                try await Task.sleep(for: lifeSpan)
                kill(process.processIdentifier, SIGKILL)
            }
            for await _ in exits {}
            watchdog.cancel()
            return Outcome(
                status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
                output: await transcript.whole, errors: await errorTranscript.whole)
        }
    }

    /// Nobody who runs a program leaves it behind.
    deinit {
        signal(SIGKILL)
    }

    /// How it has ended, waited for.
    var outcome: Outcome {
        get async {
            defer { withExtendedLifetime(self) {} }
            return await ending.value
        }
    }

    func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// SIGKILL, and nothing of it is left when this comes back.
    func killAndWait() async {
        signal(SIGKILL)
        _ = await outcome
    }

    /// Runs a program to its end.
    static func run(
        _ arguments: [String], program: URL? = nil, environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await ChildProcess(arguments, program: program, environment: environment).outcome
    }
}

/// What comes out of a pipe, read on a thread of its own because reading blocks.
private final class Transcript: Sendable {
    let lines: AsyncStream<String>
    private let text = Mutex("")
    private let end: AsyncStream<Never>

    init(_ pipe: Pipe) {
        let (lines, line) = AsyncStream.makeStream(of: String.self)
        let (end, ended) = AsyncStream.makeStream(of: Never.self)
        self.lines = lines
        self.end = end
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in
            var rest = Data()
            // `availableData` gives what there is; `read(upToCount:)` would wait for all of it.
            while case let chunk = handle.availableData, !chunk.isEmpty {
                rest += chunk
                while let newline = rest.firstIndex(of: 0x0A) {
                    let text = String(decoding: rest[..<newline], as: UTF8.self)
                    rest = Data(rest[(newline + 1)...])
                    self.text.withLock { $0 += text + "\n" }
                    line.yield(text)
                }
            }
            self.text.withLock { $0 += String(decoding: rest, as: UTF8.self) }
            line.finish()
            ended.finish()
        }
    }

    /// Everything, waited for.
    var whole: String {
        get async {
            for await _ in end {}
            return text.withLock { $0 }
        }
    }
}
