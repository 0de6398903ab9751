//! The rows of each table in the order of a key, and what they say.

use std::collections::BTreeMap;

use bytes::Bytes;
use rialto_domain::{ChannelName, CursorState, LogId, Payloads, Seen, StoreClock, StoredPage};
use rusqlite::{Connection, Row};

use super::super::{damage::Unreadable, load, row, stretches::Noted};
use crate::{Cause, Entry, Key, Part, Record};

/// Returns the statement that reads a part behind a key. Its first columns are the key: a name as bytes, and numbers.
pub(super) fn sql(part: Part) -> &'static str {
    match part {
        Part::Counters => {
            "SELECT coalesce((SELECT served_ms FROM clock), 0), coalesce((SELECT logical_ms FROM clock), 0),
                 coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'log'), 0)"
        }
        Part::Clients => {
            "SELECT CAST(name AS BLOB), name, seen_ms, served_ms FROM client
             WHERE ?1 <= name AND (?1 < name OR ?2) ORDER BY name"
        }
        Part::Logs => {
            "SELECT id, name, last, trimmed, bytes,
                 (SELECT max(last) FROM page WHERE page.log = log.id)
             FROM log WHERE ?1 < id AND kind = 0 ORDER BY id"
        }
        // CROSS has SQLite begin with the pages.
        Part::Pages => {
            "SELECT page.log, page.last, CAST(log.name AS BLOB), count, at_ms, publisher, crc, payloads, served_ms
             FROM page CROSS JOIN log ON log.id = page.log
             WHERE (?1, ?2) < (page.log, page.last) AND kind = 0 AND trimmed < page.last
             ORDER BY page.log, page.last"
        }
        Part::Cursors => {
            "SELECT CAST(owner AS BLOB), cursor.log, owner, floor, cursor.id, CAST(log.name AS BLOB), last, trimmed
             FROM cursor LEFT JOIN log ON log.id = cursor.log
             WHERE owner_kind = 0 AND (?1, ?2) < (owner, cursor.log) ORDER BY owner, cursor.log"
        }
        Part::Retained => {
            "SELECT CAST(channel AS BLOB), channel, publisher, crc, payload FROM retained
             WHERE ?1 <= channel AND (?1 < channel OR ?2) ORDER BY channel"
        }
        Part::History => {
            "SELECT CAST(channel AS BLOB), channel, at_ms, id, publisher, server, crc, payload, logical_ms
             FROM history
             WHERE (?1, ?2, ?3) < (channel, logical_ms, id) ORDER BY channel, logical_ms, id"
        }
        Part::Sessions => {
            "SELECT CAST(client AS BLOB), client, number FROM session
             WHERE ?1 <= client AND (?1 < client OR ?2) ORDER BY client"
        }
    }
}

/// Reads what stands in a row.
pub(super) fn entry(
    connection: &Connection,
    part: Part,
    row: &Row<'_>,
    noted: &BTreeMap<i64, Noted>,
) -> Result<Entry, Cause> {
    let key = key(part, row)?;
    let read = match part {
        Part::Cursors => return cursor(connection, key, row, noted),
        Part::Logs => return Ok(log(key, row)),
        Part::Counters => counters(row),
        Part::Clients => known_client(row),
        Part::Pages => page(row),
        Part::Retained => load::retained_message(row)
            .map(|(channel, retained)| Record::Retained(channel, retained)),
        Part::History => {
            load::history_message(row).map(|(channel, message)| Record::History(channel, message))
        }
        Part::Sessions => session(row),
    };
    match read {
        Ok(record) => Ok(Entry::sound(key, record)),
        Err(Unreadable::Row(reason)) => {
            let finding = format!("{}: {reason}", whose(part, &key, row));
            Ok(Entry::damaged(key, finding))
        }
        Err(Unreadable::File(cause)) => Err(cause),
    }
}

fn key(part: Part, row: &Row<'_>) -> Result<Key, Cause> {
    Ok(match part {
        Part::Counters => Key::default(),
        Part::Clients | Part::Retained | Part::Sessions => Key::named(row.get::<_, Vec<u8>>(0)?),
        Part::Logs => Key::numbered(row.get(0)?, 0),
        Part::Pages => Key::numbered(row.get(0)?, row.get(1)?),
        Part::Cursors => Key { name: row.get(0)?, numbers: [row.get(1)?, 0, 0] },
        Part::History => {
            let id: [u8; 16] = row.get(3)?;
            let id = u128::from_be_bytes(id);
            let halves = [(id >> 64) as u64, id as u64].map(u64::cast_signed);
            Key { name: row.get(0)?, numbers: [row.get(8)?, halves[0], halves[1]] }
        }
    })
}

/// Says what a row is that cannot be understood.
fn whose(part: Part, key: &Key, row: &Row<'_>) -> String {
    let name = String::from_utf8_lossy(&key.name);
    match part {
        Part::Counters => "the clocks cannot be understood".to_owned(),
        Part::Clients => format!("the client {name:?} cannot be understood"),
        Part::Logs | Part::Cursors => {
            format!("the {} of {name:?} cannot be understood", part.name())
        }
        Part::Pages => {
            let channel = row.get::<_, Vec<u8>>(2).unwrap_or_default();
            let channel = String::from_utf8_lossy(&channel);
            let last = key.numbers[1];
            format!("a page of the log of {channel:?}, the one that ends with message {last}")
        }
        Part::Retained => format!("the retained message of channel {name:?}"),
        Part::History => format!("a message in the history of channel {name:?}"),
        Part::Sessions => format!("the session of {name:?} cannot be understood"),
    }
}

fn counters(row: &Row<'_>) -> Result<Record, Unreadable> {
    let clock = StoreClock { served: row.get(0)?, logical: row.get(1)? };
    Ok(Record::Counters { clock, log_id_last: row.get(2)? })
}

fn known_client(row: &Row<'_>) -> Result<Record, Unreadable> {
    let seen = Seen { at: row.get(2)?, served: row.get(3)? };
    Ok(Record::Client(row::client(row, 1)?, seen))
}

fn session(row: &Row<'_>) -> Result<Record, Unreadable> {
    Ok(Record::Session(row::client(row, 1)?, row.get(2)?))
}

/// One whose numbers cannot be is put right by what is there.
fn log(key: Key, row: &Row<'_>) -> Entry {
    let read = || -> Result<_, rusqlite::Error> {
        Ok((row::channel(row, 1)?, row.get(2)?, row.get(3)?, row.get::<_, i64>(4)?, row.get(5)?))
    };
    let (channel, last, trimmed, bytes, page_last): (ChannelName, i64, i64, _, Option<i64>) =
        match read() {
            Ok(read) => read,
            Err(error) => {
                return Entry::damaged(key, format!("a log cannot be understood: {error}"));
            }
        };
    let is_sound = (0..=last).contains(&trimmed) && page_last.unwrap_or(0) <= last;
    let finding = (!is_sound).then(|| {
        format!("the log of {channel:?} cannot end with {last} and be trimmed to {trimmed}")
    });
    let last = last.max(page_last.unwrap_or(0)).max(0);
    let trimmed = if (0..=last).contains(&trimmed) { trimmed } else { 0 };
    let record = Record::Log {
        log: LogId(key.numbers[0].unsigned_abs()),
        channel,
        last: last.unsigned_abs(),
        trimmed: trimmed.unsigned_abs(),
        bytes: bytes.max(0).unsigned_abs(),
    };
    Entry { key, record: Some(record), finding }
}

fn page(row: &Row<'_>) -> Result<Record, Unreadable> {
    let damaged = |reason: &str| Unreadable::Row(reason.to_owned());
    let (log, last, count): (u64, u64, u32) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let bytes = Bytes::from(row.get::<_, Vec<u8>>(7)?);
    if crc32fast::hash(&bytes) != row.get::<_, u32>(6)? {
        return Err(Unreadable::checksum());
    }
    let payloads = Payloads::from_sequence(bytes);
    let first = (last + 1).checked_sub(u64::from(count)).filter(|first| 0 < *first && 0 < count);
    let first =
        first.ok_or_else(|| damaged("it has more messages than there can be before its end"))?;
    if payloads.iter().count() != count as usize {
        return Err(damaged("it does not hold as many messages as it says"));
    }
    let publisher = row::client(row, 5)?;
    let page = StoredPage { first, publisher, at: row.get(4)?, count, payloads };
    Ok(Record::Page { log: LogId(log), served: row.get(8)?, page })
}

/// One that stands where no message is goes back to the oldest message that is there, as for whoever loads it.
fn cursor(
    connection: &Connection,
    key: Key,
    row: &Row<'_>,
    noted: &BTreeMap<i64, Noted>,
) -> Result<Entry, Cause> {
    let Ok(client) = row::client(row, 2) else {
        return Ok(Entry::damaged(
            key,
            "a subscription cannot be understood: its client is no text",
        ));
    };
    let Some(channel) = row.get::<_, Option<Vec<u8>>>(5)? else {
        let finding = format!("a subscription of {client:?} reads a log that is not there");
        return Ok(Entry::damaged(key, finding));
    };
    let channel = String::from_utf8_lossy(&channel);
    let (floor, last, trimmed): (i64, i64, i64) = (row.get(3)?, row.get(6)?, row.get(7)?);
    let is_sound = (0..=last).contains(&floor);
    let floor = if is_sound { floor } else { trimmed.max(0) }.unsigned_abs();
    let finding = (!is_sound).then(|| {
        format!("the subscription of {client:?} to {channel:?} stands where no message is")
    });
    let cursor: i64 = row.get(4)?;
    let span = (floor, last.max(0).unsigned_abs());
    let nothing = Noted::default();
    let noted = noted.get(&cursor).unwrap_or(&nothing);
    let acknowledged = noted.stretches_of(connection, cursor, span)?;
    let state = CursorState { floor, acknowledged: acknowledged.iter().collect() };
    let record = Record::Cursor { client, log: LogId(key.numbers[0].unsigned_abs()), state };
    Ok(Entry { key, record: Some(record), finding })
}
