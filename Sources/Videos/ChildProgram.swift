import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A program that reads what others made, and may be led astray by it: what it may take is bounded.
struct ChildProgram: Sendable {
    var program: String
    var arguments: [String]
    /// Processor time, seconds.
    var cpuSeconds: Int
    /// Address space, bytes.
    var memory: Int
    /// Bytes of a file that it writes.
    var fileBytes: Int?
    var folder: String

    /// Ready to run: in a process group of its own, which is killed when the task that runs it is cancelled.
    ///
    /// The shell sets the limits and is replaced by the program. It runs behind everything else.
    var configuration: Configuration {
        var limits = ["ulimit -c 0", "ulimit -t \(cpuSeconds)", "ulimit -v \(memory >> 10)"]
        // POSIX: in units of 512 bytes.
        if let fileBytes { limits.append("ulimit -f \(max(1, fileBytes >> 9))") }
        let script = limits.joined(separator: " && ") + " && exec nice -n 10 \"$@\""
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]
        return Configuration(
            executable: .path("/bin/sh"), arguments: Arguments(["-c", script, "sh", program] + arguments),
            // No proxy, no report file, nothing else that ffmpeg would take from there.
            environment: .custom(["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"]),
            workingDirectory: FilePath(folder), platformOptions: options)
    }

    /// What every call of ffmpeg and ffprobe begins with: no other files than the one named, no network.
    static let quiet = ["-v", "error", "-protocol_whitelist", "file,pipe"]
}

extension TerminationStatus {
    /// In words, for people.
    var words: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signaled(let signal): "signal \(signal)"
        }
    }
}
