-- Names are VARBINARY: they are compared and sorted byte by byte, and may hold any character.
-- "shard" is the CRC-32 of a name modulo 64: where a row would go if there were several databases.
-- Each table is made if it is not there, since a server may have been stopped between two of them.

-- One row: what all servers on this database have in common.
CREATE TABLE IF NOT EXISTS `cluster` (
    one TINYINT NOT NULL PRIMARY KEY,
    id BINARY(16) NOT NULL,
    schema_version INT NOT NULL,
    -- The oldest schema version whose releases may still use the tables.
    oldest_reader INT NOT NULL,
    -- Rises whenever the database may lack what it had: another one, restored, promoted, or crashed without a binary log.
    generation BIGINT NOT NULL,
    -- Which server wrote last, and when it was started if that counts.
    server VARCHAR(512) CHARACTER SET utf8mb4 NOT NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- Runs of servers. An id is never used again.
CREATE TABLE IF NOT EXISTS `node` (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(512) CHARACTER SET utf8mb4 NOT NULL,
    -- 1 live, 2 draining, 3 dead: a dead one can write nothing any more.
    state SMALLINT NOT NULL,
    -- Rises to make void whatever the node has under way.
    revision BIGINT NOT NULL DEFAULT 0,
    protocol INT NOT NULL,
    lanes SMALLINT NOT NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- Until when a node is not taken for dead, by the database's clock in UTC. Apart from node, so that a renewal never waits for
-- a commit.
CREATE TABLE IF NOT EXISTS `lease` (
    node BIGINT NOT NULL PRIMARY KEY,
    until DATETIME(6) NOT NULL,
    stats LONGTEXT CHARACTER SET utf8mb4
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- One row a transaction of a lane, which says that it was carried out.
CREATE TABLE IF NOT EXISTS `journal` (
    node BIGINT NOT NULL,
    lane SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    at DATETIME(6) NOT NULL,
    -- Logs and their new last messages: "7:164,9:12".
    heads LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
    events LONGTEXT CHARACTER SET utf8mb4,
    PRIMARY KEY (node, lane, n),
    KEY journal_at (at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- Who is known beyond a connection: clients (kind 0), and later groups.
CREATE TABLE IF NOT EXISTS `client` (
    kind SMALLINT NOT NULL,
    name VARBINARY(2600) NOT NULL,
    shard SMALLINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    served_ms BIGINT NOT NULL,
    -- The node that serves it, and how often that has changed.
    owner BIGINT,
    epoch BIGINT NOT NULL DEFAULT 0,
    expire_after_ms BIGINT,
    PRIMARY KEY (kind, name),
    KEY client_owner (owner)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- The messages of a channel (kind 0), and later of all that a filter matches (kind 1).
CREATE TABLE IF NOT EXISTS `log` (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    kind SMALLINT NOT NULL,
    name VARBINARY(2600) NOT NULL,
    shard SMALLINT NOT NULL,
    -- Sequence of the last message ever appended.
    `last` BIGINT NOT NULL DEFAULT 0,
    -- Pages that end at or below this are gone, though their rows may linger.
    trimmed BIGINT NOT NULL DEFAULT 0,
    -- Of the payloads of all pages but those that are gone.
    bytes BIGINT NOT NULL DEFAULT 0,
    -- In which generation it was appended to last.
    generation BIGINT NOT NULL,
    keep_ms BIGINT,
    keep_messages BIGINT,
    keep_bytes BIGINT,
    UNIQUE KEY log_name (kind, name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- All pages that one transaction appended to one log.
CREATE TABLE IF NOT EXISTS `segment` (
    log BIGINT NOT NULL,
    -- Sequence of the last message; the first is last - count + 1.
    `last` BIGINT NOT NULL,
    `count` BIGINT NOT NULL,
    node BIGINT NOT NULL,
    -- The pages' heads: docs/stores.md.
    pages LONGBLOB NOT NULL,
    -- The pages that are damaged and set aside, each by the sequence of its last message: ",5,9,".
    aside LONGBLOB,
    -- When the last of its messages is of no use any more.
    expires_ms BIGINT,
    -- Length of the body.
    size BIGINT NOT NULL,
    -- The pages' RFC 7464 text sequences, one behind the other.
    body LONGBLOB NOT NULL,
    PRIMARY KEY (log, `last`),
    KEY segment_expires (expires_ms)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- Logs that went, whose segments are removed a few at a time.
CREATE TABLE IF NOT EXISTS `gone_log` (log BIGINT NOT NULL PRIMARY KEY) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- Where a generation skipped numbers.
CREATE TABLE IF NOT EXISTS `jump` (
    log BIGINT NOT NULL,
    `before` BIGINT NOT NULL,
    `after` BIGINT NOT NULL,
    PRIMARY KEY (log, `after`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- How far readers have come: clients (owner_kind 0), and later groups (1).
CREATE TABLE IF NOT EXISTS `cursor` (
    owner_kind SMALLINT NOT NULL,
    owner VARBINARY(2600) NOT NULL,
    log BIGINT NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0,
    floor BIGINT NOT NULL,
    -- What is acknowledged, of which what is above the floor counts: stretches, first and last included, 8 bytes each, most
    -- significant first, ascending.
    acknowledged LONGBLOB,
    number BIGINT,
    options LONGTEXT CHARACTER SET utf8mb4,
    extra LONGBLOB,
    PRIMARY KEY (owner_kind, owner, log),
    -- Says which reader of a log is the slowest without a look at each.
    KEY cursor_place (log, floor)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS `retained` (
    channel VARBINARY(2600) NOT NULL PRIMARY KEY,
    shard SMALLINT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    publisher VARBINARY(2600) NOT NULL,
    crc BIGINT NOT NULL,
    payload LONGBLOB NOT NULL,
    at_ms BIGINT,
    qos SMALLINT,
    expires_ms BIGINT,
    header LONGTEXT CHARACTER SET utf8mb4
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS `history` (
    channel VARBINARY(2600) NOT NULL,
    shard SMALLINT NOT NULL,
    -- Origin and sequence, 8 bytes each, most significant first.
    id BINARY(16) NOT NULL,
    logical_ms BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    publisher VARBINARY(2600) NOT NULL,
    -- NULL for a message that was taken in here.
    server VARBINARY(2600),
    crc BIGINT NOT NULL,
    payload LONGBLOB NOT NULL,
    expires_ms BIGINT,
    header LONGTEXT CHARACTER SET utf8mb4,
    PRIMARY KEY (channel, id),
    KEY history_place (channel, logical_ms, id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- Sessions that are open, so that their end is known after a crash.
CREATE TABLE IF NOT EXISTS `session` (
    client VARBINARY(2600) NOT NULL PRIMARY KEY,
    shard SMALLINT NOT NULL,
    node BIGINT NOT NULL,
    number BIGINT NOT NULL,
    KEY session_node (node)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS `clock` (
    one TINYINT NOT NULL PRIMARY KEY,
    served_ms BIGINT NOT NULL,
    logical_ms BIGINT NOT NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- Not used yet: messages for later and wills, request keys that were seen, filters that nodes have receivers for.
CREATE TABLE IF NOT EXISTS `schedule` (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    owner_kind SMALLINT NOT NULL,
    owner VARBINARY(2000) NOT NULL,
    `key` VARBINARY(512) NOT NULL,
    -- NULL for a will whose session lives.
    due_ms BIGINT,
    channel VARBINARY(2600) NOT NULL,
    qos SMALLINT NOT NULL,
    retain BOOLEAN NOT NULL,
    header LONGTEXT CHARACTER SET utf8mb4,
    crc BIGINT NOT NULL,
    payload LONGBLOB NOT NULL,
    UNIQUE KEY schedule_key (owner_kind, owner, `key`),
    KEY schedule_due (due_ms)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
CREATE TABLE IF NOT EXISTS `once` (
    owner_kind SMALLINT NOT NULL,
    owner VARBINARY(2600) NOT NULL,
    n BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    ids LONGBLOB NOT NULL,
    PRIMARY KEY (owner_kind, owner, n)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
CREATE TABLE IF NOT EXISTS `interest` (
    node BIGINT NOT NULL,
    filter VARBINARY(2600) NOT NULL,
    PRIMARY KEY (node, filter)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
