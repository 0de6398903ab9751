//! The statements that read all that is stored, some rows at a time, each part in the order of a key.

use rialto_store::{Key, Part};

use crate::request::Value;

const COUNTERS: &str = "
    SELECT coalesce((SELECT served_ms FROM clock), 0), coalesce((SELECT logical_ms FROM clock), 0),
        coalesce(pg_sequence_last_value(pg_get_serial_sequence('log', 'id')::regclass), 0)";

const CLIENTS: &str = "
    SELECT name, seen_ms, served_ms FROM client
    WHERE kind = 0 AND $1 <= name AND ($1 < name OR $2) ORDER BY name LIMIT $3";

const LOGS: &str = "
    SELECT id, name, last, trimmed, bytes FROM log WHERE $1 < id AND kind = 0 ORDER BY id LIMIT $2";

const PAGES: &str = "
    SELECT log, last, count, aside, trimmed, name, pages, body FROM (
        SELECT *, sum(octet_length(body)) OVER (ORDER BY log, last) - octet_length(body) AS before
        FROM (SELECT x.log, x.last, x.count, x.aside, x.pages, x.body, l.trimmed, l.name
              FROM segment x JOIN log l ON l.id = x.log AND l.kind = 0 AND l.trimmed < x.last
              WHERE ($1, $2) < (x.log, x.last) ORDER BY x.log, x.last LIMIT $3) found) counted
    WHERE before <= $4 ORDER BY log, last";

const CURSORS: &str = "
    SELECT c.owner, c.log, c.floor, c.acknowledged::text, l.name, l.last, l.trimmed
    FROM cursor c LEFT JOIN log l ON l.id = c.log
    WHERE c.owner_kind = 0 AND ($1, $2) < (c.owner, c.log) ORDER BY c.owner, c.log LIMIT $3";

const RETAINED: &str = "
    SELECT channel, publisher, crc, payload FROM (
        SELECT *, sum(octet_length(payload)) OVER (ORDER BY channel) - octet_length(payload) AS before
        FROM (SELECT channel, publisher, crc, payload FROM retained
              WHERE $1 <= channel AND ($1 < channel OR $2) ORDER BY channel LIMIT $3) found) counted
    WHERE before <= $4 ORDER BY channel";

const HISTORY: &str = "
    SELECT channel, id, logical_ms, at_ms, publisher, server, crc, payload FROM (
        SELECT *, sum(octet_length(payload)) OVER (ORDER BY channel, logical_ms, id)
            - octet_length(payload) AS before
        FROM (SELECT channel, id, logical_ms, at_ms, publisher, server, crc, payload FROM history
              WHERE ($1, $2, $3) < (channel, logical_ms, id)
              ORDER BY channel, logical_ms, id LIMIT $4) found) counted
    WHERE before <= $5 ORDER BY channel, logical_ms, id";

const SESSIONS: &str = "
    SELECT client, number FROM session
    WHERE $1 <= client AND ($1 < client OR $2) ORDER BY client LIMIT $3";

/// Records that were set aside, and rows that no log knows of.
pub(crate) const BESIDE: &str = "
    SELECT (SELECT coalesce(sum(cardinality(aside)), 0)::int8 FROM segment),
        (SELECT count(*) FROM segment x WHERE NOT EXISTS (SELECT 1 FROM log l WHERE l.id = x.log)
             AND NOT EXISTS (SELECT 1 FROM gone_log g WHERE g.log = x.log))";

/// The statement that reads some rows of a part.
pub(crate) fn sql(part: Part) -> &'static str {
    match part {
        Part::Counters => COUNTERS,
        Part::Clients => CLIENTS,
        Part::Logs => LOGS,
        Part::Pages => PAGES,
        Part::Cursors => CURSORS,
        Part::Retained => RETAINED,
        Part::History => HISTORY,
        Part::Sessions => SESSIONS,
    }
}

/// Returns the values that the statement of a part is given.
pub(crate) fn values(part: Part, after: Option<&Key>, rows_max: i64, bytes_max: i64) -> Vec<Value> {
    let is_start = after.is_none();
    let start = Key { name: Vec::new(), numbers: [i64::MIN; 3] };
    let Key { name, numbers } = after.cloned().unwrap_or(start);
    let [first, second, third] = numbers;
    let rows_max = Box::new(rows_max);
    let bytes_max = Box::new(bytes_max);
    match part {
        Part::Counters => vec![],
        Part::Clients | Part::Sessions => vec![Box::new(name), Box::new(is_start), rows_max],
        Part::Retained => vec![Box::new(name), Box::new(is_start), rows_max, bytes_max],
        Part::Logs => vec![Box::new(first), rows_max],
        Part::Cursors => vec![Box::new(name), Box::new(first), rows_max],
        Part::Pages => vec![Box::new(first), Box::new(second), rows_max, bytes_max],
        Part::History => {
            let id = if is_start {
                Vec::new()
            } else {
                [second.to_be_bytes(), third.to_be_bytes()].concat()
            };
            vec![Box::new(name), Box::new(first), Box::new(id), rows_max, bytes_max]
        }
    }
}
