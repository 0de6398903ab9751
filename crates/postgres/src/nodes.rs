//! The statements of nodes that share a database.

/// Those of these clients that the node owns in the epoch it says: held until the end of the transaction, so that
/// whoever claims one waits for what is under way.
pub(crate) const OWNED: &str = "
    SELECT i.k FROM unnest($1::bytea[], $2::int8[]) WITH ORDINALITY AS i(name, epoch, k)
    JOIN owner o ON o.name = i.name AND o.epoch = i.epoch AND o.node = $3
    ORDER BY o.name FOR SHARE OF o";

/// In the order of the ids, so that two nodes never wait for each other.
pub(crate) const LOGS_LOCK: &str = "SELECT l.id FROM log l WHERE l.kind = 0 AND l.name = ANY($1::bytea[]) ORDER BY l.id FOR UPDATE";

pub(crate) const ELSEWHERE: &str = "
    SELECT i.k FROM unnest($1::bytea[]) WITH ORDINALITY AS i(name, k)
    JOIN owner o ON o.name = i.name AND o.node <> $2 JOIN node n ON n.id = o.node AND n.state < 3";

pub(crate) const RELEASE: &str = "DELETE FROM owner WHERE name = ANY($1::bytea[]) AND node = $2";

pub(crate) const SESSIONS_CLOSE_OWN: &str =
    "DELETE FROM session WHERE client = ANY($1::bytea[]) AND node = $2";

pub(crate) const CLOCK_FORWARD: &str = "
    INSERT INTO clock AS c (one, served_ms, logical_ms) VALUES (1, $1, $2)
    ON CONFLICT (one) DO UPDATE SET served_ms = GREATEST(c.served_ms, excluded.served_ms),
        logical_ms = GREATEST(c.logical_ms, excluded.logical_ms)";

pub(crate) const LIVES: &str = "SELECT 1::int8 FROM node WHERE id = $1 AND state < 3";

/// A node whose transaction is still open is declared dead once the server has ended that.
pub(crate) const DECLARE_DEAD: &str = "
    UPDATE node SET state = 3, died = clock_timestamp() WHERE id IN (
        SELECT n.id FROM node n JOIN lease l ON l.node = n.id
        WHERE n.state < 3 AND n.id <> $1 AND l.until < clock_timestamp() FOR UPDATE OF n SKIP LOCKED)";

pub(crate) const FORGET_OLD: &str = "
    DELETE FROM journal WHERE at < clock_timestamp() - interval '60 s' AND node = ANY(
        ARRAY(SELECT l.node FROM lease l JOIN node n ON n.id = l.node AND n.state = 3) || $1::int8)";

pub(crate) const FORGET_DEAD: &str = "
    DELETE FROM lease l USING node n
    WHERE n.id = l.node AND n.state = 3 AND l.until < clock_timestamp() - interval '120 s'";

pub(crate) const CLAIM: &str = "
    INSERT INTO owner AS o (name, node, epoch)
    SELECT i.name, $2, nextval('claim') FROM (SELECT unnest($1::bytea[]) AS name ORDER BY 1) i
    ON CONFLICT (name) DO UPDATE SET node = excluded.node, epoch = excluded.epoch
    WHERE o.node = $2 OR NOT EXISTS (SELECT 1 FROM node n WHERE n.id = o.node AND n.state < 3)";

pub(crate) const FORCE: &str = "
    WITH old AS MATERIALIZED (
        SELECT o.name, o.node, o.epoch FROM owner o WHERE o.name = ANY($1::bytea[]) ORDER BY o.name FOR UPDATE),
    told AS (
        INSERT INTO handover (node, client, epoch, is_taken)
        SELECT o.node, o.name, o.epoch, true FROM old o JOIN node n ON n.id = o.node AND n.state < 3
        WHERE o.node <> $2
        ON CONFLICT (node, client, epoch) DO UPDATE SET is_taken = true)
    INSERT INTO owner AS o (name, node, epoch)
    SELECT i.name, $2, nextval('claim')
    FROM (SELECT unnest($1::bytea[]) AS name ORDER BY 1) i LEFT JOIN old ON old.name = i.name
    ON CONFLICT (name) DO UPDATE SET node = excluded.node, epoch = excluded.epoch";

pub(crate) const ASK: &str = "
    INSERT INTO handover (node, client, epoch, is_taken)
    SELECT o.node, o.name, o.epoch, false FROM owner o JOIN node n ON n.id = o.node AND n.state < 3
    WHERE o.name = ANY($1::bytea[]) AND o.node <> $2
    ON CONFLICT DO NOTHING";

pub(crate) const OWNERS: &str = "
    SELECT i.k, o.node, o.epoch FROM unnest($1::bytea[]) WITH ORDINALITY AS i(name, k)
    JOIN owner o ON o.name = i.name";

pub(crate) const CLIENTS_SEEN: &str = "
    SELECT i.k, c.seen_ms, c.served_ms FROM unnest($1::bytea[]) WITH ORDINALITY AS i(name, k)
    JOIN client c ON c.kind = 0 AND c.name = i.name";

pub(crate) const CLIENTS_CURSORS: &str = "
    SELECT i.k, l.name, c.floor, c.acknowledged::text, l.id, l.last, l.trimmed, l.bytes,
        (SELECT min(x.floor) FROM cursor x WHERE x.log = l.id)
    FROM unnest($1::bytea[]) WITH ORDINALITY AS i(name, k)
    JOIN cursor c ON c.owner_kind = 0 AND c.owner = i.name
    JOIN log l ON l.id = c.log AND l.kind = 0 ORDER BY i.k, l.name";

pub(crate) const SESSIONS_TAKE: &str = "
    UPDATE session s SET node = $2
    FROM unnest($1::bytea[]) WITH ORDINALITY AS i(name, k)
    JOIN owner o ON o.name = i.name AND o.node = $2
    WHERE s.client = i.name RETURNING i.k";

pub(crate) const PLACES: &str = "SELECT node, max(n) FROM journal WHERE lane = 0 GROUP BY node";

pub(crate) const JOURNALS: &str = "
    SELECT j.node, j.n, convert_to(j.heads, 'UTF8') FROM lease l
    JOIN journal j ON j.node = l.node AND j.lane = 0 AND j.n > COALESCE(
        (SELECT s.n FROM unnest($1::int8[], $2::int8[]) AS s(node, n) WHERE s.node = l.node), 0)
    ORDER BY j.node, j.n";

pub(crate) const HANDOVERS_TAKEN: &str = "
    DELETE FROM handover h USING unnest($2::bytea[], $3::int8[], $4::bool[]) AS i(client, epoch, is_taken)
    WHERE h.node = $1 AND h.client = i.client AND h.epoch = i.epoch AND h.is_taken = i.is_taken";

pub(crate) const HANDOVERS: &str = "SELECT client, epoch, is_taken::int::int8 FROM handover WHERE node = $1 ORDER BY client, epoch";

pub(crate) const LOG_STATES: &str = "
    SELECT l.id, l.name, l.last, l.trimmed, l.bytes, (SELECT min(c.floor) FROM cursor c WHERE c.log = l.id)
    FROM log l WHERE l.kind = 0 AND l.id = ANY($1::int8[])";

pub(crate) const RETAINED_OF: &str = "
    SELECT i.k, r.publisher, r.crc, r.payload FROM unnest($1::bytea[]) WITH ORDINALITY AS i(name, k)
    JOIN retained r ON r.channel = i.name";

pub(crate) const CRASHED: &str = "
    UPDATE session SET node = $1 WHERE client IN (
        SELECT s.client FROM node n JOIN session s ON s.node = n.id
        WHERE n.state = 3 AND n.id <> $1
            AND COALESCE(n.died, '-infinity') + make_interval(secs => $2) <= clock_timestamp()
        LIMIT 500 FOR UPDATE OF s SKIP LOCKED)
    RETURNING client, number";

/// What a commit of a node that shares the database may send besides, to be parsed when a connection begins.
pub(crate) const COMMITTING: [&str; 6] =
    [OWNED, LOGS_LOCK, ELSEWHERE, RELEASE, SESSIONS_CLOSE_OWN, CLOCK_FORWARD];

/// What its membership sends.
pub(crate) const BELONGING: [&str; 18] = [
    LIVES,
    DECLARE_DEAD,
    FORGET_OLD,
    FORGET_DEAD,
    CLAIM,
    FORCE,
    ASK,
    OWNERS,
    CLIENTS_SEEN,
    CLIENTS_CURSORS,
    SESSIONS_TAKE,
    PLACES,
    JOURNALS,
    HANDOVERS_TAKEN,
    HANDOVERS,
    LOG_STATES,
    RETAINED_OF,
    CRASHED,
];
