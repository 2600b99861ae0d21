import HTTPTypes
import Hummingbird

/// One method of one resource, and who may use it.
///
/// The router, the 405 answer and the test of `openapi.yaml` all read the same list.
struct Route: Sendable {
    let method: HTTPRequest.Method
    /// With parameters in braces, as OpenAPI writes them.
    let path: String
    let rule: AccessRule
    let handler: Handler

    typealias Handler = @Sendable (Request, Context) async throws -> Response

    static func get(_ path: String, _ rule: AccessRule, _ handler: @escaping Handler) -> Route {
        Route(method: .get, path: path, rule: rule, handler: handler)
    }

    static func post(_ path: String, _ rule: AccessRule, _ handler: @escaping Handler) -> Route {
        Route(method: .post, path: path, rule: rule, handler: handler)
    }

    static func put(_ path: String, _ rule: AccessRule, _ handler: @escaping Handler) -> Route {
        Route(method: .put, path: path, rule: rule, handler: handler)
    }

    static func delete(_ path: String, _ rule: AccessRule, _ handler: @escaping Handler) -> Route {
        Route(method: .delete, path: path, rule: rule, handler: handler)
    }

    func matches(_ path: String) -> Bool {
        let mine = self.path.split(separator: "/")
        let theirs = path.split(separator: "/")
        return mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}
