//! How far subscribers have come: a row a cursor, and one a stretch acknowledged above its floor.
//!
//! Stretches are only ever added, at the end of their table, whatever cursor they are of: so what a
//! commit writes of them fits a page or two, where stretches kept in the place of their cursor would
//! have it write a page for each. [`StretchRows`] knows when there are so many rows that it pays to
//! [fold] them into the least that say the same.

use std::collections::HashMap;

use rialto_domain::{ChannelName, ClientId, CursorState, LogId, Outcome, Sequence, Stretches};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{
    damage::{self, Damage, Unreadable, sound_rows},
    heads::Head,
    load::{self, Logs},
};
use crate::Cause;

/// Rows that there may always be more than the last fold left.
const ROWS_BEYOND_MIN: u64 = 4096;

/// How many rows stretches take, and how many are too many.
#[derive(Debug, Default)]
pub(super) struct StretchRows {
    count: u64,
    /// Beyond this they are folded: twice what the last fold left, so that folding costs an
    /// acknowledgement no more than about two rows.
    count_max: u64,
}

/// A cursor as the core starts from it.
type Cursor = (ClientId, ChannelName, CursorState);

/// A cursor's row.
struct CursorRow {
    id: i64,
    client: ClientId,
    log: LogId,
    floor: i64,
}

impl StretchRows {
    /// Knows of rows that were added, and committed.
    pub(super) fn note_added(&mut self, count: u64) {
        self.count += count;
    }

    /// Says whether they are to be folded.
    pub(super) fn are_many(&self) -> bool {
        self.count_max < self.count
    }

    /// Knows what the table holds, and how much of it a fold would leave.
    pub(super) fn note_found(&mut self, count: u64, count_folded: u64) {
        *self = StretchRows { count, count_max: 2 * count_folded + ROWS_BEYOND_MIN };
    }

    /// Puts off a fold that failed until as much again was added.
    pub(super) fn note_failed(&mut self) {
        self.count_max = self.count + ROWS_BEYOND_MIN;
    }
}

/// Makes a cursor behind the last message of a log, if there is none.
pub(super) fn subscribe(
    connection: &Connection,
    client: &ClientId,
    head: Head,
) -> Result<Outcome, Cause> {
    let floor_there = connection
        .prepare_cached("SELECT floor FROM cursor WHERE client = ?1 AND log = ?2")?
        .query_one(params![client.as_str(), head.log.0], |row| row.get(0))
        .optional()?;
    if let Some(floor) = floor_there {
        return Ok(Outcome::Subscribed { log: head.log, floor });
    }
    connection
        .prepare_cached("INSERT INTO cursor (client, log, floor) VALUES (?1, ?2, ?3)")?
        .execute(params![client.as_str(), head.log.0, head.last])?;
    Ok(Outcome::Subscribed { log: head.log, floor: head.last })
}

/// Removes a cursor; its stretches linger until the next fold.
pub(super) fn remove(connection: &Connection, client: &ClientId, log: LogId) -> Result<(), Cause> {
    connection
        .prepare_cached("DELETE FROM cursor WHERE client = ?1 AND log = ?2")?
        .execute(params![client.as_str(), log.0])?;
    Ok(())
}

/// Moves a cursor's floor up.
pub(super) fn move_floor(
    connection: &Connection,
    client: &ClientId,
    log: LogId,
    floor: Sequence,
) -> Result<(), Cause> {
    connection
        .prepare_cached("UPDATE cursor SET floor = max(floor, ?3) WHERE client = ?1 AND log = ?2")?
        .execute(params![client.as_str(), log.0, floor])?;
    Ok(())
}

/// Adds stretches to a cursor, if it is there; returns how many rows they take.
pub(super) fn acknowledge(
    connection: &Connection,
    client: &ClientId,
    head: Head,
    stretches: &[(Sequence, Sequence)],
) -> Result<u64, Cause> {
    let cursor: Option<i64> = connection
        .prepare_cached("SELECT id FROM cursor WHERE client = ?1 AND log = ?2")?
        .query_one(params![client.as_str(), head.log.0], |row| row.get(0))
        .optional()?;
    let Some(cursor) = cursor else { return Ok(0) };
    let mut insert = connection.prepare_cached(INSERT_STRETCH)?;
    let mut count = 0;
    for (first, last) in stretches.iter().map(|(first, last)| (*first, head.last.min(*last))) {
        if first <= last {
            insert.execute(params![cursor, first, last])?;
            count += 1;
        }
    }
    Ok(count)
}

const INSERT_STRETCH: &str = "INSERT INTO acknowledged (cursor, first, last) VALUES (?1, ?2, ?3)";

/// Reads all cursors, by client and then by channel, and says how many rows stretches take.
///
/// One that stands where nothing is goes back to the oldest message that is there.
pub(super) fn load(
    connection: &Connection,
    logs: &Logs,
    damaged: &mut Vec<Damage>,
) -> Result<(Vec<Cursor>, StretchRows), Cause> {
    let columns = ("client, log, floor", "id");
    let rows = sound_rows(connection, &damage::CURSOR, columns, damaged, |row| {
        let log = LogId(row.get(2)?);
        Ok(CursorRow { id: row.get(0)?, client: load::client(row, 1)?, log, floor: row.get(3)? })
    })?;
    let mut cursors = Vec::new();
    for CursorRow { id, client, log, floor } in rows {
        let state = match logs.get(log) {
            (Some(state), _) => state,
            (None, true) => continue,
            (None, false) => {
                damaged.push(Damage::new(&damage::CURSOR, id, "its log is not there"));
                continue;
            }
        };
        let floor = u64::try_from(floor).ok().filter(|floor| *floor <= state.last);
        let floor = floor.unwrap_or_else(|| {
            let damage = Damage::new(&damage::CURSOR, id, "it stands where no message is");
            let sql = "UPDATE cursor SET floor = ?2 WHERE id = ?1";
            damaged.push(damage.corrected(sql, vec![state.trimmed.cast_signed()]));
            state.trimmed
        });
        cursors.push((id, client, state, floor));
    }
    let spans = cursors.iter().map(|(id, _, state, floor)| (*id, (*floor, state.last))).collect();
    let (mut stretches, count) = stretches(connection, &spans, damaged)?;
    let mut rows = StretchRows::default();
    rows.note_found(count, stretches.values().map(|one| one.len() as u64).sum());
    let mut cursors: Vec<Cursor> = cursors
        .into_iter()
        .map(|(id, client, log, floor)| {
            let acknowledged = stretches.remove(&id).unwrap_or_default().iter().collect();
            (client, log.channel.clone(), CursorState { floor, acknowledged })
        })
        .collect();
    cursors.sort_unstable_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    Ok((cursors, rows))
}

/// Writes all stretches anew, in their shortest form and by cursor.
///
/// # Cost
/// Reads and writes them all.
pub(super) fn fold(connection: &mut Connection, rows: &mut StretchRows) -> Result<(), Cause> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut spans = HashMap::new();
    {
        let sql = "SELECT cursor.id, max(floor, 0), max(last, 0)
                   FROM cursor JOIN log ON log.id = cursor.log";
        let mut statement = transaction.prepare(sql)?;
        let mut cursors = statement.query([])?;
        while let Some(row) = cursors.next()? {
            spans.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
        }
    }
    let mut damaged = Vec::new();
    let (stretches, _) = stretches(&transaction, &spans, &mut damaged)?;
    let mut told = Vec::new();
    for damage in damaged {
        told.extend(damage.set_aside(&transaction)?);
    }
    transaction.execute("DELETE FROM acknowledged", [])?;
    let mut count = 0;
    let mut insert = transaction.prepare(INSERT_STRETCH)?;
    for (cursor, stretches) in &stretches {
        for (first, last) in stretches.iter() {
            insert.execute(params![cursor, first, last])?;
            count += 1;
        }
    }
    drop(insert);
    transaction.commit()?;
    damage::tell(&told);
    rows.note_found(count, count);
    Ok(())
}

/// Reads the stretches of all cursors that are there, as far as they are above the floor, and counts
/// the rows. Of each cursor its floor is given, and the last message of its log.
fn stretches(
    connection: &Connection,
    spans: &HashMap<i64, (Sequence, Sequence)>,
    damaged: &mut Vec<Damage>,
) -> Result<(HashMap<i64, Stretches>, u64), Cause> {
    let (mut stretches, mut count) = (HashMap::<i64, Stretches>::new(), 0);
    let columns = ("cursor, first, last", "id");
    let rows = sound_rows(connection, &damage::ACKNOWLEDGED, columns, damaged, |row| {
        let (cursor, first, last): (_, Sequence, Sequence) =
            (row.get(1)?, row.get(2)?, row.get(3)?);
        let Some((floor, end)) = spans.get(&cursor) else { return Ok(None) };
        if first <= last && last <= *end {
            return Ok(Some((cursor, first.max(floor + 1), last)));
        }
        Err(Unreadable::Row("no such messages were ever there".to_owned()))
    })?;
    for row in rows {
        count += 1;
        if let Some((cursor, first, last)) = row {
            stretches.entry(cursor).or_default().add(first, last);
        }
    }
    Ok((stretches, count))
}
