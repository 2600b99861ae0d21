import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The folder that a store lives in, held for as long as this object lives.
///
/// `windhover.sqlite` (with `-wal` and `-shm` while in use), `masks/`, `windhover.lock` and `windhover.secret`.
final class DataFolder: Sendable {
    let directory: URL
    private let lock: Int32

    var database: URL { directory.appending(path: "windhover.sqlite") }
    var writeAheadLog: URL { directory.appending(path: "windhover.sqlite-wal") }

    /// Creates what is missing.
    ///
    /// Throws `StoreOpenError.inUse` where another store holds the folder, and `.unfinishedRestore` where a restore into
    /// it was cut short, unless that is what is going to be done again.
    init(_ directory: URL, forRestore: Bool = false) throws {
        do {
            try FileManager.default.createDirectory(
                at: directory.appending(path: Pack.folder), withIntermediateDirectories: true)
        } catch {
            throw StoreOpenError.cannotMake(directory: directory.path)
        }
        let descriptor = try Self.lock(directory.appending(path: "windhover.lock").path, of: directory)
        // All that can fail comes before the lock is ours: from then on it is closed by `deinit`, also where an
        // initialiser throws, and a descriptor that is closed twice may be somebody else's by then.
        if !forRestore, FileManager.default.fileExists(atPath: Self.restoreMark(directory).path) {
            flock(descriptor, LOCK_UN)
            close(descriptor)
            throw StoreOpenError.unfinishedRestore(directory: directory.path)
        }
        self.directory = directory
        lock = descriptor
    }

    /// Is there while a restore is under way, or was cut short.
    static func restoreMark(_ directory: URL) -> URL { directory.appending(path: "windhover.restoring") }

    /// Opens and locks a file, for as long as the descriptor is open.
    ///
    /// The lock belongs to the open file, not to the file's being there: it goes with the process, however that ends.
    private static func lock(_ path: String, of directory: URL) throws -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = (try? String(contentsOfFile: path, encoding: .utf8)).flatMap { Int32($0) }
            close(descriptor)
            guard code == EWOULDBLOCK else { throw FileError(operation: "lock", path: path, code: code) }
            throw StoreOpenError.inUse(directory: directory.path, process: holder)
        }
        let process = Array(String(getpid()).utf8)
        // Only for the message above: that it cannot be written harms nothing.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, process, process.count, 0)
        return descriptor
    }

    deinit {
        unlock()
        close(lock)
    }

    /// Lets another store have the folder.
    ///
    /// Closing would not do: a program that this process is just starting has the descriptor too, for a moment.
    func unlock() {
        flock(lock, LOCK_UN)
    }

    /// 32 random bytes that nobody but this user reads; made where there are none.
    ///
    /// Throws a `FileError`.
    func secret() throws -> [UInt8] {
        let path = directory.appending(path: "windhover.secret").path
        let length = 32
        if let known = FileManager.default.contents(atPath: path), known.count == length { return [UInt8](known) }
        var generator = SystemRandomNumberGenerator()
        let made = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        // Under another name first: what a crash leaves is no secret, or a whole one.
        let draft = path + ".new"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw FileError(operation: "make", path: draft) }
        defer { close(file) }
        guard write(file, made, length) == length, fsync(file) == 0, rename(draft, path) == 0 else {
            throw FileError(operation: "write", path: path)
        }
        return made
    }

    func size(of file: URL) -> Int {
        var status = stat()
        return stat(file.path, &status) == 0 ? Int(status.st_size) : 0
    }
}

/// Why a store does not open.
package enum StoreOpenError: Error, Equatable, CustomStringConvertible {
    /// Another server, perhaps of this process id, uses the folder.
    case inUse(directory: String, process: Int32?)
    /// The folder is not there and cannot be made.
    case cannotMake(directory: String)
    /// There is no database in the folder.
    case missing(directory: String)
    /// The database was written by a newer Windhover, which has tables this one does not know.
    case newerSchema(path: String)
    /// The file is a database of some other program.
    case foreign(path: String)
    /// A restore into the folder was cut short: what is there is not whole.
    case unfinishedRestore(directory: String)

    package var description: String {
        switch self {
        case .inUse(let directory, let process):
            let holder = process.map { " (process \($0))" } ?? ""
            return "another server\(holder) uses the data folder \(directory): stop it, or choose another folder"
        case .cannotMake(let directory):
            return "cannot make the data folder \(directory): is there a file of that name, or no permission?"
        case .missing(let directory):
            return "there is no database in \(directory): name the server's data folder with --data"
        case .newerSchema(let path):
            return
                "\(path) was written by a newer version of Windhover: use that version, or choose another data folder"
        case .foreign(let path):
            return "\(path) is the database of another program: choose another data folder"
        case .unfinishedRestore(let directory):
            return "a restore into the data folder \(directory) was cut short: run \"windhover restore\" again"
        }
    }
}
