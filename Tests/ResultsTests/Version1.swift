/// A database as version 1 made it.
///
/// Frozen: this is what lies on people's disks.
enum Version1 {
    static let schema = """
        PRAGMA application_id = 1464356694;
        PRAGMA user_version = 1;
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1: sessions and frames');
        CREATE TABLE session (
            key INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            drone TEXT,
            mission TEXT,
            model TEXT NOT NULL,
            model_version TEXT NOT NULL,
            options TEXT NOT NULL,
            created_us INTEGER NOT NULL,
            last_frame_us INTEGER,
            last_sequence INTEGER,
            frames INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('active', 'idle', 'ended')),
            end_reason TEXT,
            ended_us INTEGER
        ) STRICT;
        CREATE INDEX session_by_time ON session (created_us);
        CREATE INDEX session_by_drone ON session (drone, created_us) WHERE drone IS NOT NULL;
        CREATE INDEX session_by_mission ON session (mission, created_us) WHERE mission IS NOT NULL;
        CREATE INDEX session_by_state ON session (state, created_us);
        CREATE TABLE frame (
            key INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            session INTEGER NOT NULL REFERENCES session (key),
            sequence INTEGER NOT NULL,
            digest TEXT NOT NULL,
            idempotency_key TEXT,
            drone TEXT,
            mission TEXT,
            model TEXT NOT NULL,
            model_version TEXT NOT NULL,
            captured_us INTEGER NOT NULL,
            received_us INTEGER NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            mode TEXT NOT NULL,
            reason TEXT,
            gap_frames INTEGER NOT NULL,
            gap_ms INTEGER,
            registration TEXT,
            registration_ok INTEGER,
            matches INTEGER,
            inliers INTEGER,
            homography TEXT,
            similarity_mean REAL,
            changed_fraction REAL,
            lat REAL,
            lon REAL,
            alt_m REAL,
            heading_deg REAL,
            stage_ms TEXT NOT NULL,
            mask_offset INTEGER,
            mask_length INTEGER,
            similarity_offset INTEGER,
            similarity_length INTEGER,
            image_offset INTEGER,
            image_length INTEGER,
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
        CREATE TABLE frame_class (
            frame INTEGER NOT NULL REFERENCES frame (key) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value INTEGER NOT NULL,
            pixels INTEGER NOT NULL,
            fraction REAL NOT NULL,
            captured_us INTEGER NOT NULL,
            PRIMARY KEY (frame, name)
        ) STRICT, WITHOUT ROWID;
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

    static let rows = """
        INSERT INTO session VALUES (
            1, 's1', 'kestrel-1', NULL, 'hiera-s', '1.0', '{}', 1772366400000000, 1772366401000000, 4, 1, 'active',
            NULL, NULL);
        INSERT INTO frame VALUES (
            1, 'f1', 1, 4, 'abc', NULL, 'kestrel-1', NULL, 'hiera-s', '1.0', 1772366400250000, 1772366401000000,
            1280, 736, 'propagated', NULL, 0, 40, 'klt', 1, 200, 150, '[1,0,2.5,0,1,-3,0,0,1]', 0.9, 0.01,
            52.5, 13.4, 80, NULL, '{"fuse":2.5,"image":40}', 8, 700, NULL, NULL, NULL, NULL);
        INSERT INTO frame_class VALUES
            (1, 'building', 2, 700000, 0.75, 1772366400250000), (1, 'road', 1, 200000, 0.2, 1772366400250000);
        """
}
