//! How far subscribers have come: a row a cursor, and what it acknowledged above its floor as
//! [stretches].

use rialto_domain::{ChannelName, ClientId, CursorState, LogId, Outcome, Sequence};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    damage::{self, Damage, sound_rows},
    heads::Head,
    logs::{Logs, misplaced},
    row,
    stretches::{self, Noted},
};
use crate::Cause;

/// A cursor as the core starts from it.
pub(super) type Cursor = (ClientId, ChannelName, CursorState);

/// A cursor's row.
struct CursorRow {
    id: i64,
    client: ClientId,
    log: LogId,
    floor: i64,
}

/// Makes a cursor behind the last message of a log, if there is none.
pub(super) fn subscribe(
    connection: &Connection,
    client: &ClientId,
    head: Head,
) -> Result<Outcome, Cause> {
    let floor_there = connection
        .prepare_cached(
            "SELECT floor FROM cursor WHERE owner_kind = 0 AND owner = ?1 AND log = ?2",
        )?
        .query_one(params![client.as_str(), head.log.0], |row| row.get(0))
        .optional()?;
    if let Some(floor) = floor_there {
        return Ok(Outcome::Subscribed { log: head.log, floor });
    }
    connection
        .prepare_cached(
            "INSERT INTO cursor (owner_kind, owner, log, floor) VALUES (0, ?1, ?2, ?3)",
        )?
        .execute(params![client.as_str(), head.log.0, head.last])?;
    Ok(Outcome::Subscribed { log: head.log, floor: head.last })
}

/// Removes a cursor, with its stretches.
pub(super) fn remove(connection: &Connection, client: &ClientId, log: LogId) -> Result<(), Cause> {
    let removed: Option<i64> = connection
        .prepare_cached(
            "DELETE FROM cursor WHERE owner_kind = 0 AND owner = ?1 AND log = ?2 RETURNING id",
        )?
        .query_one(params![client.as_str(), log.0], |row| row.get(0))
        .optional()?;
    removed.map_or(Ok(()), |cursor| stretches::remove_through(connection, cursor, i64::MAX))
}

/// Moves a cursor's floor up.
pub(super) fn move_floor(
    connection: &Connection,
    client: &ClientId,
    log: LogId,
    floor: Sequence,
) -> Result<(), Cause> {
    let moved: Option<i64> = connection
        .prepare_cached(
            "UPDATE cursor SET floor = ?3
             WHERE owner_kind = 0 AND owner = ?1 AND log = ?2 AND floor < ?3 RETURNING id",
        )?
        .query_one(params![client.as_str(), log.0, floor], |row| row.get(0))
        .optional()?;
    let floor = floor.cast_signed();
    moved.map_or(Ok(()), |cursor| stretches::remove_through(connection, cursor, floor))
}

/// Returns where the slowest cursor of a log stands; `None` if it has none.
pub(super) fn slowest(connection: &Connection, log: LogId) -> Result<Option<Sequence>, Cause> {
    let floor: Option<i64> = connection
        .prepare_cached("SELECT min(floor) FROM cursor WHERE log = ?1")?
        .query_one([log.0], |row| row.get(0))?;
    // One that stands nowhere has acknowledged nothing.
    Ok(floor.map(|floor| u64::try_from(floor).unwrap_or(0)))
}

/// Adds stretches to a cursor, if it is there; returns how many rows they take.
pub(super) fn acknowledge(
    connection: &Connection,
    client: &ClientId,
    head: Head,
    stretches: &[(Sequence, Sequence)],
) -> Result<u64, Cause> {
    let cursor: Option<i64> = connection
        .prepare_cached("SELECT id FROM cursor WHERE owner_kind = 0 AND owner = ?1 AND log = ?2")?
        .query_one(params![client.as_str(), head.log.0], |row| row.get(0))
        .optional()?;
    let Some(cursor) = cursor else { return Ok(0) };
    let ends = stretches.iter().map(|(first, last)| (*first, head.last.min(*last)));
    stretches::note(connection, cursor, ends.filter(|(first, last)| first <= last))
}

/// Reads all cursors, by client and then by channel.
///
/// One that stands where nothing is goes back to the oldest message that is there.
pub(super) fn load(
    connection: &Connection,
    logs: &Logs,
    damaged: &mut Vec<Damage>,
) -> Result<Vec<Cursor>, Cause> {
    let columns = ("owner, log, floor", "id");
    let rows = sound_rows(connection, &damage::CURSOR, columns, damaged, |row| {
        let log = LogId(row.get(2)?);
        Ok(CursorRow { id: row.get(0)?, client: row::client(row, 1)?, log, floor: row.get(3)? })
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
            damaged.push(misplaced(id, state.extent.trimmed));
            state.extent.trimmed
        });
        cursors.push((id, client, state, floor));
    }
    let spans = cursors.iter().map(|(id, _, state, floor)| (*id, (*floor, state.last))).collect();
    let mut stretches = stretches::load(connection, &spans, damaged)?;
    let mut cursors: Vec<Cursor> = cursors
        .into_iter()
        .map(|(id, client, log, floor)| {
            let acknowledged = stretches.remove(&id).unwrap_or_default().iter().collect();
            (client, log.channel.clone(), CursorState { floor, acknowledged })
        })
        .collect();
    cursors.sort_unstable_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    Ok(cursors)
}

/// Reads a client's cursors, by channel. One whose log or channel cannot be known is left out, as are
/// stretches that make no sense.
pub(super) fn of_client(
    connection: &Connection,
    client: &ClientId,
) -> Result<Vec<(ChannelName, CursorState)>, Cause> {
    // CROSS has SQLite begin with the client's cursors; else it may look at all logs, by name.
    let mut statement = connection.prepare_cached(
        "SELECT cursor.id, log.name, floor, last, trimmed
         FROM cursor CROSS JOIN log ON log.id = cursor.log
         WHERE owner_kind = 0 AND owner = ?1 AND kind = 0",
    )?;
    let mut rows = statement.query([client.as_str()])?;
    let mut noted = None;
    let mut cursors = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(channel) = row::channel(row, 1) else { continue };
        let (floor, last, trimmed): (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(4)?);
        let floor = if (0..=last).contains(&floor) { floor } else { trimmed }.max(0);
        let span = (floor.unsigned_abs(), last.max(0).unsigned_abs());
        let noted = match &noted {
            Some(noted) => noted,
            None => noted.insert(Noted::read(connection)?),
        };
        let acknowledged = noted.stretches_of(connection, row.get(0)?, span)?;
        let state = CursorState { floor: span.0, acknowledged: acknowledged.iter().collect() };
        cursors.push((channel, state));
    }
    cursors.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    Ok(cursors)
}
