import Subprocess

/// What a program of the system prints.
///
/// No thread waits for it, so that programs can run beside each other, and the server in this process beside them.
func runProgram(_ name: String, _ arguments: [String]) async throws -> String {
    let record = try await run(
        .name(name), arguments: Arguments(arguments), output: .string(limit: 64 << 20),
        error: .string(limit: 1 << 20))
    guard record.terminationStatus.isSuccess else {
        throw TestFailure("\(name) \(arguments): \(record.standardError)")
    }
    return record.standardOutput
}
