//! Where logs end and who reads them, as the core starts from it.

use std::collections::HashMap;

use rialto_domain::{ChannelName, LogExtent, LogId, LogState, Sequence, ServedMs};
use rusqlite::{Connection, params};

use super::{
    damage::{self, Damage, sound_rows},
    heads::{Head, Heads},
    pages, row,
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
    bytes: i64,
    /// The last message of its last page, and when that was taken in.
    page_last: Option<i64>,
    newest: Option<i64>,
}

/// The same, as far as they make sense.
struct Numbers {
    last: Sequence,
    trimmed: Sequence,
    bytes: u64,
}

impl Logs {
    pub(super) fn read(connection: &Connection, damaged: &mut Vec<Damage>) -> Result<Self, Cause> {
        let mut logs = Logs { states: Vec::new(), places: HashMap::new() };
        let mut nameless = Vec::new();
        let columns = "name, last, trimmed, bytes,
             (SELECT max(last) FROM page WHERE page.log = log.id),
             (SELECT served_ms FROM page WHERE page.log = log.id ORDER BY last DESC LIMIT 1)";
        let rows = sound_rows(connection, &damage::LOG, (columns, "name"), &mut nameless, |row| {
            Ok(LogRow {
                id: LogId(row.get(0)?),
                channel: row::channel(row, 1)?,
                last: row.get(2)?,
                trimmed: row.get(3)?,
                bytes: row.get(4)?,
                page_last: row.get(5)?,
                newest: row.get(6)?,
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
            let Numbers { last, trimmed, bytes } = row.numbers(connection, damaged)?;
            let LogRow { id: log, channel, newest, .. } = row;
            logs.places.insert(log, Some(logs.states.len()));
            let oldest = pages::oldest(connection, log, trimmed)?;
            let newest = newest.filter(|_| oldest.is_some()).map_or(0, served);
            let extent = LogExtent { trimmed, bytes, oldest };
            let (reader_count, slowest) = (0, last);
            let state = LogState { channel, log, last, extent, newest, reader_count, slowest };
            logs.states.push(state);
        }
        Ok(logs)
    }

    pub(super) fn heads(&self) -> impl Iterator<Item = (ChannelName, Head)> {
        self.states.iter().map(|LogState { channel, log, last, extent, .. }| {
            let LogExtent { trimmed, bytes, .. } = *extent;
            (channel.clone(), Head { log: *log, last: *last, trimmed, bytes })
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
            let lowest = if is_sound { lowest.unsigned_abs() } else { state.extent.trimmed };
            if !is_sound {
                find_misplaced(connection, state, damaged)?;
            }
            state.note_reader(count, lowest);
        }
        Ok(())
    }
}

impl LogRow {
    /// Returns where the log ends, up to where it is trimmed and how many bytes it holds, put right
    /// where that cannot be.
    fn numbers(
        &self,
        connection: &Connection,
        damaged: &mut Vec<Damage>,
    ) -> Result<Numbers, Cause> {
        let page_last = self.page_last.unwrap_or(0);
        let is_sound = 0 <= self.trimmed
            && self.trimmed <= self.last
            && page_last <= self.last
            && 0 <= self.bytes;
        let (last, trimmed, bytes) = if is_sound {
            (self.last, self.trimmed, self.bytes)
        } else {
            // What subscribers have come to was there, although it may be trimmed.
            let sql = "SELECT max(floor) FROM cursor WHERE log = ?1";
            let floor: Option<i64> = connection.query_one(sql, [self.id.0], |row| row.get(0))?;
            let last = self.last.max(page_last).max(floor.unwrap_or(0)).max(0);
            // Rows of what was trimmed may linger, and are trimmed again.
            let trimmed = if (0..=last).contains(&self.trimmed) { self.trimmed } else { 0 };
            let bytes = pages::bytes_behind(connection, self.id, trimmed)?;
            let sql = "UPDATE log SET last = ?2, trimmed = ?3, bytes = ?4 WHERE id = ?1";
            let damage = Damage::new(
                &damage::LOG,
                self.id.0.cast_signed(),
                "its numbers cannot be what they say",
            );
            damaged.push(damage.corrected(sql, vec![last, trimmed, bytes]));
            (last, trimmed, bytes)
        };
        Ok(Numbers {
            last: last.unsigned_abs(),
            trimmed: trimmed.unsigned_abs(),
            bytes: bytes.unsigned_abs(),
        })
    }
}

/// Returns when a page was taken in; of one that cannot say, long ago.
fn served(served: i64) -> ServedMs {
    ServedMs::try_from(served).unwrap_or(0)
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
        damaged.push(misplaced(row.get(0)?, log.extent.trimmed));
    }
    Ok(())
}

/// Has a cursor that stands where no message is go back to the oldest message that is there.
pub(super) fn misplaced(cursor: i64, oldest_floor: Sequence) -> Damage {
    let damage = Damage::new(&damage::CURSOR, cursor, "it stands where no message is");
    let sql = "UPDATE cursor SET floor = ?2 WHERE id = ?1";
    damage.corrected(sql, vec![oldest_floor.cast_signed()])
}
