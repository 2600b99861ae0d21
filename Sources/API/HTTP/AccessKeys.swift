import Hummingbird

/// The keys a client may show as `Authorization: Bearer KEY`.
///
/// None: everybody may, which only a loopback address is for.
package struct AccessKeys: Sendable {
    private let keys: [[UInt8]]
    /// What a probe asks before anybody has a key.
    private static let open: Set<String> = ["/healthz", "/readyz"]

    package init(_ keys: [String]) {
        self.keys = keys.map { Array($0.utf8) }
    }

    func check(_ request: Request) throws(Problem) {
        guard !keys.isEmpty, !Self.open.contains(request.uri.path) else { return }
        let header = request.headers[.authorization] ?? ""
        let shown = header.lowercased().hasPrefix("bearer ") ? Array(header.dropFirst(7).utf8) : []
        // Every key is compared in full, so that time tells nothing of how much of one was right.
        var known = false
        for key in keys {
            var difference = UInt8(key.count == shown.count ? 0 : 1)
            for (index, byte) in key.enumerated() { difference |= byte ^ (index < shown.count ? shown[index] : ~byte) }
            if difference == 0 { known = true }
        }
        guard known else {
            throw Problem(
                status: .unauthorized, slug: "unauthenticated", title: "A key is needed",
                detail: header.isEmpty
                    ? "Send one of the server's keys as Authorization: Bearer KEY."
                    : "The server does not know this key.",
                field: "Authorization")
        }
    }
}
