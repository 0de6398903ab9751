//! Reads what the core starts from.

use std::collections::HashMap;

use bytes::Bytes;
use rialto_broker::{
    ChannelName, ClientId, HistoryMessage, LogId, LogState, PageState, Retained, Seen, Sequence,
    SessionNumber, Snapshot, StoreClock,
};
use rusqlite::{Connection, Row};

use super::{
    cursors::{self, StretchRows},
    heads::{Head, Heads},
    history,
    leftovers::{Leftovers, WHOLE_LOG},
};
use crate::{Cause, error::Checksummed};

/// Reads everything but the messages of logs, and finds the rows of pages that are gone and how many
/// rows stretches take.
pub(super) fn snapshot(
    connection: &mut Connection,
) -> Result<(Snapshot, Leftovers, StretchRows), Cause> {
    let transaction = connection.transaction()?; // All as of one moment.
    let mut logs = Logs::read(&transaction)?;
    let leftovers = logs.read_pages(&transaction)?;
    let (cursors, stretch_rows) = cursors::load(&transaction)?;
    let snapshot = Snapshot {
        clients: clients(&transaction)?,
        logs: logs.states,
        cursors,
        retained: retained(&transaction)?,
        history: histories(&transaction)?,
        sessions: sessions(&transaction)?,
        clock: clock(&transaction)?,
    };
    Ok((snapshot, leftovers, stretch_rows))
}

/// Reads where each log ends.
pub(super) fn heads(connection: &Connection) -> Result<Heads, Cause> {
    Ok(read_heads(connection)?.into_iter().collect())
}

/// Logs under construction.
struct Logs {
    states: Vec<LogState>,
    /// Where each stands in `states`, and up to which sequence its pages are gone.
    places: HashMap<LogId, (usize, Sequence)>,
}

impl Logs {
    fn read(connection: &Connection) -> Result<Self, Cause> {
        let mut logs = Logs { states: Vec::new(), places: HashMap::new() };
        for (channel, Head { log, last, trimmed }) in read_heads(connection)? {
            logs.places.insert(log, (logs.states.len(), trimmed));
            logs.states.push(LogState { channel, log, last, trimmed, pages: Vec::new() });
        }
        Ok(logs)
    }

    /// Adds each page to its log, or to the leftovers if it is gone. Reads the index only.
    fn read_pages(&mut self, connection: &Connection) -> Result<Leftovers, Cause> {
        let mut leftovers = Leftovers::default();
        let mut statement = connection.prepare(
            "SELECT log, last, bytes, served_ms FROM page
                      ORDER BY log, last, bytes, served_ms",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let log = LogId(row.get(0)?);
            let page = PageState { last: row.get(1)?, bytes: row.get(2)?, served: row.get(3)? };
            match self.places.get(&log) {
                None => leftovers.add(log, WHOLE_LOG),
                Some((_, trimmed)) if page.last <= *trimmed => leftovers.add(log, *trimmed),
                Some((place, _)) => self.states[*place].pages.push(page),
            }
        }
        Ok(leftovers)
    }
}

fn read_heads(connection: &Connection) -> Result<Vec<(ChannelName, Head)>, Cause> {
    rows(connection, "SELECT channel, id, last, trimmed FROM log ORDER BY channel", |row| {
        let head = Head { log: LogId(row.get(1)?), last: row.get(2)?, trimmed: row.get(3)? };
        Ok((channel(row, 0)?, head))
    })
}

fn clients(connection: &Connection) -> Result<Vec<(ClientId, Seen)>, Cause> {
    rows(connection, "SELECT name, seen_ms, served_ms FROM client ORDER BY name", |row| {
        Ok((client(row, 0)?, Seen { at: row.get(1)?, served: row.get(2)? }))
    })
}

fn sessions(connection: &Connection) -> Result<Vec<(ClientId, SessionNumber)>, Cause> {
    rows(connection, "SELECT client, number FROM session ORDER BY client", |row| {
        Ok((client(row, 0)?, row.get(1)?))
    })
}

fn clock(connection: &Connection) -> Result<StoreClock, Cause> {
    let noted = rows(connection, "SELECT served_ms, logical_ms FROM clock", |row| {
        Ok(StoreClock { served: row.get(0)?, logical: row.get(1)? })
    })?;
    Ok(noted.into_iter().next().unwrap_or_default())
}

fn retained(connection: &Connection) -> Result<Vec<(ChannelName, Retained)>, Cause> {
    let sql = "SELECT channel, publisher, crc, payload FROM retained ORDER BY channel";
    rows(connection, sql, |row| {
        let channel = channel(row, 0)?;
        let payload = Bytes::from(row.get::<_, Vec<u8>>(3)?);
        if crc32fast::hash(&payload) != row.get::<_, u32>(2)? {
            return Err(Cause::Checksum { what: Checksummed::Retained(channel) });
        }
        Ok((channel, Retained { publisher: client(row, 1)?, payload }))
    })
}

fn histories(connection: &Connection) -> Result<Vec<(ChannelName, Vec<HistoryMessage>)>, Cause> {
    let sql = "SELECT channel, at_ms, id, publisher, server, crc, payload, logical_ms FROM history
               ORDER BY channel, logical_ms, id";
    let mut histories: Vec<(ChannelName, Vec<HistoryMessage>)> = Vec::new();
    for (channel, message) in rows(connection, sql, history_message)? {
        match histories.last_mut() {
            Some((last, messages)) if *last == channel => messages.push(message),
            _ => histories.push((channel, vec![message])),
        }
    }
    Ok(histories)
}

fn history_message(row: &Row<'_>) -> Result<(ChannelName, HistoryMessage), Cause> {
    let channel = channel(row, 0)?;
    let id = history::id_from_bytes(row.get(2)?);
    let payload = Bytes::from(row.get::<_, Vec<u8>>(6)?);
    if crc32fast::hash(&payload) != row.get::<_, u32>(5)? {
        return Err(Cause::Checksum { what: Checksummed::History(channel, id) });
    }
    let server = row.get::<_, Option<String>>(4)?.map(Into::into);
    let (at, logical, publisher) = (row.get(1)?, row.get(7)?, client(row, 3)?);
    Ok((channel, HistoryMessage { id, logical, at, publisher, server, payload }))
}

/// Runs a query and makes something of each row.
pub(super) fn rows<T>(
    connection: &Connection,
    sql: &str,
    make: impl Fn(&Row<'_>) -> Result<T, Cause>,
) -> Result<Vec<T>, Cause> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut made = Vec::new();
    while let Some(row) = rows.next()? {
        made.push(make(row)?);
    }
    Ok(made)
}

pub(super) fn client(row: &Row<'_>, column: usize) -> Result<ClientId, rusqlite::Error> {
    row.get::<_, String>(column).map(ClientId::from)
}

pub(super) fn channel(row: &Row<'_>, column: usize) -> Result<ChannelName, rusqlite::Error> {
    row.get::<_, String>(column).map(ChannelName::from)
}
