import Foundation
import HTTPTypes
import Hummingbird

/// The keys a client may show as `Authorization: Bearer KEY`.
///
/// A browser cannot send that with pictures and events: it shows a cookie that one of the keys signed, which is good
/// for reading only. None: everybody may, which only a loopback address is for.
package struct AccessKeys: Sendable {
    private let keys: [String]
    /// What a probe asks before anybody has a key.
    private static let open: Set<String> = ["/healthz", "/readyz"]
    static let cookie = "windhover"

    package init(_ keys: [String]) {
        self.keys = keys
    }

    var isEmpty: Bool { keys.isEmpty }

    func check(_ request: Request, now: Date = Date()) throws(Problem) {
        guard !keys.isEmpty, !Self.open.contains(request.uri.path) else { return }
        guard key(in: request) == nil else { return }
        if [.get, .head].contains(request.method), let token = Self.token(in: request),
            keys.contains(where: { LoginToken.isGood(token, key: $0, at: now) })
        {
            return
        }
        throw Problem(
            status: .unauthorized, slug: "unauthenticated", title: "A key is needed",
            detail: request.headers[.authorization] == nil
                ? "Send one of the server's keys as Authorization: Bearer KEY."
                : "The server does not know this key.",
            field: "Authorization")
    }

    /// The key that a request shows, where it is one of ours.
    func key(in request: Request) -> String? {
        let header = request.headers[.authorization] ?? ""
        let shown = header.lowercased().hasPrefix("bearer ") ? Array(header.dropFirst(7).utf8) : []
        // Every key is compared in full, so that time tells nothing of how much of one was right.
        var known: String?
        for key in keys {
            let bytes = Array(key.utf8)
            var difference = UInt8(bytes.count == shown.count ? 0 : 1)
            for (index, byte) in bytes.enumerated() {
                difference |= byte ^ (index < shown.count ? shown[index] : ~byte)
            }
            if difference == 0 { known = key }
        }
        return known
    }

    /// RFC 6265, 4.2.
    private static func token(in request: Request) -> String? {
        for pair in request.headers[values: .cookie].flatMap({ $0.split(separator: ";") }) {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0].filter({ $0 != " " }) == cookie { return String(parts[1]) }
        }
        return nil
    }
}
