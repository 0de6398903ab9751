//! Reads all that a database holds, as of one moment, for whoever looks through it or copies it.

use std::time::Duration;

use rialto_store::{DatabaseCause, Entry, Key, Part, Report, StoreError, StoreWalk, examine};

use crate::{
    cause::Trouble,
    database::Database,
    join::wait_until_unused,
    link::Link,
    row::unsigned,
    state::refuse_unfinished,
    statement::Read,
    wait::{Moves, wait},
};

mod rows;

/// How long one read may take: it may have to find its way through much that is trimmed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Rows that are read in one go.
const ROWS_MAX: i64 = 4096;

/// A walk through a database.
pub struct DatabaseWalk<D: Database> {
    link: D::Link,
    moves: Moves,
}

impl<D: Database> std::fmt::Debug for DatabaseWalk<D> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("DatabaseWalk").finish_non_exhaustive()
    }
}

impl<D: Database> DatabaseWalk<D> {
    /// Connects to a database, whether or not a server uses it.
    ///
    /// # Errors
    /// When it cannot be reached, holds no store or one that is not whole, or tables that this release cannot read.
    pub fn open(database: &D) -> Result<Self, StoreError> {
        let mut walk = DatabaseWalk::through(database)?;
        let patience = database.settings().patience * 2;
        wait(&walk.moves, patience, refuse_unfinished(&mut walk.link))
            .map_err(|trouble| StoreError::new("opening", None, trouble.cause))?;
        Ok(walk)
    }

    /// Connects to a database that no server uses. One that did not give its right to write back is waited for until its lease is
    /// over.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`DatabaseCause::InUse`].
    pub fn open_unused(database: &D) -> Result<Self, StoreError> {
        let error = |cause| StoreError::new("opening", None, cause);
        // First, since what a walk sees does not change.
        let walk = DatabaseWalk::open(database)?;
        drop(walk);
        let moves = Moves::start().map_err(|refused| error(refused.into()))?;
        wait_until_unused(database, &moves).map_err(|trouble| error(trouble.cause))?;
        DatabaseWalk::open(database)
    }

    /// Connects to a database, also to one that a store is being copied to.
    pub(crate) fn through(database: &D) -> Result<Self, StoreError> {
        let error = |cause| StoreError::new("opening", None, cause);
        let moves = Moves::start().map_err(|refused| error(refused.into()))?;
        let patience = database.settings().patience * 2;
        let link = wait(&moves, patience, database.connect_to_walk());
        Ok(DatabaseWalk { link: link.map_err(|trouble| error(trouble.cause))?, moves })
    }

    fn ask(&mut self, question: Read<'_>) -> Result<Vec<<D::Link as Link>::Row>, StoreError> {
        let answer = self.moves.wait(PATIENCE, self.link.ask(question));
        answer
            .unwrap_or_else(|| Err(Trouble::silent(PATIENCE)))
            .map_err(|trouble| StoreError::new("reading", None, trouble.cause))
    }

    /// Reads all of it, and tells what is not as it was written. Nothing is changed.
    ///
    /// # Errors
    /// When it cannot be read to its end.
    ///
    /// # Cost
    /// Reads everything once; memory for each log, and for some pages of messages at a time. What servers remove
    /// meanwhile takes room until it ends.
    pub fn check(mut self) -> Result<Report, StoreError> {
        let mut report = examine(&mut self)?;
        let rows = self.ask(Read::Beside)?;
        let (set_aside, ownerless) =
            rows.first().map_or((0, 0), |row| (unsigned(row, 0), unsigned(row, 1)));
        report.set_aside = set_aside;
        if 0 < ownerless {
            report.find(format!("{ownerless} rows of messages belong to no log"));
        }
        Ok(report)
    }
}

/// Refuses a database whose tables were never made.
#[must_use]
pub fn no_store() -> Trouble {
    let text = "the database holds no store: its tables were never made; is the address right?";
    DatabaseCause::Unfit(text.to_owned()).into()
}

impl<D: Database> StoreWalk for DatabaseWalk<D> {
    fn read(
        &mut self,
        part: Part,
        after: Option<&Key>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let start = Key { name: Vec::new(), numbers: [i64::MIN; 3] };
        let mut after = after.cloned();
        let bytes_max = i64::try_from(bytes_max).unwrap_or(i64::MAX);
        if part == Part::Counters && after.is_some() {
            return Ok(Vec::new());
        }
        loop {
            let question =
                Read::Walk { part, after: after.as_ref(), rows_max: ROWS_MAX, bytes_max };
            let found = self.ask(question)?;
            let Some(last) = found.last() else { return Ok(Vec::new()) };
            let behind = rows::key(part, last);
            let before = after.as_ref().unwrap_or(&start);
            let entries: Vec<Entry> =
                found.iter().flat_map(|row| rows::entries(part, row, before)).collect();
            if !entries.is_empty() {
                return Ok(entries);
            }
            // All of it is set aside.
            after = Some(behind);
        }
    }
}
