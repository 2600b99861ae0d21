import Foundation
import GRDB
import Results

/// A data folder that goes when the test does.
final class TemporaryFolder: Sendable {
    let url = FileManager.default.temporaryDirectory.appending(path: "windhover-results-\(UUIDv7.make())")

    var database: URL { url.appending(path: "windhover.sqlite") }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func open(_ adjust: (inout SQLiteStore.Options) -> Void = { _ in }) throws -> SQLiteStore {
        var options = SQLiteStore.Options()
        // On a busy machine a test may hold the lock for longer than a store in the field would wait for it.
        options.busyTimeout = 60
        adjust(&options)
        return try SQLiteStore.open(directory: url, options: options)
    }

    /// What a crash at this moment would leave behind: every file as it is, nothing closed.
    func snapshot() throws -> TemporaryFolder {
        let copy = TemporaryFolder()
        try FileManager.default.copyItem(at: url, to: copy.url)
        return copy
    }

    /// A second program's connection to the database.
    func visitor() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: database.path, configuration: configuration)
    }

    func size(of file: String) throws -> Int {
        try url.appending(path: file).resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
    }
}

/// Holds the database's write lock, as `sqlite3` in a transaction does, so that a group gathers behind it.
final class WriteLock: Sendable {
    private let visitor: DatabaseQueue

    init(_ folder: TemporaryFolder) throws {
        visitor = try folder.visitor()
        try visitor.unsafeReentrantWrite { try $0.execute(sql: "BEGIN IMMEDIATE") }
    }

    func release() throws {
        try visitor.unsafeReentrantWrite { try $0.execute(sql: "ROLLBACK") }
        try visitor.close()
    }
}

/// Waits until something is so; it fails the test rather than wait for ever.
func until(_ condition: () throws -> Bool) async throws {
    let start = ContinuousClock.now
    while try !condition() {
        guard ContinuousClock.now - start < .seconds(60) else { throw NeverCame() }
        await Task.yield()
    }
}

struct NeverCame: Error {}
