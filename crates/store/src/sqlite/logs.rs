//! Where logs end and who reads them, as the core starts from it.

use std::collections::HashMap;

use rialto_domain::{ChannelName, LogId, LogState, PageState, Sequence};
use rusqlite::{Connection, params};

use super::{
    damage::{self, Damage, sound_rows},
    heads::{Head, Heads},
    leftovers::{Leftovers, WHOLE_LOG},
    row,
};
use crate::Cause;

/// Reads where each log ends.
pub(super) fn heads(connection: &Connection) -> Result<Heads, Cause> {
    Ok(Logs::read(connection, &mut Vec::new())?.heads().collect())
}

/// Logs under construction.
pub(super) struct Logs {
    pub(super) states: Vec<LogState>,
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
    pub(super) fn read(connection: &Connection, damaged: &mut Vec<Damage>) -> Result<Self, Cause> {
        let mut logs = Logs { states: Vec::new(), places: HashMap::new() };
        let mut nameless = Vec::new();
        let columns = "name, last, trimmed, (SELECT max(last) FROM page WHERE page.log = log.id)";
        let rows = sound_rows(connection, &damage::LOG, (columns, "name"), &mut nameless, |row| {
            Ok(LogRow {
                id: LogId(row.get(0)?),
                channel: row::channel(row, 1)?,
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

    pub(super) fn heads(&self) -> impl Iterator<Item = (ChannelName, Head)> {
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
    pub(super) fn note_cursors<'a>(
        &mut self,
        cursors: impl Iterator<Item = (&'a ChannelName, Sequence)>,
    ) {
        let places = self.states.iter().enumerate();
        let places: HashMap<_, _> =
            places.map(|(place, state)| (state.channel.clone(), place)).collect();
        for (channel, floor) in cursors {
            if let Some(&place) = places.get(channel) {
                self.states[place].note_reader(1, floor);
            }
        }
    }

    /// Notes who reads each log, without a look at each cursor: only those that stand where no message
    /// is are looked at, and go back to the oldest message that is there.
    pub(super) fn read_readers(
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
                find_misplaced(connection, state, damaged)?;
            }
            state.note_reader(count, lowest);
        }
        Ok(())
    }

    /// Adds each page to its log, or to the leftovers if it is gone. Reads the index only.
    pub(super) fn read_pages(
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

/// Finds the cursors of a log that stand where no message is.
fn find_misplaced(
    connection: &Connection,
    log: &LogState,
    damaged: &mut Vec<Damage>,
) -> Result<(), Cause> {
    let sql = "SELECT id FROM cursor WHERE log = ?1 AND (floor < 0 OR ?2 < floor)";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![log.log.0, log.last])?;
    while let Some(row) = rows.next()? {
        damaged.push(misplaced(row.get(0)?, log.trimmed));
    }
    Ok(())
}

/// Has a cursor that stands where no message is go back to the oldest message that is there.
pub(super) fn misplaced(cursor: i64, oldest_floor: Sequence) -> Damage {
    let damage = Damage::new(&damage::CURSOR, cursor, "it stands where no message is");
    let sql = "UPDATE cursor SET floor = ?2 WHERE id = ?1";
    damage.corrected(sql, vec![oldest_floor.cast_signed()])
}
