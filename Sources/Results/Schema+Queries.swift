extension Schema {
    /// Sums of frames, kept as they are stored: what summaries add up, and what tells a search where not to look.
    ///
    /// A search has conditions of any kind and wants the newest frames that meet them all. An index for every
    /// combination is not to be had, and along an index for one of them a rare combination is looked for in millions of
    /// rows. So two levels above the frames, an hour and a minute of one session, know what there is at most: which
    /// kinds of frames, how similar, where, how much of each class. What an hour cannot contain is not looked for in its minutes,
    /// nor what a minute cannot contain in its frames. Neighbouring frames resemble each other, so little is looked at
    /// in vain. The frames of a minute are found by `frame_by_session`, which holds what most conditions ask of: frames
    /// of one session lie apart from each other, and to look at twenty of them would be to read twenty pages. The
    /// indexes that led searches before are gone.
    ///
    /// Bounds only ever widen: removing frames leaves them too wide, which costs time and no truth. Sums stay when
    /// frames are removed, for as long as their session's row: a summary tells what was seen.
    static let queries = """
        DROP INDEX frame_by_drone;
        DROP INDEX frame_by_mission;
        DROP INDEX frame_by_model;
        DROP INDEX frame_by_mode;
        DROP INDEX frame_class_by_name;
        DROP INDEX frame_by_session;
        CREATE INDEX frame_by_session ON frame (
            session, captured_us, mode, reason, registration, registration_ok, inliers, similarity_mean,
            changed_fraction, lat, lon);

        -- Classes by name, so that sums can name them in four bytes.
        CREATE TABLE class (
            key             INTEGER PRIMARY KEY,
            name            TEXT NOT NULL UNIQUE
        ) STRICT;

        -- What frames are at once, so that a set of kinds is 64 bits.
        CREATE TABLE kind (
            key             INTEGER PRIMARY KEY,
            mode            TEXT NOT NULL,
            reason          TEXT NOT NULL,         -- '': none
            method          TEXT NOT NULL,         -- of registration; '': there was none
            registered      INTEGER NOT NULL,      -- 1: found
            similarity      INTEGER NOT NULL,      -- 1: has one
            changed         INTEGER NOT NULL,      -- 1: has a changed fraction
            UNIQUE (mode, reason, method, registered, similarity, changed)
        ) STRICT;

        -- The frames of a session that were captured in an hour.
        CREATE TABLE rollup (
            hour            INTEGER NOT NULL,      -- since 1970-01-01T00:00:00Z
            session         INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            drone           TEXT,                  -- of the session, and so of its frames
            mission         TEXT,
            model           TEXT NOT NULL,
            stored          INTEGER NOT NULL,      -- frames that have not been removed
            -- Sums, of removed frames too.
            frames          INTEGER NOT NULL,
            resets          INTEGER NOT NULL,      -- frames of mode reset
            registered      INTEGER NOT NULL,      -- frames whose registration was found
            lost            INTEGER NOT NULL,      -- frames whose registration was lost
            compared        INTEGER NOT NULL,      -- frames with a similarity
            similarity_sum  REAL NOT NULL,
            fused           INTEGER NOT NULL,      -- frames with a changed fraction
            changed_sum     REAL NOT NULL,
            areas           BLOB NOT NULL,         -- for each class: class 4 bytes, frames 4, pixels 8, fraction 8
            -- Bounds.
            kinds           INTEGER NOT NULL,      -- a set: of each kind the bit of its key modulo 64
            inliers_min     INTEGER,
            inliers_max     INTEGER,
            similarity_min  REAL,
            similarity_max  REAL,
            changed_min     REAL,
            changed_max     REAL,
            south           REAL,
            north           REAL,
            west            REAL,
            east            REAL,
            peaks           BLOB NOT NULL,         -- for each class: class 4 bytes, most pixels 4, largest fraction 4
            PRIMARY KEY (hour, session)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX rollup_by_session ON rollup (session, hour);
        CREATE INDEX rollup_by_drone ON rollup (drone, hour) WHERE drone IS NOT NULL;
        CREATE INDEX rollup_by_mission ON rollup (mission, hour) WHERE mission IS NOT NULL;

        -- Bounds of the frames of a session that were captured in a minute.
        CREATE TABLE zone (
            session         INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            minute          INTEGER NOT NULL,      -- since 1970-01-01T00:00:00Z
            stored          INTEGER NOT NULL,
            kinds           INTEGER NOT NULL,
            inliers_min     INTEGER,
            inliers_max     INTEGER,
            similarity_min  REAL,
            similarity_max  REAL,
            changed_min     REAL,
            changed_max     REAL,
            south           REAL,
            north           REAL,
            west            REAL,
            east            REAL,
            peaks           BLOB NOT NULL,
            PRIMARY KEY (session, minute)
        ) STRICT, WITHOUT ROWID;

        -- Sums of the frames of a session that were captured in an hour, within a cell of the grid of degrees.
        CREATE TABLE cell (
            size            INTEGER NOT NULL,      -- of the cell, thousandths of a degree: 1 or 10
            y               INTEGER NOT NULL,      -- cells north of the equator
            x               INTEGER NOT NULL,      -- cells east of Greenwich
            hour            INTEGER NOT NULL,
            session         INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            frames          INTEGER NOT NULL,
            resets          INTEGER NOT NULL,
            registered      INTEGER NOT NULL,
            lost            INTEGER NOT NULL,
            compared        INTEGER NOT NULL,
            similarity_sum  REAL NOT NULL,
            fused           INTEGER NOT NULL,
            changed_sum     REAL NOT NULL,
            areas           BLOB NOT NULL,
            PRIMARY KEY (size, y, x, hour, session)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX cell_by_session ON cell (session);

        -- Whoever removes frames, however, keeps searches from looking where nothing is left.
        CREATE TRIGGER frame_removed AFTER DELETE ON frame BEGIN
            UPDATE rollup SET stored = stored - 1
                WHERE hour = (OLD.captured_us - 3599999999 * (OLD.captured_us < 0)) / 3600000000
                AND session = OLD.session;
            UPDATE zone SET stored = stored - 1
                WHERE session = OLD.session AND minute = (OLD.captured_us - 59999999 * (OLD.captured_us < 0)) / 60000000;
            DELETE FROM zone
                WHERE session = OLD.session AND minute = (OLD.captured_us - 59999999 * (OLD.captured_us < 0)) / 60000000
                AND stored <= 0;
        END;
        """
}
