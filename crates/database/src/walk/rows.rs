//! What the rows of each table say.

use bytes::Bytes;
use rialto_domain::{CursorState, LogId, Retained, StoreClock};
use rialto_store::{Entry, Key, Part, Record};

use crate::{
    clients, load,
    row::{Row, bytes, channel, client, id, unsigned},
    segment::{self, Content},
};

/// Returns where a row stands.
pub(super) fn key(part: Part, row: &impl Row) -> Key {
    match part {
        Part::Counters => Key::default(),
        Part::Clients | Part::Retained | Part::Sessions => Key::named(bytes(row, 0)),
        Part::Logs => Key::numbered(id(row, 0), 0),
        Part::Pages => Key::numbered(id(row, 0), id(row, 1)),
        Part::Cursors => Key { name: bytes(row, 0).to_vec(), numbers: [id(row, 1), 0, 0] },
        Part::History => {
            let half = |bytes: Option<&[u8]>| {
                bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes)
            };
            let message = bytes(row, 1);
            let numbers = [id(row, 2), half(message.get(..8)), half(message.get(8..))];
            Key { name: bytes(row, 0).to_vec(), numbers }
        }
    }
}

/// Returns what a row holds, behind a key.
pub(super) fn entries(part: Part, row: &impl Row, after: &Key) -> Vec<Entry> {
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

fn counters(row: &impl Row) -> Record {
    let clock = StoreClock { served: unsigned(row, 0), logical: unsigned(row, 1) };
    Record::Counters { clock, log_id_last: unsigned(row, 2) }
}

fn known_client(row: &impl Row) -> Result<Record, String> {
    let client = client(row, 0).ok_or("a client cannot be understood: its name is no text")?;
    Ok(Record::Client(client, clients::seen_at(row, 1)))
}

fn log(row: &impl Row) -> Result<Record, String> {
    let channel = channel(row, 1).ok_or("a log cannot be understood: its name is no text")?;
    let (last, trimmed) = (id(row, 2), id(row, 3));
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

fn pages(row: &impl Row, after: &Key) -> Vec<Entry> {
    let (log, last, count) = (id(row, 0), unsigned(row, 1), unsigned(row, 2));
    let (aside, trimmed) = (row.places(3), unsigned(row, 4));
    let [log_before, last_before, _] = after.numbers;
    let behind = if log_before == log { last_before.max(0).unsigned_abs() } else { 0 };
    let is_there = |last: u64| behind.max(trimmed) < last && !aside.contains(&last.cast_signed());
    let body = Bytes::copy_from_slice(bytes(row, 7));
    let entry = |content| match content {
        Content::Page(page, served) => {
            let last = page.first + u64::from(page.count) - 1;
            let key = Key::numbered(log, last.cast_signed());
            let log = LogId(log.unsigned_abs());
            Entry::sound(key, Record::Page { log, served, page })
        }
        Content::Damaged { last, reason, .. } => {
            let channel = String::from_utf8_lossy(bytes(row, 5));
            let finding = format!(
                "a page of the log of {channel:?}: the page that ends with message {last}: {reason}"
            );
            Entry::damaged(Key::numbered(log, last.cast_signed()), finding)
        }
    };
    let contents = segment::contents(last, count, bytes(row, 6), &body, is_there);
    contents.into_iter().map(entry).collect()
}

/// One that stands where no message is goes back to the oldest message that is there, as for whoever loads it.
fn cursor(key: Key, row: &impl Row) -> Entry {
    let Some(client) = client(row, 0) else {
        return Entry::damaged(key, "a subscription cannot be understood: its client is no text");
    };
    let Some(channel) = row.bytes(4).map(String::from_utf8_lossy) else {
        return Entry::damaged(
            key,
            format!("a subscription of {client:?} reads a log that is not there"),
        );
    };
    let (floor, last) = (id(row, 2), id(row, 5));
    let is_sound = (0..=last).contains(&floor);
    let floor = if is_sound { floor.unsigned_abs() } else { unsigned(row, 6) };
    let acknowledged = clients::above(floor, row.stretches(3));
    let state = CursorState { floor, acknowledged };
    let finding = (!is_sound).then(|| {
        format!("the subscription of {client:?} to {channel:?} stands where no message is")
    });
    let record = Record::Cursor { client, log: LogId(unsigned(row, 1)), state };
    Entry { key, record: Some(record), finding }
}

fn retained(row: &impl Row) -> Result<Record, String> {
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

fn history(row: &impl Row) -> Result<Record, String> {
    let (channel, message) = load::history_message(row).ok_or_else(|| {
        let channel = String::from_utf8_lossy(bytes(row, 0));
        format!("a message in the history of channel {channel:?} does not match its checksum")
    })?;
    Ok(Record::History(channel, message))
}

fn session(row: &impl Row) -> Result<Record, String> {
    let client = client(row, 0).ok_or("a session cannot be understood: its client is no text")?;
    Ok(Record::Session(client, unsigned(row, 1)))
}
