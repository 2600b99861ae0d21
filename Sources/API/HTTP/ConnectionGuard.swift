import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import Results

/// Watches one connection for bodies that are too long in coming and for answers that nobody reads, answers
/// `Expect: 100-continue`, and ends answers without end when the server stops.
///
/// Hummingbird reads the rest of a body that was refused, without limit, so that the connection can be used again. An
/// endless body would keep it reading for good: here it is cut off.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Limits: Sendable {
        /// From a request's head to the end of its body; of a stream of frames or a video file, without a byte of it.
        var bodyTime: TimeAmount
        /// For the rest of a body whose request has been answered.
        var drainTime: TimeAmount = .seconds(5)
        var bodyBytes: Int
        /// Of a video file.
        var videoBytes: Int
        /// Without a byte moving either way while the answer's next bytes wait to be read.
        var stallTime: TimeAmount
    }

    private let limits: Limits
    /// The body is still coming in.
    private var reading = false
    /// The response's head has been written.
    private var answering = false
    private var deadline: Scheduled<Void>?
    /// The whole response has been written.
    private var answered = false
    /// The answer has no end.
    private var isLive = false
    /// The body has no end, or a far one; when its last bytes came.
    private var isStream = false
    private var lastBytes = NIODeadline.now()
    private var isStopping = false
    private var stall: Scheduled<Void>?
    /// Something came in since the stall was last looked at.
    private var heard = false

    init(limits: Limits) {
        self.limits = limits
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heard = true
        switch unwrapInboundIn(data) {
        case .head(let head):
            reading = true
            (answering, answered) = (false, false)
            lastBytes = .now()
            isLive = false
            let isVideo = VideoRoutes.isUpload(head)
            isStream = isVideo || StreamRoutes.isStream(head.path ?? "")
            schedule(context, after: limits.bodyTime)
            // RFC 9110, 10.1.1: the client waits for this before it sends the body. One that says it will send more
            // than is taken gets its final answer instead, and keeps the body.
            let length = head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
            let limit = isVideo ? limits.videoBytes : limits.bodyBytes
            if head.headerFields[.expect]?.lowercased() == "100-continue", length <= limit {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: lastBytes = .now()
        case .end:
            reading = false
            deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational:
            answering = true
            isLive = Response.liveTypes.contains { head.headerFields[.contentType]?.hasPrefix($0) == true }
        case .end where reading:
            answered = true
            schedule(context, after: limits.drainTime)
        default: break
        }
        context.write(data, promise: promise)
        if isLive, isStopping { context.close(promise: nil) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        if !context.channel.isWritable { watchStall(context, buffered: .max) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            isStopping = true
            // Others are finished first; this one would never be.
            if isLive { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        stall?.cancel()
        context.fireChannelInactive()
    }

    /// `buffered`: bytes that waited to be read when it was last looked at.
    ///
    /// A client that reads slowly is left alone: what waits for it is bounded.
    private func watchStall(_ context: ChannelHandlerContext, buffered: Int) {
        heard = false
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        stall = context.eventLoop.scheduleTask(in: limits.stallTime) {
            let (guardian, context) = bound.value
            let now = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
            guard guardian.heard || now < buffered else { return context.close(promise: nil) }
            guardian.watchStall(context, buffered: now)
        }
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
        if isStream, !answered {
            let silent = NIODeadline.now() - lastBytes
            if silent < limits.bodyTime { return schedule(context, after: limits.bodyTime - silent) }
        }
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
