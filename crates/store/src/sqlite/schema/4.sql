-- Cursors. What is acknowledged above the floor has rows of its own, and the cursor an id for them,
-- which is never used again: so rows that linger after a cursor went are nobody's.
CREATE TABLE cursor_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client TEXT NOT NULL,
    log INTEGER NOT NULL REFERENCES log (id),
    -- All messages up to this one are acknowledged.
    floor INTEGER NOT NULL,
    UNIQUE (client, log)
) STRICT;

-- Stretches of messages that are acknowledged above the floor. A set: they stand in no order and may
-- overlap, so that whatever is acknowledged is added at the end, beside what else is added; now and
-- then all are written anew in their shortest form. No reference to cursor: rows linger.
CREATE TABLE acknowledged (
    id INTEGER PRIMARY KEY,
    cursor INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;

INSERT INTO cursor_new (client, log, floor)
SELECT client, log, floor FROM cursor WHERE log IN (SELECT id FROM log);

-- Acknowledgements that cannot be understood are lost: those messages come again.
INSERT INTO acknowledged (cursor, first, last)
SELECT id, first, last FROM (
    SELECT
        cursor_new.id,
        CASE stretch.type WHEN 'array' THEN json_extract(stretch.value, '$[0]') END AS first,
        CASE stretch.type WHEN 'array' THEN json_extract(stretch.value, '$[1]') END AS last
    FROM cursor
    JOIN cursor_new USING (client, log)
    JOIN json_each(
        CASE WHEN json_valid(cursor.acknowledged) THEN cursor.acknowledged ELSE '[]' END
    ) AS stretch
) WHERE typeof(first) = 'integer' AND typeof(last) = 'integer';

DROP TABLE cursor;
ALTER TABLE cursor_new RENAME TO cursor;
CREATE INDEX cursor_log ON cursor (log);

-- No time of the wall clock, which may step either way, decides anything any more: ages are counted in the time that
-- brokers have run on this store, and messages of a history are ordered by a logical clock.
CREATE TABLE clock (
    row INTEGER PRIMARY KEY CHECK (row = 1),
    -- How long brokers have run on this store.
    served_ms INTEGER NOT NULL,
    -- No moment of the logical clock that was given out is later.
    logical_ms INTEGER NOT NULL
) STRICT;

-- Of what is there already the age is counted from now on.
ALTER TABLE client ADD COLUMN served_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE page ADD COLUMN served_ms INTEGER NOT NULL DEFAULT 0;
DROP INDEX page_place;
CREATE INDEX page_place ON page (log, last, bytes, served_ms);

ALTER TABLE history ADD COLUMN logical_ms INTEGER NOT NULL DEFAULT 0;
UPDATE history SET logical_ms = at_ms;
DROP INDEX history_place;
CREATE UNIQUE INDEX history_place ON history (channel, logical_ms, id);

-- What tells sessions apart was counted from when they began.
ALTER TABLE session RENAME COLUMN began_ms TO number;
UPDATE session SET number = number * 1000;

-- Records that are not what was written, kept for whoever wants to know. Nothing is served from here.
CREATE TABLE damaged (
    id INTEGER PRIMARY KEY,
    -- The table it stood in.
    origin TEXT NOT NULL,
    -- Its columns, name=value, as far as they could be read, without the payload; bytes that are no
    -- text in hexadecimal.
    record TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Its payload, if it had one that could be read.
    content BLOB,
    UNIQUE (origin, record)
) STRICT;

-- Two pages never have one place in a log, whoever writes. A trigger that asks the index page_place,
-- which costs an append 0.5 µs: an index for this alone would cost it up to half again as much, and
-- page_place, made unique over log and last only, would no longer hold all that is read at start.
CREATE TRIGGER page_once BEFORE INSERT ON page
WHEN EXISTS (SELECT 1 FROM page WHERE log = NEW.log AND last = NEW.last)
BEGIN
    SELECT RAISE(ABORT, 'the place in the log is taken');
END;
