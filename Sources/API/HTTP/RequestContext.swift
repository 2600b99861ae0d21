import Hummingbird
import Logging

/// What a handler knows of its request beside the request itself.
struct Context: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The client's `X-Request-Id`, or one made here; in every answer, problem and log line.
    var requestID = ""

    init(source: Source) {
        coreContext = .init(source: source)
    }

    func parameter(_ name: String) throws(Problem) -> String {
        guard let value = parameters.get(name) else { throw .invalid(name, "\"\(name)\" is missing.") }
        return value
    }
}
