extension Schema {
    /// What must not be removed, the clock that removing goes by, and frames whose pictures the disk had no room for.
    static let retention = """
        ALTER TABLE frame ADD COLUMN withheld TEXT;  -- why pictures were not stored: disk; NULL: as the session asked

        -- What must not be removed, and who said so.
        CREATE TABLE hold (
            scope           TEXT NOT NULL CHECK (scope IN ('session', 'mission', 'drone')),
            name            TEXT NOT NULL,         -- the session's id, or what missions and drones are called
            reason          TEXT NOT NULL,
            held_by         TEXT NOT NULL,
            held_us         INTEGER NOT NULL,
            PRIMARY KEY (scope, name)
        ) STRICT, WITHOUT ROWID;

        -- The wall clock when it was last found plausible, and what the machine's own clock said then.
        CREATE TABLE clock (
            key             INTEGER PRIMARY KEY CHECK (key = 1),
            wall_us         INTEGER NOT NULL,
            boot            TEXT,                  -- which start of the machine; NULL: not known
            uptime_us       INTEGER NOT NULL       -- since that start, sleep included
        ) STRICT;
        """
}
