import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Results
import Sessions
import Videos

/// The way in and out of every request: its id, who may, how long it took, and errors as problem documents.
struct Gateway: RouterMiddleware {
    let authenticator: Authenticator
    let ring: KeyRing
    let limiter: RateLimiter
    let clock: ServiceClock
    let metrics: Metrics
    let routes: [Route]
    let pages: WebPages

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        var context = context
        context.requestID = Self.requestID(request)
        context.logger[metadataKey: "request_id"] = .string(context.requestID)
        let start = ContinuousClock.now
        var response: Response
        var allowance: RateLimiter.Allowance?
        do {
            if !isOpen(request) {
                context.access = try authenticator.access(of: request, context)
                context.logger[metadataKey: "by"] = .string(context.access.actor)
                allowance = allowed(context.access)
                if let seconds = allowance?.secondsToNext { throw Problem.rateLimited(seconds) }
            }
            response = try await answer(request, context, next)
        } catch {
            let problem = problem(for: error, request)
            // 503 is the server doing what it should: probes and clients ask again.
            if problem.status.code >= 500, problem.status != .serviceUnavailable {
                context.logger.error("request failed", metadata: ["error": "\(error)"])
            }
            response = problem.response(requestID: context.requestID)
            metrics.count("windhover_problems_total", "type=\"\(problem.slug)\"")
        }
        response.headers[HTTPField.Name("X-Request-Id")!] = context.requestID
        if let allowance { for field in allowance.headers { response.headers[field.name] = field.value } }
        let time = (ContinuousClock.now - start).components
        let seconds = Double(time.seconds) + Double(time.attoseconds) / 1e18
        let route = context.endpointPath ?? "none"
        metrics.observe(
            "http_server_request_duration_seconds", "method=\"\(request.method.rawValue)\",route=\"\(route)\"",
            seconds: seconds)
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                "status": "\(response.status.code)", "ms": "\((seconds * 1e4).rounded() / 10)",
            ])
        return response
    }

    /// What nobody needs a key for: some routes, and the page's files.
    private func isOpen(_ request: Request) -> Bool {
        let method = request.method == .head ? .get : request.method
        return pages.contains(request.uri.path)
            || routes.contains { $0.rule.isOpen && $0.method == method && $0.path == request.uri.path }
    }

    private func allowed(_ access: Access) -> RateLimiter.Allowance? {
        switch access.holder {
        case .anyone: nil
        case .startKey: limiter.take(access.actor, nil, at: clock.uptime())
        case .key(let id): limiter.take(access.actor, ring.key(id)?.rate, at: clock.uptime())
        }
    }

    /// Bytes beyond which an answer may take a while.
    private static let longAnswer = 1 << 20

    /// What goes on for long is cut off when its key is not good any more: streams and files that are sent, and any
    /// answer that does not say how long it is, or is long.
    private func answer(
        _ request: Request, _ context: Context, _ next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard case .key(let id) = context.access.holder else { return try await next(request, context) }
        func hold() throws -> KeyRing.Hold {
            guard let hold = ring.hold(context.channel, for: id) else {
                throw Problem.unauthenticated("The key is not good any more.")
            }
            return hold
        }
        let isLong = StreamRoutes.isStream(request.uri.path) || VideoRoutes.isUpload(request.head)
        let early = isLong ? try hold() : nil
        var response = try await next(request, context)
        guard response.body.contentLength.map({ $0 > Self.longAnswer }) ?? true else { return response }
        let held = try early ?? hold()
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await body.write(writer)
            withExtendedLifetime(held) {}
        }
        return response
    }

    private static func requestID(_ request: Request) -> String {
        let given = request.headers[HTTPField.Name("X-Request-Id")!] ?? ""
        let usable = (1...100).contains(given.count) && given.utf8.allSatisfy { (33...126).contains($0) && $0 != 34 }
        return usable ? given : UUIDv7.make()
    }

    private func problem(for error: any Error, _ request: Request) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let fault as SessionFault: return Problem(fault)
        case let fault as VideoFault: return Problem(fault)
        case StoreError.diskFull: return Problem(SessionFault.storage(full: true, message: ""))
        case StoreError.badCursor: return .badCursor
        case StoreError.queryTimeout: return .queryTimeout
        case StoreError.held:
            return Problem(
                status: .conflict, slug: "held", title: "It is held",
                detail: "Something holds it (GET /v1/holds says what and why): it cannot be removed.")
        case StoreError.blobMissing:
            return Problem(
                status: .gone, slug: "picture-removed", title: "The picture has been removed",
                detail: "The frame's row is kept, its pictures are not.")
        case let error as any HTTPResponseError where error.status == .notFound: return notFound(request)
        case let error as any HTTPResponseError where error.status == .contentTooLarge:
            return Problem(
                status: .contentTooLarge, slug: "body-too-large", title: "The body is too large",
                detail: "The body is larger than this server takes.")
        case let error as any HTTPResponseError where (400..<500).contains(error.status.code):
            return Problem(
                status: error.status, slug: "bad-request", title: "The request is not valid",
                detail: error.status.reasonPhrase)
        default: return .internalError
        }
    }

    /// RFC 9110, 15.5.6: a path that exists for other methods is 405, and says for which.
    private func notFound(_ request: Request) -> Problem {
        let methods = routes.filter { $0.matches(request.uri.path) }.map(\.method.rawValue).sorted()
        guard methods.isEmpty else {
            return Problem(
                status: .methodNotAllowed, slug: "method-not-allowed", title: "The resource has no such method",
                detail: "\(request.uri.path) takes \(methods.joined(separator: ", ")).", allow: methods)
        }
        return Problem(
            status: .notFound, slug: "not-found", title: "There is no such resource",
            detail: "Nothing is at \(request.uri.path); /openapi.yaml describes what there is.")
    }
}
