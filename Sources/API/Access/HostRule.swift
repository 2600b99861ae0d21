import Foundation
import HTTPTypes
import Hummingbird

/// Which names a server that asks for no keys answers to.
///
/// A page from anywhere can have a browser ask what is on loopback, under a name of its own that it lets point there
/// (DNS rebinding), and would then read the answers as its own. The name in `Host` gives it away. What such a page may
/// send without reading the answer, `Origin` gives away.
package struct HostRule: Sendable {
    private let names: Set<String>
    /// A name is needed for the attack: an address cannot be made to point elsewhere.
    private let takesAddresses: Bool

    /// `host` is what the server listens on, `allowed` other names it is known by.
    init(listeningOn host: String, allowed: [String]) {
        names = Set(["localhost", "127.0.0.1", "::1", host] + allowed).reduce(into: []) { $0.insert($1.lowercased()) }
        takesAddresses = !Self.isLoopback(host)
    }

    package static func isLoopback(_ host: String) -> Bool {
        ["localhost", "::1"].contains(host.lowercased()) || (isAddress(host) && host.hasPrefix("127."))
    }

    func check(_ request: Request) throws(Problem) {
        // Who sends none is no browser.
        if let authority = request.head.authority, !permits(Self.name(authority)) {
            throw Problem(
                status: .misdirectedRequest, slug: "host-not-allowed", title: "The server is not known by that name",
                detail: "Without keys the server answers only to its own names; --allowed-host adds others.",
                field: "Host")
        }
        guard let origin = request.headers[.origin], ![.get, .head].contains(request.method) else { return }
        // RFC 6454, 7: scheme, "://" and host; or "null".
        guard let start = origin.firstRange(of: "://"), permits(Self.name(String(origin[start.upperBound...]))) else {
            throw Problem(
                status: .forbidden, slug: "cross-origin", title: "The request comes from another site's page",
                detail: "Without keys nothing is changed for pages that are not this server's.", field: "Origin")
        }
    }

    private func permits(_ name: String) -> Bool {
        names.contains(name) || (takesAddresses && Self.isAddress(name))
    }

    /// Without port, brackets, and the dot at the end that makes no difference (RFC 9110, 7.2; RFC 3986, 3.2.2).
    ///
    /// What is neither is a name that nobody has.
    private static func name(_ authority: String) -> String {
        let form = /(?:\[([^\]]*)\]|([^:]*?)\.?)(?::[0-9]*)?/
        guard let parts = authority.lowercased().wholeMatch(of: form) else { return "" }
        return String(parts.1 ?? parts.2 ?? "")
    }

    private static func isAddress(_ name: String) -> Bool {
        var (four, six) = (in_addr(), in6_addr())
        return inet_pton(AF_INET, name, &four) == 1 || inet_pton(AF_INET6, name, &six) == 1
    }
}
