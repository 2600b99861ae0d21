import Foundation

/// Where the program under test is.
///
/// `WINDHOVER_PROGRAM` says so, else it is the one built along with the tests.
enum Program {
    static let environment = ProcessInfo.processInfo.environment

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static var url: URL {
        get throws {
            let built = [
                URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent(),
                root.appending(path: ".build/release"), root.appending(path: ".build/debug"),
            ].map { $0.appending(path: "windhover") }
            let candidates = environment["WINDHOVER_PROGRAM"].map { [URL(fileURLWithPath: $0)] } ?? built
            guard let found = candidates.first(where: { isExecutable($0) }) else {
                throw TestFailure(
                    """
                    there is no program to test: build it (swift build -c release --product windhover) or name it in \
                    WINDHOVER_PROGRAM. Looked for \(candidates.map(\.path).joined(separator: ", "))
                    """)
            }
            return found
        }
    }

    /// Whether a program of the system is installed.
    static func isInstalled(_ name: String) -> Bool { find(name) != nil }

    /// A program of the system that a test cannot do without.
    static func tool(_ name: String) throws -> URL {
        guard let found = find(name) else { throw TestFailure("there is no \(name): scripts/bootstrap installs it") }
        return found
    }

    static func find(_ name: String) -> URL? {
        (environment["PATH"] ?? "").split(separator: ":")
            .map { URL(fileURLWithPath: String($0)).appending(path: name) }.first { isExecutable($0) }
    }

    private static func isExecutable(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && !isFolder.boolValue
            && FileManager.default.isExecutableFile(atPath: url.path)
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
