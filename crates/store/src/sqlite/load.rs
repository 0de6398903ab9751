//! Reads what the core starts from.

use bytes::Bytes;
use rialto_domain::{
    ChannelName, ClientId, HistoryMessage, Load, Retained, Seen, SessionNumber, Snapshot,
    StoreClock,
};
use rusqlite::{Connection, Row};

use super::{
    cursors,
    damage::{self, Damage, Unreadable, sound_rows},
    heads::Heads,
    history,
    leftovers::Leftovers,
    logs::Logs,
    row::{channel, client},
    stretches::{self, Journal},
};
use crate::Cause;

/// What is found in a file at start.
pub(super) struct Found {
    pub(super) snapshot: Snapshot,
    /// Where each log ends.
    pub(super) heads: Heads,
    /// The rows of pages that are gone.
    pub(super) leftovers: Leftovers,
    /// How much that cursors acknowledged is noted and not folded.
    pub(super) journal: Journal,
    /// What is damaged, and not in the snapshot.
    pub(super) damaged: Vec<Damage>,
}

/// Reads what the core starts from.
///
/// A record that is damaged is left out; a part of the file that cannot be read at all is an error.
pub(super) fn snapshot(connection: &mut Connection, load: Load) -> Result<Found, Cause> {
    let transaction = connection.transaction()?; // All as of one moment.
    let mut damaged = Vec::new();
    let mut logs = Logs::read(&transaction, &mut damaged)?;
    let leftovers = Leftovers::read(&transaction, &mut damaged)?;
    let (clients, cursors) = match load {
        Load::All => {
            let cursors = cursors::load(&transaction, &logs, &mut damaged)?;
            logs.note_cursors(cursors.iter().map(|(_, channel, cursor)| (channel, cursor.floor)));
            (clients(&transaction, &mut damaged)?, cursors)
        }
        Load::Heads => {
            logs.read_readers(&transaction, &mut damaged)?;
            (Vec::new(), Vec::new())
        }
    };
    let journal = stretches::count(&transaction)?;
    let sessions = sessions(&transaction, &mut damaged)?;
    let clock = clock(&transaction, &mut damaged)?;
    let retained = retained(&transaction, &mut damaged)?;
    let history = histories(&transaction, &mut damaged)?;
    let heads = logs.heads().collect();
    let count = damaged.len() as u64;
    let snapshot = Snapshot {
        load,
        clients,
        logs: logs.states,
        cursors,
        retained,
        history,
        sessions,
        clock,
        damaged: count,
    };
    Ok(Found { snapshot, heads, leftovers, journal, damaged })
}

fn clients(
    connection: &Connection,
    damaged: &mut Vec<Damage>,
) -> Result<Vec<(ClientId, Seen)>, Cause> {
    let columns = ("name, seen_ms, served_ms", "name");
    sound_rows(connection, &damage::CLIENT, columns, damaged, |row| {
        Ok((client(row, 1)?, Seen { at: row.get(2)?, served: row.get(3)? }))
    })
}

fn sessions(
    connection: &Connection,
    damaged: &mut Vec<Damage>,
) -> Result<Vec<(ClientId, SessionNumber)>, Cause> {
    sound_rows(connection, &damage::SESSION, ("client, number", "client"), damaged, |row| {
        Ok((client(row, 1)?, row.get(2)?))
    })
}

fn clock(connection: &Connection, damaged: &mut Vec<Damage>) -> Result<StoreClock, Cause> {
    let columns = ("served_ms, logical_ms", "row");
    let noted = sound_rows(connection, &damage::CLOCK, columns, damaged, |row| {
        Ok(StoreClock { served: row.get(1)?, logical: row.get(2)? })
    })?;
    Ok(noted.into_iter().next().unwrap_or_default())
}

fn retained(
    connection: &Connection,
    damaged: &mut Vec<Damage>,
) -> Result<Vec<(ChannelName, Retained)>, Cause> {
    let columns = ("channel, publisher, crc, payload", "channel");
    sound_rows(connection, &damage::RETAINED, columns, damaged, retained_message)
}

/// Reads a retained message, from the columns behind the first.
pub(super) fn retained_message(row: &Row<'_>) -> Result<(ChannelName, Retained), Unreadable> {
    let payload = Bytes::from(row.get::<_, Vec<u8>>(4)?);
    if crc32fast::hash(&payload) != row.get::<_, u32>(3)? {
        return Err(Unreadable::checksum());
    }
    Ok((channel(row, 1)?, Retained { publisher: client(row, 2)?, payload }))
}

fn histories(
    connection: &Connection,
    damaged: &mut Vec<Damage>,
) -> Result<Vec<(ChannelName, Vec<HistoryMessage>)>, Cause> {
    let columns = "channel, at_ms, id, publisher, server, crc, payload, logical_ms";
    let order = "channel, logical_ms, id";
    let messages =
        sound_rows(connection, &damage::HISTORY, (columns, order), damaged, history_message)?;
    let mut histories: Vec<(ChannelName, Vec<HistoryMessage>)> = Vec::new();
    for (channel, message) in messages {
        match histories.last_mut() {
            Some((last, messages)) if *last == channel => messages.push(message),
            _ => histories.push((channel, vec![message])),
        }
    }
    Ok(histories)
}

/// Reads a message of a history, from the columns behind the first.
pub(super) fn history_message(row: &Row<'_>) -> Result<(ChannelName, HistoryMessage), Unreadable> {
    let payload = Bytes::from(row.get::<_, Vec<u8>>(7)?);
    if crc32fast::hash(&payload) != row.get::<_, u32>(6)? {
        return Err(Unreadable::checksum());
    }
    let id = history::id_from_bytes(row.get(3)?);
    let server = row.get::<_, Option<String>>(5)?.map(Into::into);
    let (at, logical, publisher) = (row.get(2)?, row.get(8)?, client(row, 4)?);
    Ok((channel(row, 1)?, HistoryMessage { id, logical, at, publisher, server, payload }))
}
