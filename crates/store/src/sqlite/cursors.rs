//! How far subscribers have come: a row a cursor, and one a stretch acknowledged above its floor.
//!
//! Stretches are only ever added, at the end of their table, whatever cursor they are of: so what a
//! commit writes of them fits a page or two, where stretches kept in the place of their cursor would
//! have it write a page for each. [`StretchRows`] knows when there are so many rows that it pays to
//! [fold](fold) them into the least that say the same.

use std::collections::HashMap;

use rialto_broker::{ChannelName, ClientId, CursorState, LogId, Outcome, Sequence, Stretches};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{heads::Head, load};
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
    client: ClientId,
    channel: ChannelName,
    floor: Sequence,
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
    log: LogId,
    stretches: &[(Sequence, Sequence)],
) -> Result<u64, Cause> {
    let cursor: Option<i64> = connection
        .prepare_cached("SELECT id FROM cursor WHERE client = ?1 AND log = ?2")?
        .query_one(params![client.as_str(), log.0], |row| row.get(0))
        .optional()?;
    let Some(cursor) = cursor else { return Ok(0) };
    let mut insert = connection.prepare_cached(INSERT_STRETCH)?;
    for (first, last) in stretches {
        insert.execute(params![cursor, first, last])?;
    }
    Ok(stretches.len() as u64)
}

const INSERT_STRETCH: &str = "INSERT INTO acknowledged (cursor, first, last) VALUES (?1, ?2, ?3)";

/// Reads all cursors, by client and then by channel, and says how many rows stretches take.
pub(super) fn load(connection: &Connection) -> Result<(Vec<Cursor>, StretchRows), Cause> {
    let cursors = load::rows(
        connection,
        "SELECT cursor.client, log.channel, cursor.floor, cursor.id
         FROM cursor JOIN log ON log.id = cursor.log
         ORDER BY cursor.client, log.channel",
        |row| {
            let (client, channel) = (load::client(row, 0)?, load::channel(row, 1)?);
            Ok((row.get(3)?, CursorRow { client, channel, floor: row.get(2)? }))
        },
    )?;
    let floors = cursors.iter().map(|(id, cursor)| (*id, cursor.floor)).collect();
    let (mut stretches, count) = stretches(connection, &floors)?;
    let mut rows = StretchRows::default();
    rows.note_found(count, stretches.values().map(|one| one.len() as u64).sum());
    let cursors = cursors.into_iter().map(|(id, CursorRow { client, channel, floor })| {
        let acknowledged = stretches.remove(&id).unwrap_or_default().iter().collect();
        (client, channel, CursorState { floor, acknowledged })
    });
    Ok((cursors.collect(), rows))
}

/// Writes all stretches anew, in their shortest form and by cursor.
///
/// # Cost
/// Reads and writes them all.
pub(super) fn fold(connection: &mut Connection, rows: &mut StretchRows) -> Result<(), Cause> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let floors = load::rows(&transaction, "SELECT id, floor FROM cursor", |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let (stretches, _) = stretches(&transaction, &floors.into_iter().collect())?;
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
    rows.note_found(count, count);
    Ok(())
}

/// Reads the stretches of all cursors that are there, as far as they are above the floor, and counts
/// the rows.
fn stretches(
    connection: &Connection,
    floors: &HashMap<i64, Sequence>,
) -> Result<(HashMap<i64, Stretches>, u64), Cause> {
    let mut statement = connection.prepare("SELECT cursor, first, last FROM acknowledged")?;
    let mut rows = statement.query([])?;
    let (mut stretches, mut count) = (HashMap::<i64, Stretches>::new(), 0);
    while let Some(row) = rows.next()? {
        count += 1;
        let cursor = row.get(0)?;
        let Some(floor) = floors.get(&cursor) else { continue };
        let (first, last): (Sequence, Sequence) = (row.get(1)?, row.get(2)?);
        stretches.entry(cursor).or_default().add(first.max(floor + 1), last);
    }
    Ok((stretches, count))
}
