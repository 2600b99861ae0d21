import Foundation
import HTTPTypes
import Hummingbird

/// `/v1/login`: a cookie for browsers, which cannot send a key with pictures and events.
struct LoginRoutes {
    let keys: AccessKeys

    var routes: [Route] {
        [.post("/v1/login", login), .delete("/v1/login", logout)]
    }

    /// Whoever has no key any more may still put the cookie away.
    static func isOpen(_ request: Request) -> Bool { request.method == .delete && request.uri.path == "/v1/login" }

    /// The key has been checked, like that of any request.
    @Sendable private func login(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        var response = Response(status: .noContent)
        if let key = keys.key(in: request) {
            let token = LoginToken.make(key: key, expires: Date() + LoginToken.lifetime)
            response.headers[.setCookie] = cookie(token, age: Int(LoginToken.lifetime), request)
        }
        return response
    }

    @Sendable private func logout(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        var response = Response(status: .noContent)
        response.headers[.setCookie] = cookie("", age: 0, request)
        return response
    }

    /// Out of reach of scripts and of other sites; and of plain HTTP where a proxy says that it speaks TLS.
    private func cookie(_ value: String, age: Int, _ request: Request) -> String {
        let secure = request.headers[HTTPField.Name("X-Forwarded-Proto")!]?.lowercased() == "https"
        return "\(AccessKeys.cookie)=\(value); Path=/; Max-Age=\(age); HttpOnly; SameSite=Strict"
            + (secure ? "; Secure" : "")
    }
}
