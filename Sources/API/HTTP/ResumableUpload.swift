import Foundation
import HTTPTypes
import Hummingbird

/// The parts of tus 1.0.0, a protocol of uploads that go on where they broke off, that requests are read with.
///
/// https://tus.io/protocols/resumable-upload
enum ResumableUpload {
    static let version = "1.0.0"
    static let extensions = "creation,creation-with-upload,termination,expiration"
    static let type = "application/offset+octet-stream"

    static let resumable = HTTPField.Name("Tus-Resumable")!
    static let length = HTTPField.Name("Upload-Length")!
    static let offset = HTTPField.Name("Upload-Offset")!
    static let metadata = HTTPField.Name("Upload-Metadata")!
    static let deferLength = HTTPField.Name("Upload-Defer-Length")!
    static let expires = HTTPField.Name("Upload-Expires")!

    /// A client that says no version does without.
    static func check(_ request: Request) throws(Problem) {
        guard let theirs = request.headers[resumable], theirs != version else { return }
        throw Problem(
            status: .preconditionFailed, slug: "tus-version", title: "The protocol's version is not known",
            detail: "This server speaks tus \(version), not \(theirs).", field: "Tus-Resumable")
    }

    /// A header that counts bytes.
    static func bytes(_ name: HTTPField.Name, of request: Request) throws(Problem) -> Int? {
        guard let text = request.headers[name] else { return nil }
        guard let value = Int(text), value >= 0 else {
            throw .invalid(name.canonicalName, "\"\(name.rawName)\" must be a number of bytes.")
        }
        return value
    }

    /// Names with their values, which are base64.
    static func metadata(of request: Request) throws(Problem) -> [String: String] {
        var found: [String: String] = [:]
        for pair in request.headers[metadata]?.split(separator: ",") ?? [] {
            let parts = pair.split(separator: " ")
            guard (1...2).contains(parts.count) else { throw broken }
            guard parts.count == 2 else { continue }
            guard let data = Data(base64Encoded: String(parts[1])), let text = String(data: data, encoding: .utf8)
            else {
                throw broken
            }
            found[String(parts[0])] = text
        }
        return found
    }

    private static let broken = Problem.invalid(
        "Upload-Metadata", "\"Upload-Metadata\" must be pairs of a name and a value in base64, separated by commas.")

    /// As `Upload-Expires` has it: RFC 9110, 5.6.7.
    static func date(_ date: Date) -> String {
        let format = Date.VerbatimFormatStyle(
            format: """
                \(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .defaultDigits) \
                \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\
                \(second: .twoDigits) GMT
                """,
            locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
        return date.formatted(format)
    }
}
