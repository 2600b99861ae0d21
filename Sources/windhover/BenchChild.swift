import ArgumentParser
import Foundation

/// `windhover serve` as a process of its own, whose memory is the service's and nothing else's.
struct BenchChild: Sendable {
    let port: Int
    private let process: Int32

    /// Runs one, with a store of its own, while `body` lasts.
    static func running<Result: Sendable>(
        models: String, model: String, options: [String], _ body: (BenchChild) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "windhover-bench-\(UUID().uuidString)")
        let process = Process()
        process.executableURL = Bundle.main.executableURL
        process.arguments =
            ["serve", "--port", "0", "--models", models, "--default-model", model, "--data", folder.path]
            + ["--log-level", "critical"] + options
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
            try? FileManager.default.removeItem(at: folder)
        }
        // It says where it listens as soon as it does.
        var said = ""
        while !said.contains("\n") {
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw ValidationError("the server did not start") }
            said += String(decoding: bytes, as: UTF8.self)
        }
        guard
            let port = said.split(separator: ":").last.flatMap({
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            })
        else { throw ValidationError("the server did not say where it listens: \(said)") }
        return try await body(BenchChild(port: port, process: process.processIdentifier))
    }

    func client() throws -> HTTPSender { try HTTPSender(port: port) }

    /// Resident memory now, bytes; 0 where the system does not say.
    var residentBytes: Int {
        let fields =
            (try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
