-- Sessions that are open, so that their end is known after a crash. No reference to client: a session
-- may be of a client that is known only while it is connected.
CREATE TABLE session (
    client TEXT PRIMARY KEY,
    began_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
