/// What the store did since it opened, and how large it is.
package struct StoreStatistics: Sendable, Equatable {
    package var framesCommitted = 0
    /// Transactions, and the changes (frames, sessions, states) they carried: the quotient is the mean group size.
    package var groups = 0
    package var changes = 0
    package var largestGroup = 0
    /// Changes that were refused or could not be stored.
    package var failures = 0
    /// Seconds from taking a group off the queue to its being durable, summed over `groups`.
    package var commitSeconds = 0.0
    /// Changes that wait for the writer or are being written now.
    package var queueLength = 0
    package var pictureBytes = 0
    package var walBytes = 0
    package var databaseBytes = 0
    /// Of the disk that the data folder is on; nil where it does not say.
    package var disk: DiskSpace?
    package var room = DiskLevel.ample
}
