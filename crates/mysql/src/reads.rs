//! The statements that change nothing. Those of a reader find their rows by a key; those of a start read whole tables.

use rialto_database::Read;
use rialto_store::{Key, Part};

use crate::script::{Script, Value, unsigned};

/// Some rows of a log, as long as what is before them is at most so many bytes.
const LOG: &str = "
    SELECT s.`last`, l.trimmed, s.aside, s.pages, s.body, s.`count`
    FROM (
        SELECT x.`last`, SUM(x.size) OVER (ORDER BY x.`last`) - x.size AS held
        FROM (
            SELECT `last`, size FROM `segment`
            WHERE log = ? AND GREATEST(?, (SELECT trimmed + 1 FROM `log` WHERE id = ?)) <= `last`
            ORDER BY `last` LIMIT ?) x) f
    JOIN `segment` s ON s.log = ? AND s.`last` = f.`last` JOIN `log` l ON l.id = ?
    WHERE f.held <= ? ORDER BY s.`last`";

const CLIENT: &str = "
    SELECT 0 AS kind, NULL AS channel, seen_ms, served_ms, NULL AS acknowledged
    FROM `client` WHERE kind = 0 AND name = ?
    UNION ALL
    SELECT 1, l.name, 0, c.floor, c.acknowledged FROM `cursor` c JOIN `log` l ON l.id = c.log AND l.kind = 0
    WHERE c.owner_kind = 0 AND c.owner = ?
    ORDER BY 1, 2";

/// Whoever was put or has a cursor, behind an id: a few of each, and of those the first.
macro_rules! known {
    () => {
        "(SELECT a.name FROM (SELECT name FROM `client` WHERE kind = 0 AND ? < name ORDER BY name LIMIT ?) a
          UNION
          SELECT b.owner FROM (SELECT DISTINCT owner FROM `cursor` WHERE owner_kind = 0 AND ? < owner
                               ORDER BY owner LIMIT ?) b
          ORDER BY 1 LIMIT ?) k"
    };
}

const CLIENTS: &str = concat!(
    "SELECT k.name, c.seen_ms, c.served_ms,
         (SELECT COUNT(*) FROM `cursor` o JOIN `log` l ON l.id = o.log AND l.kind = 0
          WHERE o.owner_kind = 0 AND o.owner = k.name AND l.name <> CONCAT('#', k.name))
     FROM ",
    known!(),
    " LEFT JOIN `client` c ON c.kind = 0 AND c.name = k.name ORDER BY k.name"
);

const IDS: &str = concat!(
    "SELECT k.name, EXISTS (SELECT 1 FROM `cursor` o WHERE o.owner_kind = 0 AND o.owner = k.name) FROM ",
    known!(),
    " ORDER BY k.name"
);

const LOGS: &str = "
    SELECT l.id, l.name, l.`last`, l.trimmed, l.bytes, s.`last`, s.pages
    FROM `log` l LEFT JOIN `segment` s ON s.log = l.id AND s.`last` =
        (SELECT MAX(x.`last`) FROM `segment` x WHERE x.log = l.id AND l.trimmed < x.`last`)
    WHERE l.kind = 0 ORDER BY l.name";

const UNTIDY: &str = "
    SELECT l.id FROM `log` l
    WHERE l.kind = 0 AND EXISTS (SELECT 1 FROM `segment` x WHERE x.log = l.id AND x.`last` <= l.trimmed)";

const READERS: &str = "SELECT log, COUNT(*), MIN(floor) FROM `cursor` GROUP BY log";

const CURSORS: &str = "
    SELECT c.owner, l.name, c.floor, c.acknowledged, l.id
    FROM `cursor` c JOIN `log` l ON l.id = c.log AND l.kind = 0
    WHERE c.owner_kind = 0 ORDER BY c.owner, l.name";

const SEEN: &str = "SELECT name, seen_ms, served_ms FROM `client` WHERE kind = 0 ORDER BY name";

const RETAINED: &str = "SELECT channel, publisher, crc, payload FROM `retained` ORDER BY channel";

const HISTORIES: &str = "
    SELECT channel, id, logical_ms, at_ms, publisher, server, crc, payload FROM `history`
    ORDER BY channel, logical_ms, id";

const SESSIONS: &str = "SELECT client, number FROM `session` ORDER BY client";

const CLOCK: &str = "SELECT served_ms, logical_ms FROM `clock`";

/// The last lease that is not over.
const SERVER: &str = "
    SELECT n.name, CAST(UNIX_TIMESTAMP(l.until) * 1000000 AS SIGNED)
    FROM `node` n JOIN `lease` l ON l.node = n.id
    WHERE n.state < 3 AND UTC_TIMESTAMP(6) < l.until ORDER BY l.until DESC LIMIT 1";

/// Pages that were set aside, and segments that no log knows of.
const BESIDE: &str = "
    SELECT (SELECT CAST(COALESCE(SUM(LENGTH(aside) - LENGTH(REPLACE(aside, ',', '')) - 1), 0) AS SIGNED)
            FROM `segment` WHERE aside IS NOT NULL),
        (SELECT COUNT(*) FROM `segment` x WHERE NOT EXISTS (SELECT 1 FROM `log` l WHERE l.id = x.log)
             AND NOT EXISTS (SELECT 1 FROM `gone_log` g WHERE g.log = x.log))";

const WALK_COUNTERS: &str = "
    SELECT COALESCE((SELECT served_ms FROM `clock`), 0), COALESCE((SELECT logical_ms FROM `clock`), 0),
        GREATEST(COALESCE((SELECT MAX(id) FROM `log`), 0), COALESCE((SELECT MAX(log) FROM `gone_log`), 0),
            COALESCE((SELECT auto_increment - 1 FROM information_schema.tables
                      WHERE table_schema = DATABASE() AND table_name = 'log'), 0))";

const WALK_CLIENTS: &str = "
    SELECT name, seen_ms, served_ms FROM `client`
    WHERE kind = 0 AND ? <= name AND (? < name OR ?) ORDER BY name LIMIT ?";

const WALK_LOGS: &str = "
    SELECT id, name, `last`, trimmed, bytes FROM `log` WHERE ? < id AND kind = 0 ORDER BY id LIMIT ?";

const WALK_PAGES: &str = "
    SELECT s.log, s.`last`, s.`count`, s.aside, l.trimmed, l.name, s.pages, s.body
    FROM (
        SELECT x.log, x.`last`, SUM(x.size) OVER (ORDER BY x.log, x.`last`) - x.size AS held
        FROM (
            SELECT y.log, y.`last`, y.size FROM `segment` y
            JOIN `log` l ON l.id = y.log AND l.kind = 0 AND l.trimmed < y.`last`
            WHERE ? <= y.log AND (? < y.log OR ? < y.`last`) ORDER BY y.log, y.`last` LIMIT ?) x) f
    JOIN `segment` s ON s.log = f.log AND s.`last` = f.`last` JOIN `log` l ON l.id = f.log
    WHERE f.held <= ? ORDER BY s.log, s.`last`";

const WALK_CURSORS: &str = "
    SELECT c.owner, c.log, c.floor, c.acknowledged, l.name, l.`last`, l.trimmed
    FROM `cursor` c LEFT JOIN `log` l ON l.id = c.log
    WHERE c.owner_kind = 0 AND ? <= c.owner AND (? < c.owner OR ? < c.log) ORDER BY c.owner, c.log LIMIT ?";

const WALK_RETAINED: &str = "
    SELECT r.channel, r.publisher, r.crc, r.payload
    FROM (
        SELECT x.channel, SUM(x.size) OVER (ORDER BY x.channel) - x.size AS held
        FROM (
            SELECT channel, LENGTH(payload) AS size FROM `retained`
            WHERE ? <= channel AND (? < channel OR ?) ORDER BY channel LIMIT ?) x) f
    JOIN `retained` r ON r.channel = f.channel
    WHERE f.held <= ? ORDER BY r.channel";

const WALK_HISTORY: &str = "
    SELECT h.channel, h.id, h.logical_ms, h.at_ms, h.publisher, h.server, h.crc, h.payload
    FROM (
        SELECT x.channel, x.logical_ms, x.id,
            SUM(x.size) OVER (ORDER BY x.channel, x.logical_ms, x.id) - x.size AS held
        FROM (
            SELECT channel, logical_ms, id, LENGTH(payload) AS size FROM `history`
            WHERE ? <= channel AND (? < channel OR ? < logical_ms OR (? = logical_ms AND ? < id))
            ORDER BY channel, logical_ms, id LIMIT ?) x) f
    JOIN `history` h ON h.channel = f.channel AND h.id = f.id
    WHERE f.held <= ? ORDER BY h.channel, h.logical_ms, h.id";

const WALK_SESSIONS: &str = "
    SELECT client, number FROM `session`
    WHERE ? <= client AND (? < client OR ?) ORDER BY client LIMIT ?";

/// Adds a statement in SQL.
pub(crate) fn add(script: &mut Script, read: &Read<'_>) {
    match read {
        Read::Log { log, from, bytes_max, rows_max } => {
            let (log, from) = (unsigned(log.0), unsigned(*from));
            let (bytes_max, rows_max) = ((*bytes_max).into(), (*rows_max).into());
            script.add(LOG, &[log, from, log, rows_max, log, log, bytes_max]);
        }
        Read::Client(client) => {
            script.add(CLIENT, &[client.as_str().into(), client.as_str().into()]);
        }
        Read::Clients { after, count_max } => {
            let (after, count) = (after.as_str().into(), (*count_max).into());
            script.add(CLIENTS, &[after, count, after, count, count]);
        }
        Read::Ids { after, count_max } => {
            let (after, count) = (after.as_str().into(), (*count_max).into());
            script.add(IDS, &[after, count, after, count, count]);
        }
        Read::Logs => script.add(LOGS, &[]),
        Read::Untidy => script.add(UNTIDY, &[]),
        Read::Readers => script.add(READERS, &[]),
        Read::Cursors => script.add(CURSORS, &[]),
        Read::Seen => script.add(SEEN, &[]),
        Read::Retained => script.add(RETAINED, &[]),
        Read::Histories => script.add(HISTORIES, &[]),
        Read::Sessions => script.add(SESSIONS, &[]),
        Read::Clock => script.add(CLOCK, &[]),
        Read::Walk { part, after, rows_max, bytes_max } => {
            add_walk(script, *part, *after, (*rows_max).into(), (*bytes_max).into());
        }
        Read::Server => script.add(SERVER, &[]),
        Read::Beside => script.add(BESIDE, &[]),
    }
}

fn add_walk(
    script: &mut Script,
    part: Part,
    after: Option<&Key>,
    rows: Value<'_>,
    bytes: Value<'_>,
) {
    let is_start = i64::from(after.is_none()).into();
    let start = Key { name: Vec::new(), numbers: [i64::MIN; 3] };
    let Key { name, numbers } = after.unwrap_or(&start);
    let (name, [first, second, _]) = (name.as_slice().into(), numbers.map(Value::from));
    match part {
        Part::Counters => script.add(WALK_COUNTERS, &[]),
        Part::Clients => script.add(WALK_CLIENTS, &[name, name, is_start, rows]),
        Part::Logs => script.add(WALK_LOGS, &[first, rows]),
        Part::Pages => script.add(WALK_PAGES, &[first, first, second, rows, bytes]),
        Part::Cursors => script.add(WALK_CURSORS, &[name, name, first, rows]),
        Part::Retained => script.add(WALK_RETAINED, &[name, name, is_start, rows, bytes]),
        Part::History => {
            let [_, origin, sequence] = numbers.map(i64::to_be_bytes);
            let id = [origin, sequence].concat();
            let id = if after.is_none() { &[] } else { id.as_slice() }.into();
            script.add(WALK_HISTORY, &[name, name, first, first, id, rows, bytes]);
        }
        Part::Sessions => script.add(WALK_SESSIONS, &[name, name, is_start, rows]),
    }
}
