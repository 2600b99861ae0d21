import API
import ArgumentParser
import Foundation
import Results

/// Who may use the server, and how they reach it: options of `serve`.
struct AccessOptions: ParsableArguments {
    @Option(help: "A key with all scopes, shown as \"Authorization: Bearer KEY\"; may be given several times.")
    var apiKey: [String] = []

    @Flag(help: "Listen on other addresses than loopback without keys.")
    var insecure = false

    @Option(help: "A name that a server without keys answers to, beside its address; may be given several times.")
    var allowedHost: [String] = []

    @Option(help: "Requests a second that a key may make which has no limit of its own; 0: as many as it likes.")
    var rateLimit = 0

    @Option(help: "Requests that it may make at once (default: what --rate-limit gives in two seconds).")
    var rateBurst: Int?

    @Option(help: "Speak TLS: a PEM file of the certificate and those between it and its authority.")
    var tlsCertificate: String?

    @Option(help: "The certificate's private key, PEM.")
    var tlsKey: String?

    @Option(help: "Take only clients with a certificate of the authorities in this PEM file.")
    var tlsClientCa: String?

    func validate() throws {
        guard apiKey.allSatisfy({ $0.utf8.count >= 16 }) else {
            throw ValidationError("--api-key must have at least 16 characters: others could be guessed")
        }
        guard rateLimit == 0 || NewKey.rates.contains(rateLimit) else {
            throw ValidationError("--rate-limit must be 0 to \(NewKey.rates.upperBound), not \(rateLimit)")
        }
        if let rateBurst {
            guard rateLimit > 0 else { throw ValidationError("--rate-burst needs --rate-limit") }
            guard NewKey.rates.contains(rateBurst) else {
                throw ValidationError("--rate-burst must be 1 to \(NewKey.rates.upperBound), not \(rateBurst)")
            }
        }
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("TLS needs both --tls-certificate and --tls-key")
        }
        guard tlsClientCa == nil || tlsCertificate != nil else {
            throw ValidationError("--tls-client-ca needs --tls-certificate and --tls-key")
        }
    }

    var rate: KeyRecord.Rate? {
        guard rateLimit > 0 else { return nil }
        return rateBurst.map { .init(limit: rateLimit, burst: $0) } ?? .init(limit: rateLimit)
    }

    var tls: TLSFiles? {
        guard let tlsCertificate, let tlsKey else { return nil }
        return TLSFiles(certificate: tlsCertificate, key: tlsKey, clientCA: tlsClientCa)
    }

    /// Refuses to let everybody in from anywhere.
    ///
    /// A key that was made once counts, good or not: the server asks for one from then on.
    func require(keysOf store: some KeyStore, for host: String) async throws {
        if insecure || !apiKey.isEmpty || HostRule.isLoopback(host) { return }
        guard try await store.keyChanges().made == 0 else { return }
        throw ValidationError(
            "listening on \(host) needs --api-key KEY or a key made by \"windhover keys create\", so that not everybody "
                + "can use it; or --insecure")
    }
}
