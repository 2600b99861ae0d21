import Foundation

/// What a run of retention removed, or would remove.
package struct RetentionReport: Sendable, Equatable {
    package struct Packs: Sendable, Equatable {
        package var packs = 0
        package var bytes = 0

        package init(packs: Int = 0, bytes: Int = 0) {
            self.packs = packs
            self.bytes = bytes
        }

        mutating func add(_ pack: PackFile) {
            packs += 1
            bytes += pack.bytes
        }
    }

    package var isDryRun: Bool
    package var startedAt: Date
    /// Nil while it runs.
    package var finishedAt: Date?
    /// Whether it went through all there is; a stop of the server ends it early, and the next run goes on.
    package var isComplete = false
    /// Seconds by which the clock is too far ahead to be believed: then nothing is removed.
    package var clockAhead: TimeInterval?
    /// Pictures past their age.
    package var expired = Packs()
    /// The oldest pictures beyond a limit of size.
    package var oversize = Packs()
    /// Packs that no row points at.
    package var orphans = Packs()
    package var rows = 0
    package var sessions = 0
    /// What would have been removed if nothing held it.
    package var heldPacks = Packs()
    package var heldSessions = 0
    /// All packs, before the run.
    package var stored = Packs()

    package var removedAnything: Bool {
        expired.packs + oversize.packs + orphans.packs + rows + sessions > 0
    }

    init(isDryRun: Bool, startedAt: Date) {
        self.isDryRun = isDryRun
        self.startedAt = startedAt
    }
}
