extension SQLiteStore {
    /// How much room there was when it was last looked at.
    package var room: DiskLevel { disk.level }

    package var diskSpace: DiskSpace? { disk.space }

    /// Looks how full the disk is.
    @discardableResult
    package func lookAtDisk() -> (before: DiskLevel, now: DiskLevel) { disk.look() }
}
