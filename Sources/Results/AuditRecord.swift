import Foundation

/// Somebody did something that changes more than a stream: rows that are added and never edited.
package struct AuditRecord: Sendable, Equatable {
    /// When.
    package var at: Date
    /// Who: `key:ID`, `start-key` (one of `--api-key`), `anyone` (no keys), `command-line:USER`.
    package var actor: String
    /// What, such as `key-created`.
    package var action: String
    /// To what: an id.
    package var target: String?
    /// What else is worth knowing.
    package var detail: [String: String]
    /// From where; nil: from a command line on this machine.
    package var address: String?

    package init(
        at: Date, actor: String, action: String, target: String? = nil, detail: [String: String] = [:],
        address: String? = nil
    ) {
        self.at = at
        self.actor = actor
        self.action = action
        self.target = target
        self.detail = detail
        self.address = address
    }
}
