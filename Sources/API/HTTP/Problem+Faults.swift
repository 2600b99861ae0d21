import HTTPTypes
import Results
import Sessions

extension Problem {
    /// The one table from what sessions refuse to what HTTP says.
    init(_ fault: SessionFault) {
        switch fault {
        case .noSession(let id):
            self.init(
                status: .notFound, slug: "session-not-found", title: "There is no such session",
                detail: "No session has the id \(id).", field: "id")
        case .noModel(let name, let known):
            self.init(
                status: .unprocessableContent, slug: "model-not-found", title: "There is no such model",
                detail: "No model is named \"\(name)\".", field: "model", extra: ["models": .strings(known)])
        case .noAdaptiveCadence(let model):
            self.init(
                status: .unprocessableContent, slug: "cadence-unsupported",
                title: "The model has no adaptive cadence",
                detail: "\(model) has no first-stage graph (\"first_stage\" in its model.json), which it takes.",
                field: "cadence")
        case .ended(let reason, let last):
            self.init(
                status: .gone, slug: "session-ended", title: "The session has ended",
                detail: "The session has ended (\(reason)) and takes no more frames.",
                extra: ["reason": .string(reason), "last_sequence": Self.optional(last)])
        case .idle(let reason, let last):
            self.init(
                status: .gone, slug: "session-idle", title: "The session is idle",
                detail: "The session's memory was freed (\(reason)). POST to its /reset to go on with it.",
                extra: ["reason": .string(reason), "last_sequence": Self.optional(last)])
        case .frameConflict(let sequence):
            self.init(
                status: .conflict, slug: "frame-conflict", title: "The frame exists with other bytes",
                detail: "Frame \(sequence) of this session is stored already, made from another image.",
                field: "sequence")
        case .outOfOrder(let expected):
            self.init(
                status: .conflict, slug: "frame-out-of-order", title: "The frame comes too late",
                detail: "Frames up to \(expected - 1) have been taken; a lower number cannot be inserted.",
                field: "sequence", extra: ["expected_sequence": .int(expected)])
        case .keyReused(let key):
            self.init(
                status: .unprocessableContent, slug: "idempotency-key-reused",
                title: "The idempotency key was used for another image",
                detail: "\"\(key)\" names a frame of this session that was made from other bytes.",
                field: "Idempotency-Key")
        case .queueFull(let limit):
            self.init(
                status: .tooManyRequests, slug: "session-queue-full", title: "The session's queue is full",
                detail: "\(limit) frames of this session wait already.", retryAfter: 1)
        case .dropped:
            self.init(
                status: .tooManyRequests, slug: "frame-dropped", title: "The frame gave way to newer ones",
                detail: "The session's queue was full and it drops the oldest frames; this one was not run.",
                retryAfter: 1)
        case .overloaded:
            self.init(
                status: .serviceUnavailable, slug: "overloaded", title: "The server is full",
                detail: "As many frames as the server takes are being worked on.", retryAfter: 1)
        case .storeBusy:
            self.init(
                status: .serviceUnavailable, slug: "store-busy", title: "The log cannot keep up",
                detail: "More results wait to be stored than the server keeps. Nothing was changed.", retryAfter: 1)
        case .draining:
            self.init(
                status: .serviceUnavailable, slug: "draining", title: "The server is stopping",
                detail: "The server finishes what it has and takes nothing new.", retryAfter: 5)
        case .stateCapacity(let needed, let budget, let used):
            self.init(
                status: .serviceUnavailable, slug: "state-capacity", title: "No memory is left for another session",
                detail: "The session would hold \(needed) bytes; \(used) of \(budget) are taken.", retryAfter: 30,
                extra: ["needed_bytes": .int(needed), "used_bytes": .int(used), "budget_bytes": .int(budget)])
        case .undecodable(let code, let message):
            self.init(
                status: .unprocessableContent, slug: "image-undecodable", title: "The image cannot be decoded",
                detail: message, field: "image", extra: ["code": .string(code)])
        case .inference:
            // The reason is for the log: it speaks of the server, not of the request.
            self.init(
                status: .internalServerError, slug: "inference-failed", title: "The model failed",
                detail: "The session is as it was before; the same frame may be sent again.", retryAfter: 1)
        case .storage(let full, _):
            self.init(
                status: full ? .insufficientStorage : .internalServerError,
                slug: full ? "storage-full" : "storage-failed", title: "The result could not be stored",
                detail: full
                    ? "The server's disk is full. Nothing was changed."
                    : "The result could not be stored. Nothing was changed.", retryAfter: full ? 60 : 1)
        }
    }

    private static func optional(_ number: Int?) -> Value { number.map(Value.int) ?? .none }

    static func noFrame(_ id: String) -> Problem {
        Problem(
            status: .notFound, slug: "frame-not-found", title: "There is no such frame",
            detail: "No frame has the id \(id).", field: "id")
    }

    static let queryTimeout = Problem(
        status: .serviceUnavailable, slug: "query-timeout", title: "The query takes too long",
        detail: """
            The query was given up, because it would have kept others waiting. Ask for a shorter time, a drone, a \
            mission or a session, or with fewer conditions.
            """)

    static let badCursor = invalid("cursor", "The cursor is not one that this list gave out for these filters.")
}

extension HTTPResponse.Status {
    static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}
