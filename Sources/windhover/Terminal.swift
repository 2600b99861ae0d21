import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where people and programs read what a command says.
enum Terminal {
    /// Whether somebody watches standard error.
    static let isWatched = isatty(STDERR_FILENO) == 1

    /// A line of the result, to standard output.
    static func print(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    /// Something for people only, to standard error.
    static func say(_ text: String, terminator: String = "\n") {
        FileHandle.standardError.write(Data((text + terminator).utf8))
    }
}
