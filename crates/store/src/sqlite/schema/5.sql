-- What has a log, and who reads one, can be of several kinds. Both tables are made anew, since what makes their rows
-- unique changes. Ids are kept, and none that was ever given is given again.
CREATE TABLE log_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What its messages come from: 0 a channel, 1 all channels that a filter matches.
    kind INTEGER NOT NULL,
    -- The channel's name, or the filter.
    name TEXT NOT NULL,
    -- Sequence of the last message ever appended.
    last INTEGER NOT NULL,
    -- Pages that end at or below this sequence are gone, though their rows may linger.
    trimmed INTEGER NOT NULL,
    UNIQUE (kind, name)
) STRICT;

INSERT INTO log_new (id, kind, name, last, trimmed) SELECT id, 0, channel, last, trimmed FROM log;
DELETE FROM sqlite_sequence WHERE name = 'log_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'log_new', seq FROM sqlite_sequence WHERE name = 'log';

CREATE TABLE cursor_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Who reads: 0 a client, 1 a group.
    owner_kind INTEGER NOT NULL,
    owner TEXT NOT NULL,
    log INTEGER NOT NULL REFERENCES log_new (id),
    -- All messages up to this one are acknowledged.
    floor INTEGER NOT NULL,
    UNIQUE (owner_kind, owner, log)
) STRICT;

-- One whose log is not there reads nothing.
INSERT INTO cursor_new (id, owner_kind, owner, log, floor)
SELECT id, 0, client, log, floor FROM cursor WHERE log IN (SELECT id FROM log);
DELETE FROM sqlite_sequence WHERE name = 'cursor_new';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'cursor_new', seq FROM sqlite_sequence WHERE name = 'cursor';

DROP TABLE cursor;
DROP TABLE log;
ALTER TABLE log_new RENAME TO log;
ALTER TABLE cursor_new RENAME TO cursor;

-- Says which reader of a log is the slowest, and how many there are, without a look at each.
CREATE INDEX cursor_place ON cursor (log, floor);

-- What cursors acknowledged above their floors, in its shortest form: the stretches of a cursor neither overlap nor
-- touch, and none reaches down to its floor. What is acknowledged goes to the table acknowledged first, and from there
-- to here, many at a time.
CREATE TABLE stretch (
    id INTEGER PRIMARY KEY,
    cursor INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;

CREATE INDEX stretch_place ON stretch (cursor, first, last);

-- What a message may have beyond its payload; NULL where it has none of it, and nothing is written here yet.
-- A JSON object, the same for all messages of a page.
ALTER TABLE page ADD COLUMN header TEXT;
-- The channel that the messages were published to, where the log is that of a filter.
ALTER TABLE page ADD COLUMN source TEXT;
-- When they are of no use any more.
ALTER TABLE page ADD COLUMN expires_ms INTEGER;
