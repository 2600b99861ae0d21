import Foundation

/// Why a server refused: an RFC 9457 problem document, or what stands in for one.
public struct Problem: Error, Sendable, Equatable {
    /// What kind of problem, independent of wording and of the form of `type`.
    public struct Kind: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral value: String) { rawValue = value }

        /// The sequence number has been used for another picture.
        public static let frameConflict: Kind = "frame-conflict"
        /// The sequence number is lower than the next one due.
        public static let frameOutOfOrder: Kind = "frame-out-of-order"
        /// The frame gave way to newer ones.
        public static let frameDropped: Kind = "frame-dropped"
        /// No frame came for too long; a reset resumes the session.
        public static let sessionIdle: Kind = "session-idle"
        /// The session is over.
        public static let sessionEnded: Kind = "session-ended"
        /// The server has no memory left for another session.
        public static let stateCapacity: Kind = "state-capacity"
    }

    /// The document's `type`, a URI; `about:blank` when the answer was no problem document.
    public var type: String
    public var title: String
    /// The HTTP status.
    public var status: Int
    /// What went wrong this time, for people.
    public var detail: String?
    /// What to quote to whoever runs the server.
    public var requestID: String?
    /// The parameter or member at fault.
    public var field: String?
    /// The sequence number that is due, of `.frameOutOfOrder`.
    public var expectedSequence: Int?
    /// The last sequence number stored, of `.sessionIdle` and `.sessionEnded`.
    public var lastSequence: Int?
    /// Why a session is idle or ended.
    public var reason: String?
    /// How long the server asks to be left alone.
    public var retryAfter: Duration?

    public init(
        type: String = "about:blank", title: String, status: Int, detail: String? = nil, requestID: String? = nil,
        field: String? = nil, expectedSequence: Int? = nil, lastSequence: Int? = nil, reason: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.requestID = requestID
        self.field = field
        self.expectedSequence = expectedSequence
        self.lastSequence = lastSequence
        self.reason = reason
        self.retryAfter = retryAfter
    }

    /// The last part of `type`.
    public var kind: Kind {
        Kind(rawValue: String(type.split(whereSeparator: { $0 == ":" || $0 == "/" || $0 == "#" }).last ?? ""))
    }
}

extension Problem: CustomStringConvertible, LocalizedError {
    public var description: String {
        var text = "\(title) (\(status))"
        if let detail { text += ": \(detail)" }
        if let requestID { text += " [request \(requestID)]" }
        return text
    }

    public var errorDescription: String? { description }
}

extension Problem {
    private struct Document: Decodable {
        var type: String?
        var title: String?
        var detail: String?
        var requestID: String?
        var field: String?
        var expectedSequence: Int?
        var lastSequence: Int?
        var reason: String?

        enum CodingKeys: String, CodingKey {
            case type, title, detail, field, reason
            case requestID = "request_id"
            case expectedSequence = "expected_sequence"
            case lastSequence = "last_sequence"
        }
    }

    init(_ answer: HTTPAnswer) {
        let document = try? JSONDecoder().decode(Document.self, from: answer.body)
        // A proxy in between answers in HTML or plain text; its first line may say something.
        let firstLine = String(decoding: answer.body.prefix(200), as: UTF8.self).split(whereSeparator: \.isNewline)
            .first
        self.init(
            type: document?.type ?? "about:blank", title: document?.title ?? "HTTP \(answer.status)",
            status: answer.status, detail: document == nil ? firstLine.map(String.init) : document?.detail,
            requestID: document?.requestID ?? answer.header("X-Request-Id"), field: document?.field,
            expectedSequence: document?.expectedSequence, lastSequence: document?.lastSequence,
            reason: document?.reason,
            retryAfter: answer.header("Retry-After").flatMap(Self.parseRetryAfter))
    }

    /// Seconds, or a date (RFC 9110 §10.2.3).
    private static func parseRetryAfter(_ text: String) -> Duration? {
        if let seconds = Int(text.trimmingCharacters(in: .whitespaces)) {
            return seconds >= 0 ? .seconds(seconds) : nil
        }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: text).map { .seconds(max(0, $0.timeIntervalSinceNow)) }
    }
}
