import Hummingbird
import Logging
import NIOCore

/// What a handler knows of its request beside the request itself.
struct Context: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The client's `X-Request-Id`, or one made here; in every answer, problem and log line.
    var requestID = ""
    /// Who asks, and what that may do and see.
    var access = Access.nothing
    /// The connection, for cutting it off.
    let channel: any Channel
    /// The address that the connection comes from: a proxy's, where there is one.
    let peer: String

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
        peer = source.channel.remoteAddress?.ipAddress ?? ""
    }

    func parameter(_ name: String) throws(Problem) -> String {
        guard let value = parameters.get(name) else { throw .invalid(name, "\"\(name)\" is missing.") }
        return value
    }
}
