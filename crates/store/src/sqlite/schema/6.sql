-- What a log holds is noted with it, so that a start does not look at each page.
-- The bytes of the payloads of its pages, but for those that are gone.
ALTER TABLE log ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE log SET bytes = (
    SELECT coalesce(sum(max(page.bytes, 0)), 0) FROM page
    WHERE page.log = log.id AND log.trimmed < page.last
);

-- Logs whose rows in page are gone and linger, up to this sequence: in part, or as a whole.
CREATE TABLE leftover (
    log INTEGER PRIMARY KEY,
    through INTEGER NOT NULL
) STRICT;

INSERT INTO leftover (log, through)
SELECT id, trimmed FROM log
WHERE EXISTS (SELECT 1 FROM page WHERE page.log = log.id AND page.last <= log.trimmed);
INSERT INTO leftover (log, through)
SELECT DISTINCT log, 9223372036854775807 FROM page WHERE log NOT IN (SELECT id FROM log);
