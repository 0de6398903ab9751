//! The statements that change nothing. Those of a reader find their rows by a key; those of a start read whole tables.

/// Some rows of a log, as long as what is before them is at most so many bytes.
pub(crate) const LOG: &str = "
    SELECT last, trimmed, aside, pages, body, count FROM (
        SELECT s.last, l.trimmed, s.aside, s.pages, s.body, s.count,
            sum(octet_length(s.body)) OVER (ORDER BY s.last) - octet_length(s.body) AS before
        FROM log l JOIN LATERAL (
            SELECT * FROM segment x WHERE x.log = $1 AND GREATEST($2, l.trimmed + 1) <= x.last
            ORDER BY x.last LIMIT $4) s ON true
        WHERE l.id = $1) found
    WHERE before <= $3 ORDER BY last";

pub(crate) const CLIENT: &str = "
    SELECT 0::int8, NULL::bytea, seen_ms, served_ms, NULL::text FROM client WHERE kind = 0 AND name = $1
    UNION ALL
    SELECT 1, l.name, 0, c.floor, c.acknowledged::text FROM cursor c JOIN log l ON l.id = c.log AND l.kind = 0
    WHERE c.owner_kind = 0 AND c.owner = $1
    ORDER BY 1, 2";

/// Whoever was put or has a cursor, behind an id: a few of each, and of those the first.
macro_rules! known {
    () => {
        "WITH known AS MATERIALIZED (
            SELECT name FROM (SELECT name FROM client WHERE kind = 0 AND $1 < name ORDER BY name LIMIT $2) a
            UNION
            SELECT owner FROM (SELECT DISTINCT owner FROM cursor WHERE owner_kind = 0 AND $1 < owner
                               ORDER BY owner LIMIT $2) b
            ORDER BY 1 LIMIT $2) "
    };
}

pub(crate) const CLIENTS: &str = concat!(
    known!(),
    "SELECT k.name, c.seen_ms, c.served_ms,
         (SELECT count(*) FROM cursor o JOIN log l ON l.id = o.log AND l.kind = 0
          WHERE o.owner_kind = 0 AND o.owner = k.name AND l.name <> '\\x23'::bytea || k.name)
     FROM known k LEFT JOIN client c ON c.kind = 0 AND c.name = k.name ORDER BY k.name"
);

pub(crate) const IDS: &str = concat!(
    known!(),
    "SELECT k.name, EXISTS (SELECT 1 FROM cursor o WHERE o.owner_kind = 0 AND o.owner = k.name)::int::int8
     FROM known k ORDER BY k.name"
);

pub(crate) const LOGS: &str = "
    SELECT l.id, l.name, l.last, l.trimmed, l.bytes, s.last, s.pages
    FROM log l LEFT JOIN LATERAL (
        SELECT x.last, x.pages FROM segment x
        WHERE x.log = l.id AND l.trimmed < x.last ORDER BY x.last DESC LIMIT 1) s ON true
    WHERE l.kind = 0 ORDER BY l.name";

pub(crate) const UNTIDY: &str = "
    SELECT l.id FROM log l
    WHERE l.kind = 0 AND EXISTS (SELECT 1 FROM segment x WHERE x.log = l.id AND x.last <= l.trimmed)";

pub(crate) const READERS: &str = "SELECT log, count(*), min(floor) FROM cursor GROUP BY log";

pub(crate) const CURSORS: &str = "
    SELECT c.owner, l.name, c.floor, c.acknowledged::text, l.id
    FROM cursor c JOIN log l ON l.id = c.log AND l.kind = 0
    WHERE c.owner_kind = 0 ORDER BY c.owner, l.name";

pub(crate) const SEEN: &str =
    "SELECT name, seen_ms, served_ms FROM client WHERE kind = 0 ORDER BY name";

pub(crate) const RETAINED: &str =
    "SELECT channel, publisher, crc, payload FROM retained ORDER BY channel";

pub(crate) const HISTORIES: &str = "
    SELECT channel, id, logical_ms, at_ms, publisher, server, crc, payload FROM history
    ORDER BY channel, logical_ms, id";

pub(crate) const SESSIONS: &str = "SELECT client, number FROM session ORDER BY client";

pub(crate) const CLOCK: &str = "SELECT served_ms, logical_ms FROM clock";

/// The last lease that is not over.
pub(crate) const SERVER: &str = "
    SELECT convert_to(n.name, 'UTF8'), (extract(epoch FROM l.until) * 1000000)::int8
    FROM node n JOIN lease l ON l.node = n.id
    WHERE n.state < 3 AND clock_timestamp() < l.until ORDER BY l.until DESC LIMIT 1";
