extension Schema {
    /// Keys that clients show, and who did what that changes more than a stream.
    ///
    /// A key's row is never edited but for `last_used_us` and, once, `revoked_us`: so two counts tell whether the set
    /// of good keys has changed, and another process that makes or revokes one is soon noticed.
    static let version7 = """
        -- What a client shows as Authorization: Bearer. The key itself is nowhere: it is told once, when it is made.
        CREATE TABLE api_key (
            key             INTEGER PRIMARY KEY,
            id              TEXT NOT NULL UNIQUE,  -- public: the second part of the key itself
            name            TEXT NOT NULL,         -- whose it is, for people
            digest          BLOB NOT NULL,         -- SHA-256 of the whole key
            scopes          TEXT NOT NULL,         -- JSON array: ingest, read, admin
            drones          TEXT,                  -- JSON array of the only ones it sees and writes; NULL: all
            missions        TEXT,
            rate_limit      INTEGER,               -- requests a second; NULL: as the server says
            rate_burst      INTEGER,
            created_us      INTEGER NOT NULL,
            created_by      TEXT NOT NULL,
            expires_us      INTEGER,
            last_used_us    INTEGER,               -- to the minute
            revoked_us      INTEGER
        ) STRICT;

        CREATE TABLE audit (
            key             INTEGER PRIMARY KEY,
            at_us           INTEGER NOT NULL,
            actor           TEXT NOT NULL,         -- key:ID, start-key, anyone, command-line:USER
            action          TEXT NOT NULL,         -- key-created, key-revoked, session-ended, session-reset, …
            target          TEXT,                  -- id of what it was done to
            detail          TEXT NOT NULL,         -- JSON object
            address         TEXT                   -- where the request came from; NULL: from this machine's command line
        ) STRICT;
        CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit
            BEGIN SELECT raise(ABORT, 'the audit log is not edited'); END;
        CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
            BEGIN SELECT raise(ABORT, 'nothing is removed from the audit log'); END;
        """
}
