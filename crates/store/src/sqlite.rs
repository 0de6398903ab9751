//! The embedded store: one SQLite file in a directory of its own.
//!
//! [`SqliteStore`] holds the only connection that writes; each reader has its own. A commit is
//! one transaction: a [`Batch`] carries the changes out, [`Heads`] knows where each log ends
//! without asking the file, and [`Leftovers`] removes trimmed rows a few at a time, so that
//! dropping a long log never holds up a commit.

use std::path::{self, Path, PathBuf};

use rialto_domain::{Commit, Load, Outcome, Snapshot};
use rusqlite::Connection;

use crate::{Cause, Store, StoreError, StoreReader, latest::Latest};

mod backup;
mod batch;
mod check;
mod claim;
mod clients;
mod cursors;
mod damage;
mod heads;
mod history;
mod identity;
mod inspection;
mod leftovers;
mod load;
mod log_frames;
mod logs;
mod mark;
mod open;
mod pages;
mod reader;
mod records;
mod repair;
mod row;
mod schema;
mod settings;
mod stretches;
mod target;
mod transaction;
mod verdict;
mod wal;
mod walk;

pub use backup::backup;
pub use check::check;
pub use repair::{GivenUp, Repair, repair};
pub use settings::{Durability, SqliteSettings};
pub use target::SqliteTarget;
pub use walk::SqliteWalk;

use batch::Batch;
use claim::DirectoryLock;
use heads::Heads;
use identity::Identity;
use inspection::Inspection;
use leftovers::Leftovers;
use mark::MarkKeeper;
use open::Opened;
use settings::DATABASE_FILE;
use stretches::Journal;

/// Keeps everything in one SQLite file.
///
/// A commit whose sync failed was not carried out; should the process die before another commit
/// has succeeded, it may nevertheless be there at the next start, whole.
///
/// # Limits
/// A payload sequence, payload or name: 1,000,000,000 bytes. Places in logs and times: 2⁶³ - 1.
/// Freed room is used again, the file does not shrink.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    heads: Heads,
    leftovers: Leftovers,
    journal: Journal,
    latest: Latest,
    mark: MarkKeeper,
    identity: Identity,
    durability: Durability,
    checkpoint_pages: u32,
    path: PathBuf,
    log_path: PathBuf,
    /// Last, so that the directory is free only when the connection is closed.
    _lock: DirectoryLock,
}

impl SqliteStore {
    /// Opens the store in `directory`, which is made when missing and ours until the store is dropped.
    ///
    /// # Errors
    /// When the directory cannot be had ([`Cause::InUse`], [`Cause::File`]), or the file in it
    /// is not one this release can use ([`Cause::SchemaNewer`], [`Cause::Foreign`],
    /// [`Cause::Damaged`]). It is then left as it was.
    ///
    /// # Cost
    /// Reads the database once if it is at most `check_bytes_max` large.
    pub fn open(directory: &Path, settings: &SqliteSettings) -> Result<Self, StoreError> {
        // Absolute, so that errors name the file and SQLite never takes it for an address.
        let directory = path::absolute(directory)
            .map_err(|error| StoreError::new("opening", Some(directory), error.into()))?;
        let lock = claim::claim_directory(&directory)?;
        let path = directory.join(DATABASE_FILE);
        let Opened { connection, heads, mark, identity } = open::database(&directory, settings)
            .map_err(|cause| StoreError::new("opening", Some(&path), cause))?;
        Ok(SqliteStore {
            connection,
            heads,
            leftovers: Leftovers::default(),
            journal: Journal::default(),
            latest: Latest::default(),
            mark,
            identity,
            durability: settings.durability,
            checkpoint_pages: settings.checkpoint_pages,
            path,
            log_path: verdict::log_in(&directory),
            _lock: lock,
        })
    }

    /// Carries out batches, if need be after making room for them.
    fn carry_out(
        &mut self,
        commits: &[&Commit],
        inspection: &Inspection,
    ) -> Result<Vec<Outcome>, Cause> {
        // Before, so that nothing is done; and behind, so that nothing is acknowledged.
        self.identity.check()?;
        log_frames::take();
        let mut result = self.transact(inspection, |batch| batch.carry_out(commits));
        while result.is_err() && self.leftovers.take_given_up() {
            result = self.transact(inspection, |batch| batch.carry_out(commits));
        }
        if matches!(result, Err(Cause::Full)) {
            self.make_room();
            result = self.transact(inspection, |batch| batch.carry_out(commits));
        }
        if result.is_ok() {
            self.fold_stretches();
            self.identity.check()?;
            let frames = log_frames::take();
            self.mark.note_commit(frames, &self.log_path);
            if self.checkpoint_pages <= frames {
                open::checkpoint_passively(&self.connection);
            }
        }
        result
    }

    /// Has `work` done in one transaction.
    fn transact<T>(
        &mut self,
        inspection: &Inspection,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T, Cause>,
    ) -> Result<T, Cause> {
        let SqliteStore { connection, heads, leftovers, journal, .. } = self;
        let mut batch = Batch::begin(connection, heads, leftovers, journal, inspection)?;
        let value = work(&mut batch)?;
        batch.commit()?;
        Ok(value)
    }

    /// Frees what can be freed without new changes; best effort, the next commit will tell.
    fn make_room(&mut self) {
        let checkpointed = self.checkpoint();
        let swept = self
            .transact(&Inspection::default(), |batch| batch.sweep(leftovers::EFFORT_TO_MAKE_ROOM));
        for cause in [checkpointed, swept].into_iter().filter_map(Result::err) {
            tracing::debug!(%cause, "no space could be freed in the full store");
        }
    }

    /// Folds what cursors have acknowledged, once it takes many rows; best effort.
    fn fold_stretches(&mut self) {
        if self.journal.is_long()
            && let Err(cause) = stretches::fold(&mut self.connection, &mut self.journal)
        {
            tracing::debug!(%cause, "acknowledgements were not compacted");
            self.journal.note_failed();
        }
    }

    fn checkpoint(&mut self) -> Result<(), Cause> {
        open::checkpoint(&self.connection, &self.log_path, &mut self.mark, self.durability)
    }

    fn error(&self, during: &'static str, cause: Cause) -> StoreError {
        StoreError::new(during, Some(&self.path), cause)
    }
}

impl Store for SqliteStore {
    fn load(&mut self, load: Load) -> Result<Snapshot, StoreError> {
        let found = load::snapshot(&mut self.connection, load);
        let found = found.map_err(|cause| self.error("loading", cause))?;
        (self.heads, self.leftovers, self.journal) = (found.heads, found.leftovers, found.journal);
        damage::set_aside_all(&mut self.connection, &found.damaged);
        Ok(found.snapshot)
    }

    fn commit_all(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        let mut latest = std::mem::take(&mut self.latest);
        let outcomes = latest.once(commits, |commits| {
            let inspection = Inspection::of(commits, &self.path)
                .map_err(|cause| self.error("inspecting what is damaged in", cause))?;
            self.carry_out(commits, &inspection).map_err(|cause| self.error("committing", cause))
        });
        self.latest = latest;
        outcomes
    }

    fn reader(&self) -> Result<Box<dyn StoreReader>, StoreError> {
        let reader = reader::SqliteReader::open(&self.path);
        Ok(Box::new(reader.map_err(|cause| self.error("opening a reader", cause))?))
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.checkpoint().map_err(|cause| self.error("closing", cause))
    }
}

#[cfg(test)]
mod tests;
