-- Names are BYTEA: a name may hold any character, NUL included, which TEXT cannot, and bytes sort as names do.
-- "shard" is the CRC-32 of a name modulo 64: where a row would go if there were several databases.

-- One row: what all servers on this database have in common.
CREATE TABLE cluster (
    one SMALLINT PRIMARY KEY CHECK (one = 1),
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    schema_version INT NOT NULL,
    -- The oldest schema version whose releases may still use the tables.
    oldest_reader INT NOT NULL,
    -- Rises whenever the database is not the one it was: another one, restored, or promoted.
    generation BIGINT NOT NULL,
    -- The system identifier and timeline of the database that wrote last.
    server TEXT NOT NULL
);

-- Runs of servers. An id is never used again.
CREATE TABLE node (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    -- 1 live, 2 draining, 3 dead: a dead one can write nothing any more.
    state SMALLINT NOT NULL,
    -- Rises to make void whatever the node has under way.
    revision BIGINT NOT NULL DEFAULT 0,
    protocol INT NOT NULL,
    lanes SMALLINT NOT NULL
);

-- Until when a node is not taken for dead, by the database's clock. Apart from node, so that a renewal never waits for
-- a commit.
CREATE TABLE lease (
    node BIGINT PRIMARY KEY,
    until TIMESTAMPTZ NOT NULL,
    stats TEXT NOT NULL DEFAULT ''
) WITH (fillfactor = 30);

-- One row a transaction of a lane, which says that it was carried out.
CREATE TABLE journal (
    node BIGINT NOT NULL,
    lane SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    -- Logs and their new last messages: "7:164,9:12".
    heads TEXT NOT NULL,
    events TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (node, lane, n)
);

-- Who is known beyond a connection: clients (kind 0), and later groups.
CREATE TABLE client (
    kind SMALLINT NOT NULL,
    name BYTEA NOT NULL,
    shard SMALLINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    served_ms BIGINT NOT NULL,
    -- The node that serves it, and how often that has changed.
    owner BIGINT,
    epoch BIGINT NOT NULL DEFAULT 0,
    expire_after_ms BIGINT,
    PRIMARY KEY (kind, name)
) WITH (fillfactor = 70);
CREATE INDEX client_owner ON client (owner) WHERE owner IS NOT NULL;

-- The messages of a channel (kind 0), and later of all that a filter matches (kind 1).
CREATE TABLE log (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind SMALLINT NOT NULL,
    name BYTEA NOT NULL,
    shard SMALLINT NOT NULL,
    -- Sequence of the last message ever appended.
    last BIGINT NOT NULL DEFAULT 0,
    -- Pages that end at or below this are gone, though their rows may linger.
    trimmed BIGINT NOT NULL DEFAULT 0,
    -- Of the payloads of all pages but those that are gone.
    bytes BIGINT NOT NULL DEFAULT 0,
    -- In which generation it was appended to last.
    generation BIGINT NOT NULL,
    keep_ms BIGINT,
    keep_messages BIGINT,
    keep_bytes BIGINT,
    UNIQUE (kind, name)
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- All pages that one transaction appended to one log.
CREATE TABLE segment (
    log BIGINT NOT NULL,
    -- Sequence of the last message; the first is last - count + 1.
    last BIGINT NOT NULL,
    count BIGINT NOT NULL,
    node BIGINT NOT NULL,
    -- The pages' heads: docs/stores.md.
    pages BYTEA NOT NULL,
    -- The pages that are damaged and set aside, each by the sequence of its last message.
    aside BIGINT[] NOT NULL DEFAULT '{}',
    -- When the last of its messages is of no use any more.
    expires_ms BIGINT,
    -- The pages' RFC 7464 text sequences, one behind the other.
    body BYTEA NOT NULL,
    PRIMARY KEY (log, last)
) WITH (toast_tuple_target = 8160);
-- No attempt to compress what is short-lived.
ALTER TABLE segment ALTER body SET STORAGE EXTERNAL;
CREATE INDEX segment_expires ON segment (expires_ms) WHERE expires_ms IS NOT NULL;

-- Logs that went, whose segments are removed a few at a time.
CREATE TABLE gone_log (log BIGINT PRIMARY KEY);

-- Where a generation skipped numbers.
CREATE TABLE jump (
    log BIGINT NOT NULL,
    before BIGINT NOT NULL,
    after BIGINT NOT NULL,
    PRIMARY KEY (log, after)
);

-- How far readers have come: clients (owner_kind 0), and later groups (1).
CREATE TABLE cursor (
    owner_kind SMALLINT NOT NULL,
    owner BYTEA NOT NULL,
    log BIGINT NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0,
    floor BIGINT NOT NULL,
    -- What is acknowledged above the floor.
    acknowledged INT8MULTIRANGE NOT NULL DEFAULT '{}',
    number BIGINT,
    options TEXT,
    extra BYTEA,
    PRIMARY KEY (owner_kind, owner, log)
) WITH (fillfactor = 50);
-- Says which reader of a log is the slowest without a look at each.
CREATE INDEX cursor_place ON cursor (log, floor);

CREATE TABLE retained (
    channel BYTEA PRIMARY KEY,
    shard SMALLINT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    publisher BYTEA NOT NULL,
    crc BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    at_ms BIGINT,
    qos SMALLINT,
    expires_ms BIGINT,
    header TEXT
);

CREATE TABLE history (
    channel BYTEA NOT NULL,
    shard SMALLINT NOT NULL,
    -- Origin and sequence, 8 bytes each, most significant first.
    id BYTEA NOT NULL CHECK (length(id) = 16),
    logical_ms BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    publisher BYTEA NOT NULL,
    -- NULL for a message that was taken in here.
    server BYTEA,
    crc BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    expires_ms BIGINT,
    header TEXT,
    PRIMARY KEY (channel, id)
);
CREATE INDEX history_place ON history (channel, logical_ms, id);

-- Sessions that are open, so that their end is known after a crash.
CREATE TABLE session (
    client BYTEA PRIMARY KEY,
    shard SMALLINT NOT NULL,
    node BIGINT NOT NULL,
    number BIGINT NOT NULL
);
CREATE INDEX session_node ON session (node);

CREATE TABLE clock (
    one SMALLINT PRIMARY KEY CHECK (one = 1),
    served_ms BIGINT NOT NULL,
    logical_ms BIGINT NOT NULL
);

-- Not used yet: messages for later and wills, request keys that were seen, filters that nodes have receivers for.
CREATE TABLE schedule (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_kind SMALLINT NOT NULL,
    owner BYTEA NOT NULL,
    key BYTEA NOT NULL,
    -- NULL for a will whose session lives.
    due_ms BIGINT,
    channel BYTEA NOT NULL,
    qos SMALLINT NOT NULL,
    retain BOOLEAN NOT NULL,
    header TEXT,
    crc BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    UNIQUE (owner_kind, owner, key)
);
CREATE INDEX schedule_due ON schedule (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE once (
    owner_kind SMALLINT NOT NULL,
    owner BYTEA NOT NULL,
    n BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    ids BYTEA NOT NULL,
    PRIMARY KEY (owner_kind, owner, n)
);
CREATE TABLE interest (
    node BIGINT NOT NULL,
    filter BYTEA NOT NULL,
    PRIMARY KEY (node, filter)
);
