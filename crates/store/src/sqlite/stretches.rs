//! What cursors acknowledged above their floors.
//!
//! It is [noted](note) at the end of a table, whatever cursor it is of: so what a commit writes of it
//! fits a page or two, where stretches kept in the place of their cursor would have it write a page for
//! each. Once there are [many](Journal::is_long), all that was noted is [folded] into what each cursor
//! has, from which that of one cursor is read without a look at the others.
//!
//! [folded]: fold

use std::collections::BTreeMap;

use rialto_domain::{Sequence, Stretches};
use rusqlite::{Connection, TransactionBehavior, params};

use super::damage::{self, Damage, Table, Unreadable, sound_rows};
use crate::Cause;

/// Rows that are noted before they are folded. The more there are, the less each costs to fold, and the
/// longer it takes to look through them when a client comes.
const ROWS_MAX: u64 = 2048;

/// Where each cursor stands, by its id: its floor, and the last message of its log.
pub(super) type Spans = BTreeMap<i64, (Sequence, Sequence)>;

/// How many rows are noted and not folded yet.
#[derive(Debug)]
pub(super) struct Journal {
    count: u64,
    /// Beyond this they are folded.
    count_max: u64,
}

impl Default for Journal {
    fn default() -> Self {
        Journal::of(0)
    }
}

impl Journal {
    /// Knows how many rows there are.
    pub(super) fn of(count: u64) -> Self {
        Journal { count, count_max: ROWS_MAX }
    }

    /// Knows of rows that were added, and committed.
    pub(super) fn note_added(&mut self, count: u64) {
        self.count += count;
    }

    /// Says whether they are to be folded.
    pub(super) fn is_long(&self) -> bool {
        self.count_max < self.count
    }

    /// Puts off a fold that failed until as much again was added.
    pub(super) fn note_failed(&mut self) {
        self.count_max = self.count + ROWS_MAX;
    }
}

/// Counts the rows that are noted and not folded yet.
pub(super) fn count(connection: &Connection) -> Result<Journal, Cause> {
    let sql = "SELECT count(*) FROM acknowledged";
    Ok(Journal::of(connection.query_one(sql, [], |row| row.get(0))?))
}

/// Notes what a cursor acknowledged; returns how many rows that takes.
pub(super) fn note(
    connection: &Connection,
    cursor: i64,
    stretches: impl Iterator<Item = (Sequence, Sequence)>,
) -> Result<u64, Cause> {
    let sql = "INSERT INTO acknowledged (cursor, first, last) VALUES (?1, ?2, ?3)";
    let mut insert = connection.prepare_cached(sql)?;
    let mut count = 0;
    for (first, last) in stretches {
        insert.execute(params![cursor, first, last])?;
        count += 1;
    }
    Ok(count)
}

/// Removes the stretches of a cursor up to its floor; the part above it of one that it is within stays.
pub(super) fn remove_through(
    connection: &Connection,
    cursor: i64,
    floor: i64,
) -> Result<(), Cause> {
    connection
        .prepare_cached("DELETE FROM stretch WHERE cursor = ?1 AND first <= ?2 AND last <= ?2")?
        .execute(params![cursor, floor])?;
    Ok(())
}

/// What was noted and not folded yet, of all cursors.
#[derive(Debug, Default)]
pub(super) struct Noted(Vec<(i64, i64, i64)>);

impl Noted {
    pub(super) fn read(connection: &Connection) -> Result<Self, Cause> {
        let mut statement =
            connection.prepare_cached("SELECT cursor, first, last FROM acknowledged")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(Noted(rows.collect::<Result<_, _>>()?))
    }

    /// Returns the part of each cursor.
    pub(super) fn by_cursor(self) -> BTreeMap<i64, Noted> {
        let mut parts: BTreeMap<i64, Noted> = BTreeMap::new();
        for row in self.0 {
            parts.entry(row.0).or_default().0.push(row);
        }
        parts
    }

    /// Returns what a cursor acknowledged; what makes no sense is left out.
    pub(super) fn stretches_of(
        &self,
        connection: &Connection,
        cursor: i64,
        span: (Sequence, Sequence),
    ) -> Result<Stretches, Cause> {
        let mut stretches = Stretches::default();
        let sql = "SELECT first, last FROM stretch WHERE cursor = ?1 ORDER BY first";
        let mut statement = connection.prepare_cached(sql)?;
        let folded = statement.query_map([cursor], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut all = folded.collect::<Result<Vec<(i64, i64)>, _>>()?;
        let noted = self.0.iter().filter(|(one, ..)| *one == cursor);
        all.extend(noted.map(|&(_, first, last)| (first, last)));
        for (first, last) in all {
            let ends = u64::try_from(first).ok().zip(u64::try_from(last).ok());
            if let Some((first, last)) = ends.and_then(|ends| above(span, ends)) {
                stretches.add(first, last);
            }
        }
        Ok(stretches)
    }
}

/// Returns the part of a stretch that is above a cursor's floor; `None` of one that makes no sense.
fn above(
    (floor, end): (Sequence, Sequence),
    (first, last): (Sequence, Sequence),
) -> Option<(Sequence, Sequence)> {
    (first <= last && last <= end).then_some((first.max(floor + 1), last))
}

/// Reads the stretches of all cursors that are there, as far as they are above the floor.
pub(super) fn load(
    connection: &Connection,
    spans: &Spans,
    damaged: &mut Vec<Damage>,
) -> Result<BTreeMap<i64, Stretches>, Cause> {
    let mut stretches = read(connection, &damage::STRETCH, spans, damaged)?;
    for (cursor, noted) in read(connection, &damage::ACKNOWLEDGED, spans, damaged)? {
        let all = stretches.entry(cursor).or_default();
        noted.iter().for_each(|(first, last)| all.add(first, last));
    }
    Ok(stretches)
}

fn read(
    connection: &Connection,
    table: &'static Table,
    spans: &Spans,
    damaged: &mut Vec<Damage>,
) -> Result<BTreeMap<i64, Stretches>, Cause> {
    let mut stretches = BTreeMap::<i64, Stretches>::new();
    let rows = sound_rows(connection, table, ("cursor, first, last", "id"), damaged, |row| {
        let (cursor, first, last): (_, Sequence, Sequence) =
            (row.get(1)?, row.get(2)?, row.get(3)?);
        let Some(span) = spans.get(&cursor) else { return Ok(None) };
        match above(*span, (first, last)) {
            Some((first, last)) => Ok(Some((cursor, first, last))),
            None => Err(Unreadable::Row("no such messages were ever there".to_owned())),
        }
    })?;
    for (cursor, first, last) in rows.into_iter().flatten() {
        stretches.entry(cursor).or_default().add(first, last);
    }
    Ok(stretches)
}

/// Folds what was noted into what each cursor has.
///
/// # Cost
/// Reads and writes what touches what was noted, and nothing else.
pub(super) fn fold(connection: &mut Connection, journal: &mut Journal) -> Result<(), Cause> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let spans = spans_of_noted(&transaction)?;
    let mut damaged = Vec::new();
    let noted = read(&transaction, &damage::ACKNOWLEDGED, &spans, &mut damaged)?;
    let mut told = Vec::new();
    for damage in damaged {
        told.extend(damage.set_aside(&transaction)?);
    }
    transaction.execute("DELETE FROM acknowledged", [])?;
    for (cursor, stretches) in noted {
        let floor = spans[&cursor].0;
        for (first, last) in stretches.iter().filter(|(first, last)| first <= last) {
            join(&transaction, cursor, (first.cast_signed(), last.cast_signed()))?;
        }
        remove_through(&transaction, cursor, floor.cast_signed())?;
    }
    transaction.commit()?;
    damage::tell(&told);
    *journal = Journal::of(0);
    Ok(())
}

/// Returns where the cursors stand of which something is noted.
fn spans_of_noted(connection: &Connection) -> Result<Spans, Cause> {
    let sql = "SELECT cursor.id, max(floor, 0), max(last, 0)
               FROM cursor JOIN log ON log.id = cursor.log
               WHERE cursor.id IN (SELECT cursor FROM acknowledged)";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds a stretch to those of a cursor, in place of those that it overlaps or touches.
fn join(connection: &Connection, cursor: i64, added: (i64, i64)) -> Result<(), Cause> {
    let (mut first, mut last) = added;
    let mut find = connection.prepare_cached(
        "SELECT id, first, last FROM stretch WHERE cursor = ?1 AND first <= ?2
         ORDER BY first DESC",
    )?;
    let mut remove = connection.prepare_cached("DELETE FROM stretch WHERE id = ?1")?;
    let mut joined = Vec::new();
    let mut rows = find.query(params![cursor, last.saturating_add(1)])?;
    while let Some(row) = rows.next()? {
        let (before, until): (i64, i64) = (row.get(1)?, row.get(2)?);
        if until.saturating_add(1) < first {
            break;
        }
        joined.push(row.get::<_, i64>(0)?);
        (first, last) = (first.min(before), last.max(until));
    }
    drop(rows);
    for id in joined {
        remove.execute([id])?;
    }
    connection
        .prepare_cached("INSERT INTO stretch (cursor, first, last) VALUES (?1, ?2, ?3)")?
        .execute(params![cursor, first, last])?;
    Ok(())
}
