//! Rows of pages that are gone but still in the file, and their removal a few at a time.
//!
//! Trimming a log or dropping it only moves a mark: readers see the pages no more. Their rows
//! are removed by later commits, each a bounded number, so that no commit waits for gigabytes to
//! be deleted. Measured with a log of 1.5 GB in 100,000 pages: to delete it at once takes 10 s;
//! this way dropping it takes 1 ms, and the commits after it 1.4 ms at the 99th percentile.

use std::collections::BTreeMap;

use rialto_broker::{LogId, Sequence};
use rusqlite::{Connection, params};

use crate::Cause;

/// The last sequence that SQLite's signed integers can hold.
const SEQUENCE_MAX: Sequence = i64::MAX.unsigned_abs();

/// What removing a row costs besides its payload, in bytes.
const ROW_EFFORT: u64 = 4096;

/// What every commit may spend on removal, in bytes, besides twice what it appends.
const EFFORT_A_COMMIT: u64 = 2 << 20;

/// What may be spent when a commit found no room.
pub(super) const EFFORT_TO_MAKE_ROOM: u64 = 32 << 20;

/// Knows which rows are to be removed.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// By log, the sequence up to which pages are gone.
    known: BTreeMap<LogId, Sequence>,
    /// What the open transaction adds to them.
    added: Vec<(LogId, Sequence)>,
    /// Logs the open transaction has swept clean of what is known.
    swept: Vec<LogId>,
}

/// The part of a log's leftovers that one sweep can afford.
struct Portion {
    /// Sequence of the last message of the last page in it; none when it is empty.
    through: Option<Sequence>,
    effort: u64,
    /// Whether nothing is left behind it.
    whole: bool,
}

impl Leftovers {
    /// Forgets what an earlier transaction did, if it was not committed.
    pub(super) fn begin(&mut self) {
        self.added.clear();
        self.swept.clear();
    }

    /// Notes that a whole log is gone.
    pub(super) fn add_log(&mut self, log: LogId) {
        self.add(log, SEQUENCE_MAX);
    }

    /// Notes that the pages of `log` that end at or below `through` are gone.
    pub(super) fn add(&mut self, log: LogId, through: Sequence) {
        if self.added.last() != Some(&(log, through)) {
            self.added.push((log, through));
        }
    }

    /// Removes rows worth about `effort`, at least one.
    pub(super) fn sweep(&mut self, connection: &Connection, effort: u64) -> Result<(), Cause> {
        let mut effort_left = effort;
        for (&log, &through) in &self.known {
            if effort_left == 0 {
                break;
            }
            let portion = portion(connection, log, through, effort_left)?;
            if let Some(last) = portion.through {
                connection
                    .prepare_cached("DELETE FROM page WHERE log = ?1 AND last <= ?2")?
                    .execute(params![log.0, last])?;
            }
            if portion.whole {
                self.swept.push(log);
            }
            effort_left = effort_left.saturating_sub(portion.effort);
        }
        Ok(())
    }

    /// Takes over what the transaction did: it was committed.
    pub(super) fn keep(&mut self) {
        for log in self.swept.drain(..) {
            self.known.remove(&log);
        }
        for (log, through) in self.added.drain(..) {
            let known = self.known.entry(log).or_default();
            *known = through.max(*known);
        }
    }
}

/// Returns what a commit that appends so much may spend on removal.
///
/// Twice what it appends, so that under load removal keeps up with appending.
pub(super) fn effort_beside(pages_appended: u64, bytes_appended: u64) -> u64 {
    EFFORT_A_COMMIT + 2 * (pages_appended * ROW_EFFORT + bytes_appended)
}

/// Finds how far into a log's leftovers `effort_max` reaches.
fn portion(
    connection: &Connection,
    log: LogId,
    through: Sequence,
    effort_max: u64,
) -> Result<Portion, Cause> {
    let mut statement = connection.prepare_cached(
        "SELECT last, bytes FROM page WHERE log = ?1 AND last <= ?2 ORDER BY last",
    )?;
    let mut rows = statement.query(params![log.0, through])?;
    let mut portion = Portion { through: None, effort: 0, whole: true };
    while let Some(row) = rows.next()? {
        if effort_max <= portion.effort {
            portion.whole = false;
            break;
        }
        portion.through = Some(row.get(0)?);
        portion.effort += ROW_EFFORT + row.get::<_, u64>(1)?;
    }
    Ok(portion)
}
