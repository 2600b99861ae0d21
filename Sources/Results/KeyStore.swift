import Foundation

/// The keys of a data folder, and the log of administrative acts.
///
/// A call that returns has made its change durable.
package protocol KeyStore: Sendable {
    /// Stores a new key, and in the same transaction who made it.
    ///
    /// Throws `StoreError.duplicateID` where there is one of this id.
    func insert(_ key: KeyRecord, by act: AuditRecord) async throws
    /// Makes a key good for nothing any more, and writes down who did.
    ///
    /// Nil: there is none of this id. One that has been revoked stays as it is, and nothing is written down.
    func revokeKey(_ id: String, by act: AuditRecord) async throws -> KeyRecord?
    /// All that were ever made, newest first.
    func keys() async throws -> [KeyRecord]
    func keyChanges() async throws -> KeyChanges
    /// When keys were last used, by id.
    func used(_ times: [String: Date]) async throws

    func append(_ act: AuditRecord) async throws
    /// Newest first.
    func audit(limit: Int, cursor: String?) async throws -> Page<AuditRecord>

    /// 32 random bytes of this data folder, made when they are first asked for: what the server signs with.
    ///
    /// They lie beside the database, not in it, so that a copy of the database signs nothing.
    func secret() throws -> [UInt8]
}
