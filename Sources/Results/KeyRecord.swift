import Foundation

/// An API key as the store keeps it: what it is good for, and a digest to know it by.
package struct KeyRecord: Sendable, Equatable {
    /// What the holder of a key may do.
    ///
    /// None contains another: a key that makes keys need not see a frame.
    package enum Scope: String, Sendable, CaseIterable, Codable {
        /// Begin, reset and end sessions, and send frames to them.
        case ingest
        /// See what was seen.
        case read
        /// Make and revoke keys, read the audit log.
        case admin
    }

    /// Requests a second over time, and at once.
    package struct Rate: Sendable, Equatable {
        package var limit: Int
        package var burst: Int

        package init(limit: Int, burst: Int) {
            self.limit = limit
            self.burst = burst
        }
    }

    /// Public, part of the key itself.
    package var id: String
    /// Whose it is, for people.
    package var name: String
    /// SHA-256 of the whole key.
    ///
    /// A slow hash, as passwords need, would protect nothing here: a key is 256 random bits, which nobody tries out.
    package var digest: [UInt8]
    package var scopes: Set<Scope>
    package var bounds: Bounds
    /// Nil: as the server says.
    package var rate: Rate?
    package var createdAt: Date
    package var createdBy: String
    /// Nil: never.
    package var expiresAt: Date?
    /// To the minute.
    package var lastUsedAt: Date?
    package var revokedAt: Date?

    package init(
        id: String, name: String, digest: [UInt8], scopes: Set<Scope>, bounds: Bounds = .everything, rate: Rate? = nil,
        createdAt: Date, createdBy: String, expiresAt: Date? = nil, lastUsedAt: Date? = nil, revokedAt: Date? = nil
    ) {
        self.id = id
        self.name = name
        self.digest = digest
        self.scopes = scopes
        self.bounds = bounds
        self.rate = rate
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
        self.revokedAt = revokedAt
    }

    package enum State: String, Sendable {
        case active, expired, revoked
    }

    package func state(at now: Date) -> State {
        if revokedAt != nil { return .revoked }
        if let expiresAt, expiresAt <= now { return .expired }
        return .active
    }
}

/// What changes whenever a key is made or revoked, by whichever process.
package struct KeyChanges: Sendable, Equatable {
    /// Keys that were ever made.
    package var made: Int
    package var revoked: Int

    package init(made: Int, revoked: Int) {
        self.made = made
        self.revoked = revoked
    }
}
