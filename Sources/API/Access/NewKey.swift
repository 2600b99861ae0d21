import Foundation
import Results

/// A key that somebody wants to have made, through the interface or on the command line.
package struct NewKey: Sendable {
    package var name: String
    package var scopes: Set<KeyRecord.Scope>
    package var bounds: Bounds
    package var rate: KeyRecord.Rate?
    package var expiresAt: Date?

    package init(
        name: String, scopes: Set<KeyRecord.Scope>, bounds: Bounds = .everything, rate: KeyRecord.Rate? = nil,
        expiresAt: Date? = nil
    ) {
        self.name = name
        self.scopes = scopes
        self.bounds = bounds
        self.rate = rate
        self.expiresAt = expiresAt
    }

    /// What is wrong with it, and where.
    package struct Fault: Error {
        /// A member as in JSON.
        package let field: String
        package let detail: String
    }

    package static let rates = 1...100_000
    /// Each is a walk of an index of its own, in a list of frames.
    package static let maxBounds = 100

    /// The key, and what its holder is told once.
    ///
    /// `actor` as in the audit log; `address` likewise.
    package func make(by actor: String, from address: String?, at now: Date) throws(Fault) -> (
        key: KeyRecord, act: AuditRecord, token: KeyToken
    ) {
        try check(at: now)
        let token = KeyToken()
        let key = KeyRecord(
            id: token.id, name: name, digest: token.digest, scopes: scopes, bounds: bounds, rate: rate,
            createdAt: now, createdBy: actor, expiresAt: expiresAt)
        var detail = ["name": name, "scopes": scopes.map(\.rawValue).sorted().joined(separator: ", ")]
        detail["drones"] = bounds.drones?.sorted().joined(separator: ", ")
        detail["missions"] = bounds.missions?.sorted().joined(separator: ", ")
        detail["expires_at"] = expiresAt.map(RFC3339.text)
        let act = AuditRecord(
            at: now, actor: actor, action: "key-created", target: token.id, detail: detail, address: address)
        return (key, act, token)
    }

    private func check(at now: Date) throws(Fault) {
        guard Self.isName(name) else {
            throw Fault(field: "name", detail: "\"name\" must have 1 to 200 bytes, without control characters.")
        }
        guard !scopes.isEmpty else {
            throw Fault(field: "scopes", detail: "A key needs a scope to be good for anything.")
        }
        for (field, values) in [("drones", bounds.drones), ("missions", bounds.missions)] {
            guard let values else { continue }
            guard (1...Self.maxBounds).contains(values.count), values.allSatisfy(Self.isName) else {
                throw Fault(
                    field: field, detail: "\"\(field)\" must be 1 to \(Self.maxBounds) names of 1 to 200 bytes.")
            }
            // It could make itself another without them.
            guard !scopes.contains(.admin) else {
                throw Fault(field: field, detail: "A key with the scope admin cannot be bound to \(field).")
            }
        }
        if let expiresAt, expiresAt <= now { throw Fault(field: "expires_at", detail: "\"expires_at\" has passed.") }
        if let rate {
            for (field, value) in [("rate_limit", rate.limit), ("rate_burst", rate.burst)]
            where !Self.rates.contains(value) {
                throw Fault(
                    field: field,
                    detail: "\"\(field)\" must be \(Self.rates.lowerBound) to \(Self.rates.upperBound).")
            }
        }
    }

    private static func isName(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}

extension KeyRecord.Rate {
    /// Where nothing is said of what may come at once: what may come in two seconds.
    package init(limit: Int) { self.init(limit: limit, burst: 2 * limit) }
}
