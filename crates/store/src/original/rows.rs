//! The original server's rows as records of ours.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use rialto_domain::{
    CursorState, LogId, Payloads, Retained, Seen, Sequence, StoreClock, StoredPage, Stretches,
};
use rusqlite::{Connection, Row};
use serde_json::value::RawValue;

use crate::{Cause, Entry, Key, Part, Record};

/// When a row came, in milliseconds since 1970: SQLite has a text there, MySQL a text or a number of seconds. It is only shown.
macro_rules! moment {
    ($column:literal) => {
        concat!(
            "coalesce(CASE typeof(",
            $column,
            ")
                 WHEN 'text' THEN CAST(strftime('%s', ",
            $column,
            ") AS INTEGER) * 1000
                 ELSE CAST(",
            $column,
            " * CASE WHEN 100000000000 < ",
            $column,
            " THEN 1 ELSE 1000 END AS INTEGER)
             END, 0)"
        )
    };
}

const CLIENTS: &str = concat!(
    "SELECT DISTINCT client, (SELECT coalesce(max(",
    moment!("timestamp"),
    "), 0) FROM packets)
     FROM own_cursor WHERE ?1 <= client AND (?1 < client OR ?2) ORDER BY client"
);

const LOGS: &str = "
    SELECT id, channel, (SELECT count(*) FROM message WHERE log = id),
        (SELECT coalesce(sum(length(CAST(data AS BLOB))), 0)
         FROM message m CROSS JOIN packets p ON p.rowid = m.place WHERE m.log = id)
    FROM own_log WHERE ?1 < id ORDER BY id";

const PAGES: &str = concat!(
    "SELECT m.log, m.sequence, coalesce(CAST(p.sender_id AS TEXT), ''), CAST(p.data AS TEXT), ",
    moment!("p.timestamp"),
    ", CAST(p.packet_id AS TEXT)
     FROM message m CROSS JOIN packets p ON p.rowid = m.place
     WHERE (?1, ?2) < (m.log, m.sequence) ORDER BY m.log, m.sequence"
);

const CURSORS: &str = "
    SELECT client, log, (SELECT max(sequence) FROM message m WHERE m.log = c.log)
    FROM own_cursor c WHERE (?1, ?2) < (client, log) ORDER BY client, log";

/// The last of each channel; direct channels have none.
const RETAINED: &str = "
    SELECT channel, sender, data FROM (
        SELECT CAST(channel AS TEXT) AS channel, coalesce(CAST(sender_id AS TEXT), '') AS sender,
            CAST(data AS TEXT) AS data,
            row_number() OVER (PARTITION BY channel ORDER BY timestamp DESC, rowid DESC) AS age
        FROM retainedpackets)
    WHERE age = 1 AND channel NOT LIKE '#%' AND ?1 <= channel AND (?1 < channel OR ?2)
    ORDER BY channel";

/// Returns the statement that reads a part behind a key; `None` where that server has nothing of it.
pub(super) fn sql(part: Part) -> Option<&'static str> {
    match part {
        Part::Counters => Some("SELECT count(*) FROM own_log"),
        Part::Clients => Some(CLIENTS),
        Part::Logs => Some(LOGS),
        Part::Pages => Some(PAGES),
        Part::Cursors => Some(CURSORS),
        Part::Retained => Some(RETAINED),
        Part::History | Part::Sessions => None,
    }
}

/// Reads what stands in a row.
pub(super) fn entry(connection: &Connection, part: Part, row: &Row<'_>) -> Result<Entry, Cause> {
    Ok(match part {
        Part::Clients => {
            let client: String = row.get(0)?;
            let seen = Seen { at: row.get(1)?, served: 0 };
            let key = Key::named(client.clone());
            Entry::sound(key, Record::Client(client.as_str().into(), seen))
        }
        Part::Logs => log(row)?,
        Part::Pages => page(row)?,
        Part::Cursors => cursor(connection, row)?,
        Part::Retained => retained(row)?,
        Part::Counters | Part::History | Part::Sessions => {
            let record =
                Record::Counters { clock: StoreClock::default(), log_id_last: row.get(0)? };
            Entry::sound(Key::default(), record)
        }
    })
}

fn log(row: &Row<'_>) -> Result<Entry, Cause> {
    let (id, channel): (i64, String) = (row.get(0)?, row.get(1)?);
    let record = Record::Log {
        log: LogId(id.unsigned_abs()),
        channel: channel.as_str().into(),
        last: row.get(2)?,
        trimmed: 0,
        bytes: row.get(3)?,
    };
    Ok(Entry::sound(Key::numbered(id, 0), record))
}

fn page(row: &Row<'_>) -> Result<Entry, Cause> {
    let (log, sequence): (i64, i64) = (row.get(0)?, row.get(1)?);
    let key = Key::numbered(log, sequence);
    let (data, packet): (Option<String>, Option<String>) = (row.get(3)?, row.get(5)?);
    let Some(payload) = payload(data.as_deref().unwrap_or_default()) else {
        let packet = packet.unwrap_or_default();
        return Ok(Entry::damaged(key, format!("what the packet {packet:?} carries is no JSON")));
    };
    let page = StoredPage {
        first: sequence.unsigned_abs(),
        publisher: row.get::<_, String>(2)?.as_str().into(),
        at: row.get::<_, i64>(4)?.max(0).unsigned_abs(),
        count: 1,
        payloads: Payloads::single(payload),
    };
    Ok(Entry::sound(key, Record::Page { log: LogId(log.unsigned_abs()), served: 0, page }))
}

fn cursor(connection: &Connection, row: &Row<'_>) -> Result<Entry, Cause> {
    let (client, log): (String, i64) = (row.get(0)?, row.get(1)?);
    let last: Sequence = row.get::<_, Option<Sequence>>(2)?.unwrap_or(0);
    let mut pending = connection.prepare_cached(
        "SELECT sequence FROM pending WHERE client = ?1 AND log = ?2 ORDER BY sequence",
    )?;
    let mut rows = pending.query((&client, log))?;
    let mut acknowledged = Stretches::default();
    let mut next = 1;
    while let Some(row) = rows.next()? {
        let waits_for: Sequence = row.get(0)?;
        acknowledged.add(next, waits_for - 1);
        next = waits_for + 1;
    }
    acknowledged.add(next, last);
    let floor = acknowledged.absorb(0);
    let state = CursorState { floor, acknowledged: acknowledged.iter().collect() };
    let key = Key { name: client.clone().into_bytes(), numbers: [log, 0, 0] };
    let log = LogId(log.unsigned_abs());
    Ok(Entry::sound(key, Record::Cursor { client: client.as_str().into(), log, state }))
}

fn retained(row: &Row<'_>) -> Result<Entry, Cause> {
    let (channel, publisher): (String, String) = (row.get(0)?, row.get(1)?);
    let key = Key::named(channel.clone());
    let data: Option<String> = row.get(2)?;
    let Some(payload) = payload(data.as_deref().unwrap_or_default()) else {
        return Ok(Entry::damaged(key, format!("the retained message of {channel:?} is no JSON")));
    };
    let payload = Bytes::copy_from_slice(payload);
    let retained = Retained { publisher: publisher.as_str().into(), payload };
    Ok(Entry::sound(key, Record::Retained(channel.as_str().into(), retained)))
}

/// Returns the message in what a packet's column `data` holds: the member `d` of an object that has one, all of any other JSON;
/// `None` if it is no JSON.
fn payload(data: &str) -> Option<&[u8]> {
    let whole: &RawValue = serde_json::from_str(data).ok()?;
    let members: Option<BTreeMap<Cow<'_, str>, &RawValue>> = serde_json::from_str(data).ok();
    let inner = members.and_then(|members| members.get("d").copied());
    Some(inner.unwrap_or(whole).get().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::payload;

    #[test]
    fn a_message_is_what_the_server_put_around_it() {
        for (data, message) in [
            (r#"{"d": {"a": 1}}"#, Some(r#"{"a": 1}"#)),
            (r#"{"d":null,"q":1}"#, Some("null")),
            (r#"{"a": 1}"#, Some(r#"{"a": 1}"#)),
            ("[1, 2]", Some("[1, 2]")),
            (r#"{"d": NaN}"#, None),
            ("hello", None),
            ("", None),
        ] {
            assert_eq!(payload(data), message.map(str::as_bytes), "{data}");
        }
    }
}
