//! Reads what the core starts from.

use std::collections::HashMap;

use bytes::Bytes;
use rialto_domain::{
    ChannelName, ClientId, HistoryMessage, Load, LogId, LogState, PageState, Retained, Seen,
    Sequence, SessionNumber, Snapshot, StoreClock,
};
use rusqlite::{Connection, Row};

use super::{
    cursors,
    damage::{self, Damage, Unreadable, sound_rows},
    heads::{Head, Heads},
    history,
    leftovers::{Leftovers, WHOLE_LOG},
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
    let leftovers = logs.read_pages(&transaction, &mut damaged)?;
    let (clients, cursors) = match load {
        Load::All => {
            let cursors = cursors::load(&transaction, &logs, &mut damaged)?;
            logs.note_cursors(&cursors);
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

/// Reads where each log ends.
pub(super) fn heads(connection: &Connection) -> Result<Heads, Cause> {
    Ok(Logs::read(connection, &mut Vec::new())?.heads().collect())
}

/// Logs under construction.
pub(super) struct Logs {
    states: Vec<LogState>,
    /// Where each stands in `states`; none for one whose channel is not known.
    places: HashMap<LogId, Option<usize>>,
}

/// The numbers of a log's row, as they stand there.
struct LogRow {
    id: LogId,
    channel: ChannelName,
    last: i64,
    trimmed: i64,
    /// The last message of its last page.
    page_last: Option<i64>,
}

impl Logs {
    fn read(connection: &Connection, damaged: &mut Vec<Damage>) -> Result<Self, Cause> {
        let mut logs = Logs { states: Vec::new(), places: HashMap::new() };
        let mut nameless = Vec::new();
        let columns = "name, last, trimmed, (SELECT max(last) FROM page WHERE page.log = log.id)";
        let rows = sound_rows(connection, &damage::LOG, (columns, "name"), &mut nameless, |row| {
            Ok(LogRow {
                id: LogId(row.get(0)?),
                channel: channel(row, 1)?,
                last: row.get(2)?,
                trimmed: row.get(3)?,
                page_last: row.get(4)?,
            })
        })?;
        // Its messages are still there: whoever finds out whose they are can have them.
        for damage in nameless {
            if let Some(id) = damage.row_id() {
                logs.places.insert(LogId(id), None);
            }
            damaged.push(damage.hidden());
        }
        for row in rows {
            let (last, trimmed) = row.numbers(connection, damaged)?;
            let LogRow { id: log, channel, .. } = row;
            logs.places.insert(log, Some(logs.states.len()));
            let (reader_count, slowest, pages) = (0, last, Vec::new());
            let state = LogState { channel, log, last, trimmed, reader_count, slowest, pages };
            logs.states.push(state);
        }
        Ok(logs)
    }

    fn heads(&self) -> impl Iterator<Item = (ChannelName, Head)> {
        self.states.iter().map(|LogState { channel, log, last, trimmed, .. }| {
            (channel.clone(), Head { log: *log, last: *last, trimmed: *trimmed })
        })
    }

    /// Returns a log, and whether there is one although it cannot be known.
    pub(super) fn get(&self, log: LogId) -> (Option<&LogState>, bool) {
        let place = self.places.get(&log);
        (place.copied().flatten().map(|place| &self.states[place]), place == Some(&None))
    }

    /// Notes who reads each log, by cursors that were loaded.
    fn note_cursors(&mut self, cursors: &[cursors::Cursor]) {
        let places = self.states.iter().enumerate();
        let places: HashMap<_, _> =
            places.map(|(place, state)| (state.channel.clone(), place)).collect();
        for (_, channel, cursor) in cursors {
            if let Some(&place) = places.get(channel) {
                self.states[place].note_reader(1, cursor.floor);
            }
        }
    }

    /// Notes who reads each log, without a look at each cursor: only those that stand where no message
    /// is are looked at, and go back to the oldest message that is there.
    fn read_readers(
        &mut self,
        connection: &Connection,
        damaged: &mut Vec<Damage>,
    ) -> Result<(), Cause> {
        let sql = "SELECT log, count(*), min(floor), max(floor) FROM cursor GROUP BY log";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(&Some(place)) = self.places.get(&LogId(row.get(0)?)) else { continue };
            let state = &mut self.states[place];
            let (count, lowest, highest): (u64, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let is_sound = 0 <= lowest && highest <= state.last.cast_signed();
            let lowest = if is_sound { lowest.unsigned_abs() } else { state.trimmed };
            if !is_sound {
                cursors::find_misplaced(connection, state, damaged)?;
            }
            state.note_reader(count, lowest);
        }
        Ok(())
    }

    /// Adds each page to its log, or to the leftovers if it is gone. Reads the index only.
    fn read_pages(
        &mut self,
        connection: &Connection,
        damaged: &mut Vec<Damage>,
    ) -> Result<Leftovers, Cause> {
        let mut leftovers = Leftovers::default();
        let columns = ("log, last, bytes, served_ms", "log, last, bytes, served_ms");
        let pages = sound_rows(connection, &damage::PAGE, columns, damaged, |row| {
            let page = PageState { last: row.get(2)?, bytes: row.get(3)?, served: row.get(4)? };
            Ok((LogId(row.get(1)?), page))
        })?;
        for (log, page) in pages {
            match self.places.get(&log) {
                None => leftovers.add(log, WHOLE_LOG),
                Some(None) => {}
                Some(Some(place)) => {
                    let state = &mut self.states[*place];
                    if page.last <= state.trimmed {
                        leftovers.add(log, state.trimmed);
                    } else {
                        state.pages.push(page);
                    }
                }
            }
        }
        Ok(leftovers)
    }
}

impl LogRow {
    /// Returns where the log ends and up to where it is trimmed, put right where that cannot be.
    fn numbers(
        &self,
        connection: &Connection,
        damaged: &mut Vec<Damage>,
    ) -> Result<(Sequence, Sequence), Cause> {
        let page_last = self.page_last.unwrap_or(0);
        let is_sound = 0 <= self.trimmed && self.trimmed <= self.last && page_last <= self.last;
        let (last, trimmed) = if is_sound {
            (self.last, self.trimmed)
        } else {
            // What subscribers have come to was there, although it may be trimmed.
            let sql = "SELECT max(floor) FROM cursor WHERE log = ?1";
            let floor: Option<i64> = connection.query_one(sql, [self.id.0], |row| row.get(0))?;
            let last = self.last.max(page_last).max(floor.unwrap_or(0)).max(0);
            // Rows of what was trimmed may linger, and are trimmed again.
            let trimmed = if (0..=last).contains(&self.trimmed) { self.trimmed } else { 0 };
            let sql = "UPDATE log SET last = ?2, trimmed = ?3 WHERE id = ?1";
            let damage = Damage::new(
                &damage::LOG,
                self.id.0.cast_signed(),
                "its end cannot be where it says",
            );
            damaged.push(damage.corrected(sql, vec![last, trimmed]));
            (last, trimmed)
        };
        Ok((last.unsigned_abs(), trimmed.unsigned_abs()))
    }
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
    sound_rows(connection, &damage::RETAINED, columns, damaged, |row| {
        let payload = Bytes::from(row.get::<_, Vec<u8>>(4)?);
        if crc32fast::hash(&payload) != row.get::<_, u32>(3)? {
            return Err(Unreadable::checksum());
        }
        Ok((channel(row, 1)?, Retained { publisher: client(row, 2)?, payload }))
    })
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

fn history_message(row: &Row<'_>) -> Result<(ChannelName, HistoryMessage), Unreadable> {
    let payload = Bytes::from(row.get::<_, Vec<u8>>(7)?);
    if crc32fast::hash(&payload) != row.get::<_, u32>(6)? {
        return Err(Unreadable::checksum());
    }
    let id = history::id_from_bytes(row.get(3)?);
    let server = row.get::<_, Option<String>>(5)?.map(Into::into);
    let (at, logical, publisher) = (row.get(2)?, row.get(8)?, client(row, 4)?);
    Ok((channel(row, 1)?, HistoryMessage { id, logical, at, publisher, server, payload }))
}

pub(super) fn client(row: &Row<'_>, column: usize) -> Result<ClientId, rusqlite::Error> {
    row.get::<_, String>(column).map(ClientId::from)
}

pub(super) fn channel(row: &Row<'_>, column: usize) -> Result<ChannelName, rusqlite::Error> {
    row.get::<_, String>(column).map(ChannelName::from)
}
