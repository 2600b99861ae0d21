extension Schema {
    /// Video files, and how far their jobs have come.
    static let videos = """
        CREATE TABLE video (
            key             INTEGER PRIMARY KEY,   -- internal
            id              TEXT NOT NULL UNIQUE,  -- UUIDv7, what the API shows; its files lie in videos/ID
            name            TEXT,                  -- the file's, as its sender has it
            drone           TEXT,
            mission         TEXT,
            model           TEXT NOT NULL,
            options         TEXT NOT NULL,         -- JSON object: of the session that runs it
            every           INTEGER NOT NULL,      -- every how many-th frame is run
            fps             REAL,                  -- frames of each second that are run at most
            overlay         INTEGER NOT NULL,      -- 0 or 1: whether an MP4 of the overlays is made
            keep            INTEGER NOT NULL,      -- 0 or 1: whether the file is kept when the job is over
            captured_us     INTEGER,               -- time of the video's zero, as its sender gave it
            created_us      INTEGER NOT NULL,
            length          INTEGER,               -- bytes of the file; NULL: its sender did not say
            state           TEXT NOT NULL
                CHECK (state IN ('uploading', 'queued', 'running', 'done', 'failed', 'cancelled')),
            session         INTEGER REFERENCES session (key),  -- that runs it; NULL until it begins
            started_us      INTEGER,
            ended_us        INTEGER,
            zero_us         INTEGER,               -- time of the video's zero, as used
            total           INTEGER,               -- frames that will be run, as far as the container tells
            frames          INTEGER,               -- frames that were run, when it is over
            failure         TEXT,                  -- why it failed
            warning         TEXT,                  -- what was not as it should be all the same
            has_overlay     INTEGER NOT NULL       -- 0 or 1: whether videos/ID/overlay.mp4 is there
        ) STRICT;
        CREATE INDEX video_by_time ON video (created_us);
        CREATE INDEX video_by_drone ON video (drone, created_us) WHERE drone IS NOT NULL;
        CREATE INDEX video_by_mission ON video (mission, created_us) WHERE mission IS NOT NULL;
        CREATE INDEX video_by_state ON video (state, created_us);

        CREATE VIEW videos AS
            SELECT v.id, v.name, v.drone, v.mission, v.model, v.state, s.id AS session,
                coalesce(v.frames, s.frames) AS frames, v.total, v.failure, v.warning,
                strftime('%Y-%m-%dT%H:%M:%S', v.created_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', v.created_us % 1000000) AS created_at,
                strftime('%Y-%m-%dT%H:%M:%S', v.ended_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', v.ended_us % 1000000) AS ended_at
            FROM video AS v LEFT JOIN session AS s ON s.key = v.session;
        """
}
