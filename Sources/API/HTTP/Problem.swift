import Foundation
import HTTPTypes
import Hummingbird

/// An error as clients see it: RFC 9457 problem details.
///
/// `type` is stable; texts may change.
struct Problem: Error, Sendable {
    static let typePrefix = "urn:windhover:problem:"

    var status: HTTPResponse.Status
    /// The last part of `type`, such as `frame-conflict`.
    var slug: String
    /// The same for every problem of the type.
    var title: String
    /// What happened this time.
    var detail: String
    /// The query parameter, path parameter, header or JSON member at fault.
    var field: String?
    /// Seconds after which trying again makes sense.
    var retryAfter: Int?
    /// Members of this type's own.
    var extra: [String: Value] = [:]
    /// RFC 9110, 10.2.1: what the resource does take, with 405.
    var allow: [String] = []

    enum Value: Sendable, Encodable {
        case int(Int), string(String), strings([String]), none

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .int(let value): try container.encode(value)
            case .string(let value): try container.encode(value)
            case .strings(let value): try container.encode(value)
            case .none: try container.encodeNil()
            }
        }
    }

    /// A request that is not as it should be: 400.
    static func invalid(_ field: String, _ detail: String) -> Problem {
        Problem(
            status: .badRequest, slug: "validation", title: "The request is not valid", detail: detail, field: field)
    }

    /// SQLite's texts end at U+0000, and no name has line breaks in it.
    static func refuseControlCharacters(in text: String, _ field: String) throws(Problem) {
        guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            throw .invalid(field, "\"\(field)\" must not contain control characters.")
        }
    }

    static let internalError = Problem(
        status: .internalServerError, slug: "internal", title: "Something went wrong in the server",
        detail: "The request's id finds the reason in the server's log.")

    /// The document without its request's id.
    var members: [String: Value] {
        var members: [String: Value] = extra
        members["type"] = .string(Self.typePrefix + slug)
        members["title"] = .string(title)
        members["status"] = .int(status.code)
        members["detail"] = .string(detail)
        if let field { members["field"] = .string(field) }
        return members
    }

    func response(requestID: String) -> Response {
        var body = members
        body["request_id"] = .string(requestID)
        var response = Response.json(body, status: status)
        response.headers[.contentType] = "application/problem+json"
        if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
        if !allow.isEmpty { response.headers[.allow] = allow.joined(separator: ", ") }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}

extension Response {
    /// JSON with sorted keys, slashes as they are.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        bytes(encoded(value), type: "application/json", status: status)
    }

    /// One line.
    static func encoded(_ value: some Encodable) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Everything answered here is a tree of plain values: encoding cannot fail.
        return (try? encoder.encode(value)) ?? Data("{}".utf8)
    }

    static func bytes(
        _ bytes: some Collection<UInt8>, type: String, status: HTTPResponse.Status = .ok
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .contentLength: String(bytes.count)],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
