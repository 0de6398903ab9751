//! The rows of each table in the order of a key, and what they say.

use bytes::Bytes;
use rialto_domain::{CursorState, LogId, Retained, StoreClock};
use rialto_store::{Entry, Key, Part, Record};
use tokio_postgres::Row;

use crate::{
    clients, load,
    names::{channel, client, unsigned},
    segment::{self, Content},
};

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

/// Returns the id of a history's message that a key has, as it is stored.
pub(super) fn id_bytes(key: &Key, is_start: bool) -> Vec<u8> {
    let [_, origin, sequence] = key.numbers;
    if is_start { Vec::new() } else { [origin.to_be_bytes(), sequence.to_be_bytes()].concat() }
}

/// Returns where a row stands.
pub(super) fn key(part: Part, row: &Row) -> Key {
    match part {
        Part::Counters => Key::default(),
        Part::Clients | Part::Retained | Part::Sessions => Key::named(row.get::<_, Vec<u8>>(0)),
        Part::Logs => Key::numbered(row.get(0), 0),
        Part::Pages => Key::numbered(row.get(0), row.get(1)),
        Part::Cursors => Key { name: row.get(0), numbers: [row.get(1), 0, 0] },
        Part::History => {
            let half = |bytes: Option<&[u8]>| {
                bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes)
            };
            let id: &[u8] = row.get(1);
            let numbers = [row.get(2), half(id.get(..8)), half(id.get(8..))];
            Key { name: row.get(0), numbers }
        }
    }
}

/// Returns what a row holds, behind a key.
pub(super) fn entries(part: Part, row: &Row, after: &Key) -> Vec<Entry> {
    let key = key(part, row);
    match part {
        Part::Pages => pages(row, after),
        Part::Cursors => vec![cursor(key, row)],
        Part::Counters => vec![Entry::sound(key, counters(row))],
        Part::Clients => vec![Entry::of(key, known_client(row))],
        Part::Logs => vec![Entry::of(key, log(row))],
        Part::Retained => vec![Entry::of(key, retained(row))],
        Part::History => vec![Entry::of(key, history(row))],
        Part::Sessions => vec![Entry::of(key, session(row))],
    }
}

fn counters(row: &Row) -> Record {
    let clock = StoreClock { served: unsigned(row, 0), logical: unsigned(row, 1) };
    Record::Counters { clock, log_id_last: unsigned(row, 2) }
}

fn known_client(row: &Row) -> Result<Record, String> {
    let id = client(row, 0).ok_or("a client cannot be understood: its name is no text")?;
    Ok(Record::Client(id, clients::seen_at(row, 1)))
}

fn log(row: &Row) -> Result<Record, String> {
    let channel = channel(row, 1).ok_or("a log cannot be understood: its name is no text")?;
    let (last, trimmed): (i64, i64) = (row.get(2), row.get(3));
    if !(0..=last).contains(&trimmed) {
        return Err(format!(
            "the log of {channel:?} cannot end with {last} and be trimmed to {trimmed}"
        ));
    }
    Ok(Record::Log {
        log: LogId(unsigned(row, 0)),
        channel,
        last: unsigned(row, 2),
        trimmed: unsigned(row, 3),
        bytes: unsigned(row, 4),
    })
}

fn pages(row: &Row, after: &Key) -> Vec<Entry> {
    let (id, last, count): (i64, _, _) = (row.get(0), unsigned(row, 1), unsigned(row, 2));
    let (aside, trimmed): (Vec<i64>, _) = (row.get(3), unsigned(row, 4));
    let [log_before, last_before, _] = after.numbers;
    let behind = if log_before == id { last_before.max(0).unsigned_abs() } else { 0 };
    let is_there = |last: u64| behind.max(trimmed) < last && !aside.contains(&last.cast_signed());
    let body = Bytes::from(row.get::<_, Vec<u8>>(7));
    let entry = |content| match content {
        Content::Page(page, served) => {
            let last = page.first + u64::from(page.count) - 1;
            let log = LogId(id.unsigned_abs());
            Entry::sound(Key::numbered(id, last.cast_signed()), Record::Page { log, served, page })
        }
        Content::Damaged { last, reason, .. } => {
            let channel = String::from_utf8_lossy(row.get(5));
            let finding = format!(
                "a page of the log of {channel:?}: the page that ends with message {last}: {reason}"
            );
            Entry::damaged(Key::numbered(id, last.cast_signed()), finding)
        }
    };
    let contents = segment::contents(last, count, row.get(6), &body, is_there);
    contents.into_iter().map(entry).collect()
}

/// One that stands where no message is goes back to the oldest message that is there, as for whoever loads it.
fn cursor(key: Key, row: &Row) -> Entry {
    let Some(client) = client(row, 0) else {
        return Entry::damaged(key, "a subscription cannot be understood: its client is no text");
    };
    let Some(channel) = row.get::<_, Option<&[u8]>>(4).map(String::from_utf8_lossy) else {
        return Entry::damaged(
            key,
            format!("a subscription of {client:?} reads a log that is not there"),
        );
    };
    let (floor, last): (i64, i64) = (row.get(2), row.get(5));
    let is_sound = (0..=last).contains(&floor);
    let floor = if is_sound { floor.unsigned_abs() } else { unsigned(row, 6) };
    let acknowledged = crate::names::stretches(row.get(3));
    let state = CursorState { floor, acknowledged };
    let finding = (!is_sound).then(|| {
        format!("the subscription of {client:?} to {channel:?} stands where no message is")
    });
    let record = Record::Cursor { client, log: LogId(unsigned(row, 1)), state };
    Entry { key, record: Some(record), finding }
}

fn retained(row: &Row) -> Result<Record, String> {
    let names = channel(row, 0).zip(client(row, 1));
    let (channel, publisher) =
        names.ok_or("a retained message cannot be understood: a name is no text")?;
    let Some(payload) = load::payload(row, 2, 3) else {
        return Err(format!(
            "the checksum of the retained message of channel {:?} does not match",
            channel.as_str()
        ));
    };
    Ok(Record::Retained(channel, Retained { publisher, payload }))
}

fn history(row: &Row) -> Result<Record, String> {
    let (channel, message) = load::history_message(row).ok_or_else(|| {
        let channel = String::from_utf8_lossy(row.get(0));
        format!("a message in the history of channel {channel:?} does not match its checksum")
    })?;
    Ok(Record::History(channel, message))
}

fn session(row: &Row) -> Result<Record, String> {
    let id = client(row, 0).ok_or("a session cannot be understood: its client is no text")?;
    Ok(Record::Session(id, unsigned(row, 1)))
}
