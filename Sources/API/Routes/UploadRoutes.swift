import Foundation
import HTTPTypes
import Hummingbird
import Results
import SSP
import Sessions

/// Frames in: `PUT /v1/sessions/{id}/frames/{sequence}` and `POST /v1/sessions/{id}/frames`.
struct UploadRoutes {
    let registry: SessionRegistry
    let store: any ResultStore
    let maxBody: Int

    var routes: [Route] {
        [
            .put("/v1/sessions/{id}/frames/{sequence}", .ingest(.session), put),
            .post("/v1/sessions/{id}/frames", .ingest(.session), post),
        ]
    }

    private static let imageTypes = ["image/jpeg", "image/png"]
    private static let anything = "application/octet-stream"
    private static let answers = ["application/json", "image/png"]
    /// JSON numbers above this are not whole numbers to every client (RFC 8259, 6).
    private static let maxSequence = 1 << 53 - 1

    @Sendable private func put(_ request: Request, _ context: Context) async throws -> Response {
        let text = try context.parameter("sequence")
        guard let sequence = Int(text), (0...Self.maxSequence).contains(sequence), text == String(sequence) else {
            throw Problem.invalid("sequence", "The sequence number must be a whole number, 0 to \(Self.maxSequence).")
        }
        return try await take(request, context, sequence: sequence, key: nil)
    }

    @Sendable private func post(_ request: Request, _ context: Context) async throws -> Response {
        let key = request.headers[HTTPField.Name("Idempotency-Key")!]
        if let key, !(1...200).contains(key.utf8.count) {
            throw Problem.invalid("Idempotency-Key", "An Idempotency-Key has 1 to 200 characters.")
        }
        return try await take(request, context, sequence: nil, key: key)
    }

    private func take(_ request: Request, _ context: Context, sequence: Int?, key: String?) async throws -> Response {
        let id = try context.parameter("id")
        // Everything that can be refused by its head is, before the body is read.
        let accepted = try request.accepted(Self.answers)
        let type = request.mediaType
        let isMultipart = type == "multipart/form-data"
        // What an image is its first bytes say; a client that does not know need not claim to.
        let isImage = (Self.imageTypes + [Self.anything]).contains(type ?? Self.anything)
        guard isMultipart || isImage else {
            throw Problem.unsupportedType(type, Self.imageTypes + [Self.anything, "multipart/form-data"])
        }
        let parameters = try QueryParameters(request, allowed: isMultipart ? [] : FrameMetadata.names)
        var upload: FrameUpload
        if isMultipart {
            try await registry.admits(id)
            let body = try await request.bytes(upTo: maxBody)
            upload = try fromMultipart(body, request.headers[.contentType] ?? "", sequence, key)
        } else {
            let metadata = try FrameMetadata(query: parameters)
            try await registry.admits(id)
            let image = try await request.bytes(upTo: maxBody)
            upload = metadata.upload(sequence, key, image)
        }
        let wantsMask = accepted == "image/png"
        let answer = try await registry.submit(upload, to: id, wantsMask: wantsMask)
        return try await self.answer(answer, asMask: wantsMask)
    }

    private func answer(_ answer: FrameAnswer, asMask: Bool) async throws -> Response {
        let frame = answer.record
        var response: Response
        if asMask {
            let mask: [UInt8]
            if let fresh = answer.mask {
                mask = fresh
            } else if let stored = frame.mask {
                mask = try await store.read(stored)
            } else {
                throw Problem.notStored("mask", of: frame, option: "store_masks")
            }
            response = .bytes(mask, type: "image/png")
        } else {
            response = .json(FrameView(frame: frame))
        }
        response.headers[.contentLocation] = "/v1/frames/\(frame.id)"
        response.headers[HTTPField.Name("Windhover-Frame-Id")!] = frame.id
        response.headers[HTTPField.Name("Windhover-Sequence")!] = String(frame.sequence)
        response.headers[HTTPField.Name("Windhover-Mode")!] = frame.mode
        if let reason = frame.reason { response.headers[HTTPField.Name("Windhover-Reason")!] = reason }
        if let reason = frame.withheld {
            response.headers[HTTPField.Name("Windhover-Pictures")!] = "not-stored-\(reason)"
        }
        if answer.replayed { response.headers[HTTPField.Name("Idempotent-Replayed")!] = "true" }
        return response
    }

    private func fromMultipart(_ body: [UInt8], _ contentType: String, _ sequence: Int?, _ key: String?)
        throws(Problem) -> FrameUpload
    {
        guard let multipart = Multipart(body, contentType: contentType) else {
            throw .invalid("body", "The body is not multipart/form-data with the boundary of its Content-Type.")
        }
        if let stranger = multipart.parts.first(where: { !["meta", "image"].contains($0.name) }) {
            throw .invalid(stranger.name, "Unknown part \"\(stranger.name)\" (known: image, meta).")
        }
        guard Set(multipart.parts.map(\.name)).count == multipart.parts.count else {
            throw .invalid("body", "A part stands twice.")
        }
        guard let image = multipart.parts.first(where: { $0.name == "image" }) else {
            throw .invalid("image", "The part \"image\" is missing.")
        }
        let meta = try JSONMembers(
            multipart.parts.first { $0.name == "meta" }?.content ?? [], what: "meta", allowed: FrameMetadata.names)
        return try FrameMetadata(meta: meta).upload(sequence, key, Array(image.content))
    }
}
