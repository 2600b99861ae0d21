import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Results
import Sessions

/// Finds out who asks: by the key in `Authorization: Bearer KEY`, or by the cookie that stands for one.
///
/// Keys are those of the data folder, and those that the server was started with. Where there is none of either, and
/// never was, everybody may do everything: a loopback address is for that.
struct Authenticator: Sendable {
    private struct StartKey {
        let bytes: [UInt8]
        let digest: [UInt8]
    }

    private let startKeys: [StartKey]
    private let ring: KeyRing
    private let hosts: HostRule
    private let clock: ServiceClock
    private let failures = FailureLimit()
    static let cookie = "windhover"

    init(startKeys: [String], ring: KeyRing, hosts: HostRule, clock: ServiceClock) {
        self.startKeys = startKeys.map {
            let bytes = Array($0.utf8)
            return StartKey(bytes: bytes, digest: Array(SHA256.hash(data: bytes)))
        }
        self.ring = ring
        self.hosts = hosts
        self.clock = clock
    }

    /// Whether a key is asked for.
    var isClosed: Bool { !startKeys.isEmpty || ring.wasUsed }

    func access(of request: Request, _ context: Context) throws(Problem) -> Access {
        guard isClosed else {
            try hosts.check(request)
            return .open
        }
        // A proxy's own, such as Basic, is none of ours.
        if let shown = request.headers[.authorization], shown.lowercased().hasPrefix("bearer ") {
            return try access(byKey: String(shown.dropFirst(7)), context)
        }
        if [.get, .head].contains(request.method), let access = Self.token(in: request).flatMap(access(byCookie:)) {
            return access
        }
        throw .unauthenticated("Send one of the server's keys as Authorization: Bearer KEY.")
    }

    // MARK: Keys

    private func access(byKey shown: String, _ context: Context) throws(Problem) -> Access {
        let token = KeyToken(shown)
        if let token, let key = ring.key(token.id), token.matches(key.digest) {
            // Whoever has the key may know what became of it.
            switch key.state(at: clock.now()) {
            case .active:
                ring.use(key.id)
                return Access(holder: .key(id: key.id), scopes: key.scopes, bounds: key.bounds)
            case .expired: throw refusal("The key has expired.", "expired", token.id, context)
            case .revoked: throw refusal("The key has been revoked.", "revoked", token.id, context)
            }
        }
        // People choose the keys that a server is started with: those could be guessed, given time.
        if token == nil, case .exhausted(let seconds) = failures.look(context.peer, at: clock.uptime()) {
            throw .tooManyFailures(seconds)
        }
        let digest = SHA256.hash(data: Array(shown.utf8))
        // All of them are compared, each in full (a digest's == does that): time tells nothing of how near one was.
        var known: Int?
        for (index, key) in startKeys.enumerated() where digest == key.digest { known = index }
        if let known { return Self.access(startKey: known) }
        throw refusal("The server does not know this key.", "unknown", token?.id, context)
    }

    private static func access(startKey index: Int) -> Access {
        Access(holder: .startKey(index + 1), scopes: Set(Access.Scope.allCases), bounds: .everything)
    }

    private func refusal(_ detail: String, _ reason: Logger.MetadataValue, _ id: String?, _ context: Context) -> Problem
    {
        if case .exhausted(let seconds) = failures.fail(context.peer, at: clock.uptime()) {
            return .tooManyFailures(seconds)
        }
        // Never what was shown: it may be a good key of another server.
        context.logger.warning(
            "key refused",
            metadata: ["reason": reason, "address": "\(context.peer)", "key": "\(id ?? "")"])
        return .unauthenticated(detail)
    }

    // MARK: Cookies

    /// What a browser may show instead of the key; nil: none is needed.
    func cookie(for access: Access) -> String? {
        let expires = clock.now() + LoginToken.lifetime
        switch access.holder {
        case .anyone: return nil
        case .startKey(let number): return LoginToken.make(key: startKeys[number - 1].bytes, expires: expires)
        case .key(let id):
            return ring.key(id).map { "\(id).\(LoginToken.make(key: signingKey(of: $0), expires: expires))" }
        }
    }

    /// Good for reading, within what its key is good for.
    private func access(byCookie cookie: String) -> Access? {
        let now = clock.now()
        let parts = cookie.split(separator: ".", maxSplits: 1)
        if parts.count == 2, let key = ring.key(String(parts[0])) {
            guard key.state(at: now) == .active,
                LoginToken.isGood(String(parts[1]), key: signingKey(of: key), at: now)
            else { return nil }
            ring.use(key.id)
            return Access(
                holder: .key(id: key.id), scopes: key.scopes.intersection([.read]), bounds: key.bounds)
        }
        let index = startKeys.firstIndex { LoginToken.isGood(cookie, key: $0.bytes, at: now) }
        return index.map { Access(holder: .startKey($0 + 1), scopes: [.read], bounds: .everything) }
    }

    /// With the server's secret, so that who reads the database cannot sign; with the key's digest, so that a cookie is
    /// of one key.
    private func signingKey(of key: KeyRecord) -> [UInt8] { ring.secret + key.digest }

    /// RFC 6265, 4.2.
    private static func token(in request: Request) -> String? {
        for pair in request.headers[values: .cookie].flatMap({ $0.split(separator: ";") }) {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0].filter({ $0 != " " }) == cookie { return String(parts[1]) }
        }
        return nil
    }
}

extension Problem {
    static func unauthenticated(_ detail: String) -> Problem {
        Problem(
            status: .unauthorized, slug: "unauthenticated", title: "A key is needed", detail: detail,
            field: "Authorization")
    }

    static func tooManyFailures(_ seconds: Int) -> Problem {
        Problem(
            status: .tooManyRequests, slug: "too-many-failures", title: "Too many wrong keys came from this address",
            detail: "Keys that the server made are still taken; for others, wait.", field: "Authorization",
            retryAfter: seconds)
    }
}
