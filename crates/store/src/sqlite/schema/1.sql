-- Clients whose sessions outlive their connections.
CREATE TABLE client (
    name TEXT NOT NULL PRIMARY KEY,
    seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Channels with persistent subscribers. AUTOINCREMENT: the id of a log that went is never reused.
CREATE TABLE log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL UNIQUE,
    -- Sequence of the last message ever appended.
    last INTEGER NOT NULL,
    -- Pages that end at or below this sequence are gone, though their rows may linger.
    trimmed INTEGER NOT NULL
) STRICT;

-- Messages, as pages. No reference to log: rows linger after their log went.
CREATE TABLE page (
    id INTEGER PRIMARY KEY,
    log INTEGER NOT NULL,
    -- Sequence of the page's last message; the first is last - count + 1.
    last INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (0 < count),
    bytes INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    publisher TEXT NOT NULL,
    -- CRC-32 of payloads.
    crc INTEGER NOT NULL,
    -- RFC 7464 text sequence, bytes long.
    payloads BLOB NOT NULL
) STRICT;

-- Holds all that is read at start, so that no page itself is.
CREATE INDEX page_place ON page (log, last, bytes, at_ms);

-- How far each persistent subscriber has come.
CREATE TABLE cursor (
    client TEXT NOT NULL,
    log INTEGER NOT NULL REFERENCES log (id),
    floor INTEGER NOT NULL,
    -- JSON: [[first, last], ...] above the floor, ascending.
    acknowledged TEXT NOT NULL,
    PRIMARY KEY (client, log)
) STRICT, WITHOUT ROWID;

CREATE INDEX cursor_log ON cursor (log);

-- The last message of a channel that was published with the retained flag.
CREATE TABLE retained (
    channel TEXT NOT NULL PRIMARY KEY,
    publisher TEXT NOT NULL,
    -- CRC-32 of payload.
    crc INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
