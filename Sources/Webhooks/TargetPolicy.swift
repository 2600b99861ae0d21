import Foundation

/// Which addresses webhooks may call: the public internet, and what whoever runs the server has allowed.
///
/// Asked twice. When somebody names a URL, what can be seen of it is refused at once. When it is called, every address
/// that its host's name has just then is asked about, and only one that passed is connected to: a name that leads
/// elsewhere by then (DNS rebinding) gains nothing.
package struct TargetPolicy: Sendable {
    private var ranges: [AddressRange] = []
    private var names: Set<String> = []

    /// Only the public internet.
    package init() {}

    /// `allowed`: addresses (`192.168.1.20`), ranges (`10.0.0.0/8`, `fd00::/8`) and names of hosts (`gcs.local`), which
    /// may then be at any address.
    ///
    /// Throws `TargetFault`.
    package init(allowing allowed: [String]) throws(TargetFault) {
        for entry in allowed {
            if let range = AddressRange(entry) {
                ranges.append(range)
            } else if !entry.contains("/"), !entry.contains(":"), let name = WebhookTarget.hostName(entry) {
                names.insert(name)
            } else {
                throw TargetFault("\"\(entry)\" is no address, range of addresses (10.0.0.0/8) or name of a host")
            }
        }
    }

    /// Reads a URL, and refuses what is not allowed as far as its text tells.
    package func target(_ url: String) throws(TargetFault) -> WebhookTarget {
        let target = try WebhookTarget(url)
        if let address = target.address {
            guard allows(address, of: target) else { throw Self.refusal(address.description) }
        } else if target.host == "localhost" || target.host.hasSuffix(".localhost") {
            // RFC 6761, 6.3: always loopback.
            guard
                allowsName(of: target) || ["127.0.0.1", "::1"].contains(where: { allows(IPAddress($0)!, of: target) })
            else { throw Self.refusal(target.host) }
        }
        return target
    }

    package func allows(_ address: IPAddress, of target: WebhookTarget) -> Bool {
        address.isPublic || allowsName(of: target) || ranges.contains { $0.contains(address) }
    }

    private func allowsName(of target: WebhookTarget) -> Bool { names.contains(target.host) }

    private static func refusal(_ host: String) -> TargetFault {
        TargetFault(
            "\(host) is no public address: the server calls those only where it was started with --webhook-allow")
    }
}

/// What is wrong with a URL, as a clause.
package struct TargetFault: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A URL that can be called, taken apart.
package struct WebhookTarget: Sendable, Equatable {
    /// Scheme and host in lower case.
    package let url: String
    /// A name, or an address without brackets.
    package let host: String
    /// Scheme, host and port: what may be told to others, where path and query may hold secrets.
    package let origin: String
    /// Where the host is no name.
    package let address: IPAddress?

    package init(_ text: String) throws(TargetFault) {
        guard var parts = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme)
        else { throw TargetFault("it is no URL of http or https") }
        guard parts.user == nil, parts.password == nil else {
            throw TargetFault("a URL must not name a user: the signature says who calls")
        }
        guard parts.fragment == nil else { throw TargetFault("a URL must not have a fragment (#)") }
        guard (1...65535).contains(parts.port ?? 80) else { throw TargetFault("its port is none") }
        let written = parts.percentEncodedHost ?? ""
        let bare = written.hasPrefix("[") && written.hasSuffix("]") ? String(written.dropFirst().dropLast()) : written
        address = IPAddress(bare)
        if let address {
            host = address.description
        } else if let name = Self.hostName(bare) {
            host = name
        } else {
            throw TargetFault("its host is neither an address nor a name (of letters, digits, hyphens and points)")
        }
        let shown = host.contains(":") ? "[\(host)]" : host
        parts.scheme = scheme
        parts.percentEncodedHost = shown
        if parts.percentEncodedPath.isEmpty { parts.percentEncodedPath = "/" }
        guard let url = parts.string else { throw TargetFault("it is no URL of http or https") }
        self.url = url
        origin = "\(scheme)://\(shown)" + (parts.port.map { ":\($0)" } ?? "")
    }

    /// In lower case; nil for what is no name.
    ///
    /// So plain that every reader of URLs reads it alike: names in other scripts are written as `xn--…`.
    static func hostName(_ text: String) -> String? {
        let text = text.lowercased()
        let plain = Set("abcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.allSatisfy({ (1...63).contains($0.utf8.count) && $0.utf8.allSatisfy(plain.contains) }),
            text.utf8.count <= 253
        else { return nil }
        // 127.1, 0x7f000001 and the like: numbers that some take for addresses.
        let last = labels.last!
        return last.hasPrefix("0x") || last.allSatisfy(\.isNumber) ? nil : text
    }
}
