import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Results

/// Watches one connection for bodies that are too long in coming, and answers `Expect: 100-continue`.
///
/// Hummingbird reads the rest of a body that was refused, without limit, so that the connection can be used again. An
/// endless body would keep it reading for good: here it is cut off.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Limits: Sendable {
        /// From a request's head to the end of its body.
        var bodyTime: TimeAmount
        /// For the rest of a body whose request has been answered.
        var drainTime: TimeAmount = .seconds(5)
        var bodyBytes: Int
    }

    private let limits: Limits
    /// The body is still coming in.
    private var reading = false
    /// The response's head has been written.
    private var answering = false
    private var deadline: Scheduled<Void>?

    init(limits: Limits) {
        self.limits = limits
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            reading = true
            answering = false
            schedule(context, after: limits.bodyTime)
            // RFC 9110, 10.1.1: the client waits for this before it sends the body. One that says it will send more
            // than is taken gets its final answer instead, and keeps the body.
            let length = head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
            if head.headerFields[.expect]?.lowercased() == "100-continue", length <= limits.bodyBytes {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: break
        case .end:
            reading = false
            deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational: answering = true
        case .end where reading: schedule(context, after: limits.drainTime)
        default: break
        }
        context.write(data, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    private func schedule(_ context: ChannelHandlerContext, after time: TimeAmount) {
        deadline?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: time) {
            let (guardian, context) = bound.value
            guardian.cutOff(context)
        }
    }

    private func cutOff(_ context: ChannelHandlerContext) {
        guard reading else { return }
        if !answering {
            answering = true
            // RFC 9110, 15.5.9
            let id = UUIDv7.make()
            let body = ByteBuffer(
                string: """
                    {"detail":"The body took too long to arrive.","request_id":"\(id)","status":408,\
                    "title":"The request took too long","type":"\(Problem.typePrefix)request-timeout"}
                    """)
            let head = HTTPResponse(
                status: .requestTimeout,
                headerFields: [
                    .contentType: "application/problem+json", .contentLength: String(body.readableBytes),
                    .connection: "close", HTTPField.Name("X-Request-Id")!: id,
                ])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(body)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.close(promise: nil)
    }
}
