extension Schema {
    /// What sessions are to tell of, and whom.
    static let version3 = """
        -- The conditions of a session that has some.
        CREATE TABLE session_conditions (
            session         INTEGER PRIMARY KEY REFERENCES session (key) ON DELETE CASCADE,
            rules           TEXT NOT NULL,         -- JSON object as accepted; the secrets of webhooks are in it
            state           TEXT NOT NULL          -- JSON object: how far each has come with the session's newest frame
        ) STRICT;

        -- Calls of webhooks: written with the frame that makes them, settled when the target has taken them. Those that
        -- are settled go as new ones come.
        CREATE TABLE delivery (
            key             INTEGER PRIMARY KEY,   -- rises in the order of commits
            id              TEXT NOT NULL UNIQUE,  -- UUIDv7, the call's webhook-id
            session         INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            kind            TEXT NOT NULL,         -- of the event it tells of
            condition       TEXT NOT NULL,         -- by name
            sequence        INTEGER NOT NULL,      -- of the frame
            url             TEXT NOT NULL,
            secret          TEXT,                  -- until it is settled
            body            TEXT NOT NULL,         -- JSON, as sent
            created_us      INTEGER NOT NULL,
            state           TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dropped')),
            attempts        INTEGER NOT NULL,
            attempted_us    INTEGER,               -- the last one
            next_us         INTEGER,               -- the next one
            settled_us      INTEGER,
            status          INTEGER,               -- of the last answer
            reason          TEXT                   -- why the last attempt failed, or why it was given up
        ) STRICT;
        -- What waits of one session for one target is a line: its first is the lowest key.
        CREATE INDEX delivery_by_line ON delivery (session, url, key) WHERE state = 'waiting';
        CREATE INDEX delivery_by_session ON delivery (session, created_us);
        CREATE INDEX delivery_by_state ON delivery (session, state, created_us);

        CREATE VIEW deliveries AS
            SELECT d.id, s.id AS session, d.kind, d.condition, d.sequence, d.url, d.state, d.attempts,
                strftime('%Y-%m-%dT%H:%M:%S', d.created_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', d.created_us % 1000000) AS created_at,
                strftime('%Y-%m-%dT%H:%M:%S', d.attempted_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', d.attempted_us % 1000000) AS attempted_at,
                strftime('%Y-%m-%dT%H:%M:%S', d.next_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', d.next_us % 1000000) AS next_attempt_at,
                d.status, d.reason
            FROM delivery AS d JOIN session AS s ON s.key = d.session;
        """
}
