import Foundation
import HTTPTypes
import Hummingbird

/// `/v1/login`: a cookie for browsers, which cannot send a key with pictures and events.
struct LoginRoutes {
    let authenticator: Authenticator
    /// The server itself speaks TLS.
    let isSecure: Bool

    /// Whoever has no key any more may still put the cookie away.
    var routes: [Route] {
        [.post("/v1/login", .read(.shared), login), .delete("/v1/login", .open, logout)]
    }

    /// The key has been checked, like that of any request.
    @Sendable private func login(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        var response = Response(status: .noContent)
        if let token = authenticator.cookie(for: context.access) {
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

    /// Out of reach of scripts and of other sites; and of plain HTTP where the server, or a proxy before it, speaks TLS.
    private func cookie(_ value: String, age: Int, _ request: Request) -> String {
        let isSecure =
            isSecure || request.headers[HTTPField.Name("X-Forwarded-Proto")!]?.lowercased() == "https"
        return "\(Authenticator.cookie)=\(value); Path=/; Max-Age=\(age); HttpOnly; SameSite=Strict"
            + (isSecure ? "; Secure" : "")
    }
}
