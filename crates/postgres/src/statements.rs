//! The statements of a commit. Each finds its rows by a key, whatever the size of the tables: lists come as
//! arrays, and the session has the planner prefer indices.

pub(crate) const BEGIN: &str = "BEGIN";
pub(crate) const COMMIT: &str = "COMMIT";

/// Whole tables are read: keys are no help.
pub(crate) const BEGIN_TO_READ: &str = "
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";

/// Whether the node may still write: held until the end of the transaction, so that whoever raises the revision
/// waits for what is under way.
pub(crate) const FENCE: &str =
    "SELECT 1 FROM node WHERE id = $1 AND revision = $2 AND state < 3 FOR SHARE";

/// Says that the transaction was carried out.
pub(crate) const JOURNAL: &str =
    "INSERT INTO journal (node, lane, n, heads) VALUES ($1, 0, $2, $3)";

pub(crate) const WAS_COMMITTED: &str =
    "SELECT 1::int8 FROM journal WHERE node = $1 AND lane = 0 AND n = $2";

pub(crate) const FORGET: &str = "DELETE FROM journal WHERE node = $1 AND lane = 0 AND n < $2";

pub(crate) const RENEW: &str = "
    UPDATE lease SET until = clock_timestamp() + make_interval(secs => $2)
    WHERE node = $1 AND EXISTS (SELECT 1 FROM node WHERE id = $1 AND state < 3) RETURNING 1::int8";

pub(crate) const LEAVE: &str = "UPDATE node SET state = 3 WHERE id = $1";

pub(crate) const LOGS_MAKE: &str = "
    INSERT INTO log (kind, name, shard, generation)
    SELECT 0, i.name, i.shard, $3 FROM unnest($1::bytea[], $2::int2[]) AS i(name, shard)
    WHERE NOT EXISTS (SELECT 1 FROM log l WHERE l.kind = 0 AND l.name = i.name)
    ON CONFLICT DO NOTHING";

/// The row locks are taken in the order of the ids, so that two writers never wait for each other.
pub(crate) const APPEND: &str = "
    WITH i AS MATERIALIZED (
        SELECT * FROM unnest($1::bytea[], $2::int8[], $3::bytea[], $4::bytea[]) AS i(name, n, pages, body)),
    locked AS MATERIALIZED (
        SELECT l.id FROM log l WHERE l.kind = 0 AND l.name = ANY($1::bytea[]) ORDER BY l.id FOR UPDATE),
    head AS (
        UPDATE log l SET
            last = l.last + i.n + CASE WHEN l.generation < $5 AND 0 < l.last THEN 1048576 ELSE 0 END,
            bytes = l.bytes + octet_length(i.body), generation = $5
        FROM locked k, i WHERE k.id = l.id AND i.name = l.name
        RETURNING l.id, l.name, l.last),
    kept AS (
        INSERT INTO segment (log, last, count, node, pages, body)
        SELECT h.id, h.last, i.n, $6, i.pages, i.body FROM head h JOIN i ON i.name = h.name)
    SELECT name, id, last FROM head";

pub(crate) const CURSORS_MAKE: &str = "
    INSERT INTO cursor (owner_kind, owner, log, floor)
    SELECT 0, i.owner, l.id, l.last FROM unnest($1::bytea[], $2::bytea[]) AS i(owner, name)
    JOIN log l ON l.kind = 0 AND l.name = i.name
    ON CONFLICT DO NOTHING";

pub(crate) const CURSORS_READ: &str = "
    SELECT i.k, l.id, c.floor FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS i(owner, name, k)
    JOIN log l ON l.kind = 0 AND l.name = i.name
    JOIN cursor c ON c.owner_kind = 0 AND c.owner = i.owner AND c.log = l.id";

pub(crate) const MOVE: &str = "
    UPDATE cursor c SET
        floor = LEAST(i.floor, l.last),
        acknowledged = c.acknowledged - int8multirange(int8range(NULL, LEAST(i.floor, l.last), '[]'))
    FROM unnest($1::bytea[], $2::bytea[], $3::int8[]) AS i(owner, name, floor)
    JOIN log l ON l.kind = 0 AND l.name = i.name
    WHERE c.owner_kind = 0 AND c.owner = i.owner AND c.log = l.id AND c.floor < LEAST(i.floor, l.last)";

pub(crate) const SLOWEST: &str = "
    SELECT i.k, (SELECT min(c.floor) FROM cursor c WHERE c.log = l.id)
    FROM unnest($1::bytea[]) WITH ORDINALITY AS i(name, k)
    JOIN log l ON l.kind = 0 AND l.name = i.name";

pub(crate) const ACKNOWLEDGE: &str = "
    UPDATE cursor c SET acknowledged = (c.acknowledged + i.ranges::int8multirange)
        * int8multirange(int8range(c.floor + 1, l.last + 1))
    FROM unnest($1::bytea[], $2::bytea[], $3::text[]) AS i(owner, name, ranges)
    JOIN log l ON l.kind = 0 AND l.name = i.name
    WHERE c.owner_kind = 0 AND c.owner = i.owner AND c.log = l.id";

/// The first rows of logs behind what is trimmed, and behind what was looked at; a row without a segment for a log
/// that has none.
pub(crate) const OLDEST: &str = "
    SELECT i.k, l.id, l.last, l.trimmed, l.bytes, s.last, s.aside, s.pages
    FROM unnest($1::bytea[], $2::int8[]) WITH ORDINALITY AS i(name, behind, k)
    JOIN log l ON l.kind = 0 AND l.name = i.name
    LEFT JOIN LATERAL (
        SELECT x.last, x.aside, x.pages FROM segment x
        WHERE x.log = l.id AND GREATEST(i.behind, l.trimmed) < x.last ORDER BY x.last LIMIT $3) s ON true
    ORDER BY i.k, s.last";

pub(crate) const TRIM: &str = "
    UPDATE log l SET trimmed = i.trimmed, bytes = i.bytes
    FROM unnest($1::int8[], $2::int8[], $3::int8[]) AS i(id, trimmed, bytes)
    WHERE l.id = i.id";

/// Returns the row as it was found, if the page is in it and was not set aside.
pub(crate) const SET_ASIDE: &str = "
    UPDATE segment s SET aside = s.aside || $3::int8
    FROM log l
    WHERE l.kind = 0 AND l.name = $1 AND l.id = $2 AND s.log = l.id AND NOT s.aside @> ARRAY[$3::int8]
      AND s.last = (SELECT min(x.last) FROM segment x WHERE x.log = $2 AND $3 <= x.last)
    RETURNING s.last, s.pages, octet_length(s.body)::int8, l.trimmed";

pub(crate) const BYTES_LESS: &str =
    "UPDATE log SET bytes = GREATEST(bytes - $2, 0) WHERE id = $1 RETURNING bytes";

pub(crate) const CURSORS_REMOVE: &str = "
    DELETE FROM cursor c USING unnest($1::bytea[], $2::bytea[]) AS i(owner, name)
    JOIN log l ON l.kind = 0 AND l.name = i.name
    WHERE c.owner_kind = 0 AND c.owner = i.owner AND c.log = l.id";

pub(crate) const LOGS_REMOVE: &str = "
    WITH gone AS (
        DELETE FROM log l USING unnest($1::bytea[]) AS i(name)
        WHERE l.kind = 0 AND l.name = i.name AND NOT EXISTS (SELECT 1 FROM cursor c WHERE c.log = l.id)
        RETURNING l.id)
    INSERT INTO gone_log (log) SELECT id FROM gone RETURNING log";

pub(crate) const CLIENTS_CURSORS_REMOVE: &str =
    "DELETE FROM cursor WHERE owner_kind = 0 AND owner = ANY($1::bytea[])";

pub(crate) const CLIENTS_REMOVE: &str =
    "DELETE FROM client WHERE kind = 0 AND name = ANY($1::bytea[])";

pub(crate) const CLIENTS_PUT: &str = "
    INSERT INTO client (kind, name, shard, seen_ms, served_ms)
    SELECT 0, * FROM unnest($1::bytea[], $2::int2[], $3::int8[], $4::int8[])
    ON CONFLICT (kind, name) DO UPDATE SET seen_ms = excluded.seen_ms, served_ms = excluded.served_ms";

pub(crate) const CLIENTS_KNOWN: &str = "
    SELECT i.k FROM unnest($1::bytea[]) WITH ORDINALITY AS i(name, k)
    WHERE EXISTS (SELECT 1 FROM client c WHERE c.kind = 0 AND c.name = i.name)
       OR EXISTS (SELECT 1 FROM cursor c WHERE c.owner_kind = 0 AND c.owner = i.name)";

pub(crate) const RETAINED_PUT: &str = "
    INSERT INTO retained (channel, shard, publisher, crc, payload)
    SELECT * FROM unnest($1::bytea[], $2::int2[], $3::bytea[], $4::int8[], $5::bytea[])
    ON CONFLICT (channel) DO UPDATE SET version = retained.version + 1,
        publisher = excluded.publisher, crc = excluded.crc, payload = excluded.payload";

pub(crate) const RETAINED_DROP: &str = "DELETE FROM retained WHERE channel = ANY($1::bytea[])";

pub(crate) const SESSIONS_OPEN: &str = "
    INSERT INTO session (client, shard, node, number)
    SELECT i.client, i.shard, $4, i.number FROM unnest($1::bytea[], $2::int2[], $3::int8[]) AS i(client, shard, number)
    ON CONFLICT (client) DO UPDATE SET node = excluded.node, number = excluded.number";

pub(crate) const SESSIONS_CLOSE: &str = "DELETE FROM session WHERE client = ANY($1::bytea[])";

pub(crate) const CLOCK: &str = "
    INSERT INTO clock (one, served_ms, logical_ms) VALUES (1, $1, $2)
    ON CONFLICT (one) DO UPDATE SET served_ms = excluded.served_ms, logical_ms = excluded.logical_ms";

pub(crate) const HISTORY_DROP: &str = "DELETE FROM history WHERE channel = ANY($1::bytea[])";

pub(crate) const HISTORY_ADD: &str = "
    INSERT INTO history (channel, shard, id, logical_ms, at_ms, publisher, server, crc, payload)
    SELECT * FROM unnest($1::bytea[], $2::int2[], $3::bytea[], $4::int8[], $5::int8[], $6::bytea[], $7::bytea[],
        $8::int8[], $9::bytea[])
    ON CONFLICT DO NOTHING";

pub(crate) const HISTORY_PRUNE: &str = "
    DELETE FROM history h USING unnest($1::bytea[], $2::int8[]) AS i(channel, n),
        LATERAL (SELECT x.id FROM history x WHERE x.channel = i.channel
                 ORDER BY x.logical_ms DESC, x.id DESC OFFSET i.n) AS old
    WHERE h.channel = i.channel AND h.id = old.id";

/// Removes a few rows that nobody sees any more, of logs that were trimmed.
pub(crate) const SWEEP_TRIMMED: &str = "
    WITH removed AS (
        DELETE FROM segment s USING (
            SELECT x.log, x.last FROM unnest($1::int8[]) AS i(id) JOIN log l ON l.id = i.id
            JOIN segment x ON x.log = l.id AND x.last <= l.trimmed LIMIT 500) AS old
        WHERE s.log = old.log AND s.last = old.last RETURNING 1)
    SELECT count(*) FROM removed";

/// The same of one log that went.
pub(crate) const SWEEP_GONE: &str = "
    WITH removed AS (
        DELETE FROM segment s USING (
            SELECT x.log, x.last FROM segment x WHERE x.log = $1 LIMIT 500) AS old
        WHERE s.log = old.log AND s.last = old.last RETURNING 1)
    SELECT count(*) FROM removed";

pub(crate) const GONE: &str = "SELECT log FROM gone_log LIMIT 1";

pub(crate) const FORGET_GONE: &str = "DELETE FROM gone_log WHERE log = $1";

/// All that a commit may send, to be parsed when a connection begins.
pub(crate) const ALL: [&str; 36] = [
    BEGIN,
    COMMIT,
    FENCE,
    JOURNAL,
    LOGS_MAKE,
    APPEND,
    CURSORS_MAKE,
    CURSORS_READ,
    MOVE,
    SLOWEST,
    ACKNOWLEDGE,
    OLDEST,
    TRIM,
    SET_ASIDE,
    BYTES_LESS,
    CURSORS_REMOVE,
    LOGS_REMOVE,
    CLIENTS_CURSORS_REMOVE,
    CLIENTS_REMOVE,
    CLIENTS_PUT,
    CLIENTS_KNOWN,
    RETAINED_PUT,
    RETAINED_DROP,
    SESSIONS_OPEN,
    SESSIONS_CLOSE,
    CLOCK,
    HISTORY_DROP,
    HISTORY_ADD,
    HISTORY_PRUNE,
    SWEEP_TRIMMED,
    SWEEP_GONE,
    FORGET_GONE,
    WAS_COMMITTED,
    FORGET,
    RENEW,
    LEAVE,
];
