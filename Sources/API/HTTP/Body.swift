import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// The whole body.
    ///
    /// A length that says too much is refused before a byte is read.
    func bytes(upTo limit: Int) async throws -> [UInt8] {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw Problem.tooLarge(limit) }
        do {
            return Array(buffer: try await body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            throw Problem.tooLarge(limit)
        }
    }

    /// The media type without its parameters, lower case.
    var mediaType: String? {
        headers[.contentType]?.split(separator: ";").first.map { $0.trimmingPrefix(while: { $0 == " " }).lowercased() }
    }

    /// Of `offered`, the first type the client accepts; the first of all where it does not say.
    ///
    /// RFC 9110, 12.5.1, without weighing: a client that lists several takes the one the server prefers.
    func accepted(_ offered: [String]) throws(Problem) -> String {
        guard let header = headers[.accept], !header.isEmpty else { return offered[0] }
        let ranges = header.split(separator: ",").compactMap { range -> String? in
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            return parts.dropFirst().contains("q=0") ? nil : parts.first
        }
        for type in offered {
            let family = type.prefix(while: { $0 != "/" }) + "/*"
            if ranges.contains(where: { $0 == type || $0 == family || $0 == "*/*" }) { return type }
        }
        throw Problem(
            status: .notAcceptable, slug: "not-acceptable", title: "The answer cannot be given in that form",
            detail: "This resource answers \(offered.joined(separator: " or ")).", field: "Accept",
            extra: ["offered": .strings(offered)])
    }
}

extension Problem {
    static func tooLarge(_ limit: Int) -> Problem {
        Problem(
            status: .contentTooLarge, slug: "body-too-large", title: "The body is too large",
            detail: "The body is larger than \(limit) bytes.", extra: ["limit_bytes": .int(limit)])
    }

    static func unsupportedType(_ type: String?, _ taken: [String]) -> Problem {
        Problem(
            status: .unsupportedMediaType, slug: "unsupported-media-type",
            title: "The body is of a type not taken here",
            detail: "Content-Type \(type ?? "(none)") is not taken; it can be \(taken.joined(separator: ", ")).",
            field: "Content-Type", extra: ["taken": .strings(taken)])
    }
}
