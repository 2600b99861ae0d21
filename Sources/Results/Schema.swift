import GRDB

/// The tables, and how a database of an older version becomes one of this version.
///
/// A migration that has shipped is never edited: a new one is appended, and `PRAGMA user_version` raised with it.
enum Schema {
    /// "WHOV" at byte 68 of the file: `file(1)` and this program know the database by it.
    static let applicationID: Int32 = 0x5748_4F56

    static var migrator: DatabaseMigrator { migrator { _ in } }

    /// `report` hears of migrations that take long.
    static func migrator(report: @escaping @Sendable (MigrationProgress) -> Void) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        // Checks only what a migration touches. The default reads every row of every table after each migration.
        migrator.registerMigration("1: sessions and frames", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: version1)
            try db.execute(sql: "PRAGMA user_version = 1")
        }
        migrator.registerMigration("2: epochs and events", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: version2)
            try db.execute(sql: "PRAGMA user_version = 2")
        }
        migrator.registerMigration("3: conditions and webhooks", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: version3)
            try db.execute(sql: "PRAGMA user_version = 3")
        }
        migrator.registerMigration("4: videos", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: videos)
            try db.execute(sql: "PRAGMA user_version = 4")
        }
        migrator.registerMigration("5: telemetry", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: version5)
            try db.execute(sql: "PRAGMA user_version = 5")
        }
        // There is no version 6.
        migrator.registerMigration("7: keys and audit", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: version7)
            try db.execute(sql: "PRAGMA user_version = 7")
        }
        migrator.registerMigration("8: retention", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: retention)
            try db.execute(sql: "PRAGMA user_version = 8")
        }
        migrator.registerMigration("9: queries", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: queries)
            try Rollups.fill(db, report: report)
            try db.execute(sql: "PRAGMA user_version = 9")
        }
        return migrator
    }

    /// Times are microseconds since 1970-01-01T00:00:00Z.
    ///
    /// For people there are the views `sessions`, `frames` and `classes`, with times in RFC 3339, text ids, and paths
    /// of pictures.
    ///
    /// The order of every list is newest first by (time, key), and a page starts below the last (time, key) of the page
    /// before it. So each index that serves a filter is (filter, time) and ends, as every SQLite index does, in the
    /// table's integer key: SQLite walks it backwards and never sorts.
    private static let version1 = """
        -- One video stream.
        CREATE TABLE session (
            key             INTEGER PRIMARY KEY,   -- internal, small: what frames refer to
            id              TEXT NOT NULL UNIQUE,  -- UUIDv7, what the API shows
            drone           TEXT,
            mission         TEXT,
            model           TEXT NOT NULL,
            model_version   TEXT NOT NULL,
            options         TEXT NOT NULL,         -- JSON object, defaults filled in
            created_us      INTEGER NOT NULL,
            last_frame_us   INTEGER,               -- when the newest frame was received
            last_sequence   INTEGER,               -- highest sequence number stored
            frames          INTEGER NOT NULL,      -- how many were stored
            state           TEXT NOT NULL CHECK (state IN ('active', 'idle', 'ended')),
            end_reason      TEXT,                  -- why it is idle or ended
            ended_us        INTEGER
        ) STRICT;
        CREATE INDEX session_by_time ON session (created_us);
        CREATE INDEX session_by_drone ON session (drone, created_us) WHERE drone IS NOT NULL;
        CREATE INDEX session_by_mission ON session (mission, created_us) WHERE mission IS NOT NULL;
        CREATE INDEX session_by_state ON session (state, created_us);

        -- One segmented frame.
        CREATE TABLE frame (
            key                 INTEGER PRIMARY KEY,      -- internal, rises in the order of commits
            id                  TEXT NOT NULL UNIQUE,     -- UUIDv7, what the API shows
            session             INTEGER NOT NULL REFERENCES session (key),
            sequence            INTEGER NOT NULL,         -- number within the session
            digest              TEXT NOT NULL,            -- SHA-256 of the upload
            idempotency_key     TEXT,
            drone               TEXT,
            mission             TEXT,
            model               TEXT NOT NULL,
            model_version       TEXT NOT NULL,
            captured_us         INTEGER NOT NULL,         -- by the drone's clock
            received_us         INTEGER NOT NULL,         -- by the server's clock
            width               INTEGER NOT NULL,         -- pixels of the upload, upright
            height              INTEGER NOT NULL,
            mode                TEXT NOT NULL,            -- cold, propagated, reset, stateless
            reason              TEXT,                     -- why it is not propagated
            gap_frames          INTEGER NOT NULL,         -- numbers skipped since the previous frame
            gap_ms              INTEGER,                  -- since the previous frame
            registration        TEXT,                     -- klt, orb, akaze, identity, supplied; NULL: none was done
            registration_ok     INTEGER,                  -- 0 or 1
            matches             INTEGER,
            inliers             INTEGER,
            homography          TEXT,                     -- JSON array of 9, row-major, previous to current, pixels
            similarity_mean     REAL,                     -- 0 to 1
            changed_fraction    REAL,                     -- 0 to 1
            lat                 REAL,                     -- degrees, WGS 84
            lon                 REAL,
            alt_m               REAL,
            heading_deg         REAL,                     -- clockwise from north
            stage_ms            TEXT NOT NULL,            -- JSON object: stage to milliseconds
            -- Pictures lie in masks/DAY/SESSION.pack, DAY being the UTC day of received_us and SESSION the session's
            -- id: here is where in that file. NULL: not kept.
            mask_offset         INTEGER,
            mask_length         INTEGER,
            similarity_offset   INTEGER,
            similarity_length   INTEGER,
            image_offset        INTEGER,
            image_length        INTEGER,
            UNIQUE (session, sequence)
        ) STRICT;
        CREATE UNIQUE INDEX frame_by_idempotency_key ON frame (session, idempotency_key)
            WHERE idempotency_key IS NOT NULL;
        CREATE INDEX frame_by_time ON frame (captured_us);
        CREATE INDEX frame_by_session ON frame (session, captured_us);
        CREATE INDEX frame_by_drone ON frame (drone, captured_us) WHERE drone IS NOT NULL;
        CREATE INDEX frame_by_mission ON frame (mission, captured_us) WHERE mission IS NOT NULL;
        CREATE INDEX frame_by_model ON frame (model, captured_us);
        CREATE INDEX frame_by_mode ON frame (mode, captured_us);

        -- How much of a frame a class covers. A name occurs once in a frame.
        CREATE TABLE frame_class (
            frame           INTEGER NOT NULL REFERENCES frame (key) ON DELETE CASCADE,
            name            TEXT NOT NULL,
            value           INTEGER NOT NULL,      -- class index: value of the mask's pixels
            pixels          INTEGER NOT NULL,
            fraction        REAL NOT NULL,         -- of all pixels of the frame
            captured_us     INTEGER NOT NULL,      -- copy of the frame's, so that the index below is in order of time
            PRIMARY KEY (frame, name)
        ) STRICT, WITHOUT ROWID;
        -- Answers "this class, in at least this fraction, newest first" by itself.
        CREATE INDEX frame_class_by_name ON frame_class (name, captured_us, frame, fraction);

        CREATE VIEW sessions AS
            SELECT id, drone, mission, model, model_version, state, end_reason, frames, last_sequence,
                strftime('%Y-%m-%dT%H:%M:%S', created_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', created_us % 1000000) AS created_at,
                strftime('%Y-%m-%dT%H:%M:%S', last_frame_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', last_frame_us % 1000000) AS last_frame_at,
                strftime('%Y-%m-%dT%H:%M:%S', ended_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', ended_us % 1000000) AS ended_at,
                options
            FROM session;

        CREATE VIEW frames AS
            SELECT f.id, s.id AS session, f.sequence, f.drone, f.mission,
                strftime('%Y-%m-%dT%H:%M:%S', f.captured_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', f.captured_us % 1000000) AS captured_at,
                strftime('%Y-%m-%dT%H:%M:%S', f.received_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', f.received_us % 1000000) AS received_at,
                f.model, f.model_version, f.mode, f.reason, f.gap_frames, f.gap_ms, f.width, f.height,
                f.registration, f.registration_ok, f.matches, f.inliers, f.homography,
                f.similarity_mean, f.changed_fraction, f.lat, f.lon, f.alt_m, f.heading_deg, f.stage_ms,
                'masks/' || date(f.received_us / 1000000, 'unixepoch') || '/' || s.id || '.pack' AS pack,
                f.mask_offset, f.mask_length, f.similarity_offset, f.similarity_length, f.image_offset, f.image_length,
                f.digest, f.idempotency_key
            FROM frame AS f JOIN session AS s ON s.key = f.session;

        CREATE VIEW classes AS
            SELECT f.id AS frame, s.id AS session, f.sequence,
                strftime('%Y-%m-%dT%H:%M:%S', f.captured_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', f.captured_us % 1000000) AS captured_at,
                c.name, c.value, c.pixels, c.fraction
            FROM frame_class AS c JOIN frame AS f ON f.key = c.frame JOIN session AS s ON s.key = f.session;
        """

    /// What happens to sessions, in the order of commits; and how often each stream broke off.
    private static let version2 = """
        ALTER TABLE session ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;  -- of the newest frame
        ALTER TABLE frame ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;    -- breaks of the temporal state before it

        -- What is told to those who listen. Rows are written with what they tell of, and the oldest go as new ones come.
        CREATE TABLE event (
            key             INTEGER PRIMARY KEY,   -- the cursor: rises in the order of commits
            kind            TEXT NOT NULL,         -- frame, reset, drop, session-begun, session-idle, …
            at_us           INTEGER NOT NULL,
            session         INTEGER NOT NULL REFERENCES session (key),
            frame           INTEGER,               -- key of the frame it tells of
            reason          TEXT,                  -- why
            sequence        INTEGER,               -- of the frame it has to do with, or the session's last
            count           INTEGER,               -- frames that were dropped
            name            TEXT                   -- of the model of a session that began
        ) STRICT;
        CREATE INDEX event_by_session ON event (session, key);

        DROP VIEW sessions;
        DROP VIEW frames;
        CREATE VIEW sessions AS
            SELECT id, drone, mission, model, model_version, state, end_reason, frames, last_sequence, epoch,
                strftime('%Y-%m-%dT%H:%M:%S', created_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', created_us % 1000000) AS created_at,
                strftime('%Y-%m-%dT%H:%M:%S', last_frame_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', last_frame_us % 1000000) AS last_frame_at,
                strftime('%Y-%m-%dT%H:%M:%S', ended_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', ended_us % 1000000) AS ended_at,
                options
            FROM session;

        CREATE VIEW frames AS
            SELECT f.id, s.id AS session, f.sequence, f.drone, f.mission,
                strftime('%Y-%m-%dT%H:%M:%S', f.captured_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', f.captured_us % 1000000) AS captured_at,
                strftime('%Y-%m-%dT%H:%M:%S', f.received_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', f.received_us % 1000000) AS received_at,
                f.model, f.model_version, f.mode, f.reason, f.epoch, f.gap_frames, f.gap_ms, f.width, f.height,
                f.registration, f.registration_ok, f.matches, f.inliers, f.homography,
                f.similarity_mean, f.changed_fraction, f.lat, f.lon, f.alt_m, f.heading_deg, f.stage_ms,
                'masks/' || date(f.received_us / 1000000, 'unixepoch') || '/' || s.id || '.pack' AS pack,
                f.mask_offset, f.mask_length, f.similarity_offset, f.similarity_length, f.image_offset, f.image_length,
                f.digest, f.idempotency_key
            FROM frame AS f JOIN session AS s ON s.key = f.session;

        CREATE VIEW events AS
            SELECT e.key AS cursor, e.kind,
                strftime('%Y-%m-%dT%H:%M:%S', e.at_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', e.at_us % 1000000) AS at,
                s.id AS session, s.drone, s.mission, f.id AS frame, e.reason, e.sequence, e.count, e.name
            FROM event AS e JOIN session AS s ON s.key = e.session LEFT JOIN frame AS f ON f.key = e.frame;
        """
}
