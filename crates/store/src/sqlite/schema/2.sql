-- The last messages of channels. No reference to log: a history has nothing to do with it.
CREATE TABLE history (
    row INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    -- When a server took the message in.
    at_ms INTEGER NOT NULL,
    -- Its origin and sequence, 8 bytes each, most significant first: so they sort as numbers do,
    -- up to the largest of 64 bits, which an INTEGER does not hold.
    id BLOB NOT NULL CHECK (length(id) = 16),
    publisher TEXT NOT NULL,
    -- NULL for a message that this server took in itself.
    server TEXT,
    -- CRC-32 of payload.
    crc INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;

-- Oldest first. Holds all that decides what is dropped, so that no payload is read for it.
CREATE UNIQUE INDEX history_place ON history (channel, at_ms, id);
