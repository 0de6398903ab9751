//! The store itself: who calls waits here, never longer than the settings say.

use std::{sync::Arc, time::Duration};

use rialto_domain::{Change, Commit, Load, Outcome, Snapshot};
use rialto_store::{Cause, Latest, Membership, Store, StoreError, StoreReader};

use crate::{
    cause::{Trouble, pausing},
    database::Database,
    join::join,
    link::Link,
    load,
    member::DatabaseMember,
    node::Node,
    reader::DatabaseReader,
    state::refuse_unfinished,
    wait::{Moves, wait},
    writer::Writer,
};

/// How long reading everything at the start may take.
const LOAD_PATIENCE: Duration = Duration::from_secs(3600);

/// How long making or migrating the tables may take.
const SCHEMA_PATIENCE: Duration = Duration::from_secs(600);

/// Keeps everything in a database, which no other server may use meanwhile unless the settings say so.
///
/// A call that gets no answer fails for a reason that may pass, once the settings' patience is over; whether the database
/// has carried out what was asked is looked up as soon as it answers again.
pub struct DatabaseStore<D: Database> {
    database: D,
    writer: Writer<D>,
    latest: Latest,
    has_left: bool,
    moves: Arc<Moves>,
}

impl<D: Database> std::fmt::Debug for DatabaseStore<D> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let settings = self.database.settings();
        out.debug_struct("DatabaseStore").field("settings", settings).finish_non_exhaustive()
    }
}

impl<D: Database> DatabaseStore<D> {
    /// Connects to the database, makes or migrates the tables, and takes the right to write.
    ///
    /// A server that did not give that right back is waited for until its lease is over.
    ///
    /// # Errors
    /// When the database cannot be reached or is not fit ([`DatabaseCause`](rialto_store::DatabaseCause)), or another server uses it.
    pub fn open(database: D) -> Result<Self, StoreError> {
        let error = |cause| StoreError::new("opening", None, cause);
        let moves = Moves::start().map_err(|refused| error(refused.into()))?;
        let opened = open(&database, &moves);
        let (link, node) = opened.map_err(|trouble| error(trouble.cause))?;
        Ok(DatabaseStore {
            writer: Writer::new(database.clone(), link, node),
            latest: Latest::default(),
            database,
            has_left: false,
            moves: Arc::new(moves),
        })
    }

    fn patience(&self) -> Duration {
        self.database.settings().patience
    }

    /// Has the writer ready, and then carry out batches; gives the connection up if that fails.
    fn attempt(&mut self, commits: &[&Commit]) -> Result<Vec<Outcome>, Cause> {
        let patience = self.patience();
        let writer = &mut self.writer;
        let work = async {
            let is_idle = commits.iter().all(|commit| commit.changes.is_empty());
            if is_idle {
                writer.tidy().await?;
                return Ok(commits.iter().flat_map(|_| []).collect());
            }
            if writer.sweep.is_due() {
                writer.tidy().await?;
            }
            writer.carry_out(commits).await
        };
        wait(&self.moves, patience * 2, work).map_err(|trouble| self.fail(trouble))
    }

    /// Sees that there is a connection.
    fn connect(&mut self) -> Result<(), Cause> {
        if !self.writer.may_try() {
            return Err(pausing());
        }
        let patience = self.patience();
        let ready = wait(&self.moves, patience, self.writer.ready(&mut self.latest));
        ready.map_err(|trouble| {
            self.writer.give_up_link();
            trouble.cause
        })
    }

    /// Leaves the connection in order, or gives it up.
    fn fail(&mut self, trouble: Trouble) -> Cause {
        let is_in_order = !trouble.is_broken && !self.writer.is_unanswered() && {
            let patience = self.patience();
            wait(&self.moves, patience, self.writer.roll_back()).is_ok()
        };
        if !is_in_order {
            self.writer.give_up_link();
        }
        trouble.cause
    }

    /// Gives the right to write back; best effort.
    fn leave(&mut self) -> Result<(), Cause> {
        if std::mem::replace(&mut self.has_left, true) {
            return Ok(());
        }
        let patience = self.patience();
        wait(&self.moves, patience, self.writer.leave()).map_err(|trouble| trouble.cause)
    }
}

/// Connects, and becomes the server of the database.
fn open<D: Database>(database: &D, moves: &Moves) -> Result<(D::Link, Node), Trouble> {
    let connecting = database.settings().patience * 2;
    let (mut link, warnings) = wait(moves, connecting, database.connect())?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    wait(moves, SCHEMA_PATIENCE, database.make_tables(&mut link))?;
    wait(moves, connecting, refuse_unfinished(&mut link))?;
    let node = join(database, &mut link, moves)?;
    wait(moves, connecting, link.prepare())?;
    Ok((link, node))
}

impl<D: Database> Store for DatabaseStore<D> {
    fn load(&mut self, load: Load) -> Result<Snapshot, StoreError> {
        let failed = |cause| StoreError::new("loading", None, cause);
        self.connect().map_err(failed)?;
        let Some(link) = self.writer.link() else { return Err(failed(pausing())) };
        let loaded = wait(&self.moves, LOAD_PATIENCE, load::snapshot(link, load));
        let (mut snapshot, trimmed) = loaded.map_err(|trouble| failed(self.fail(trouble)))?;
        if self.database.settings().is_shared {
            // Those of nodes that have died are told apart.
            snapshot.sessions.clear();
        }
        self.writer.sweep.note(trimmed, true);
        Ok(snapshot)
    }

    fn commit_all(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        let failed = |cause| StoreError::new("committing", None, cause);
        // Before the outcomes that are known are looked at, since this may bring some.
        self.connect().map_err(failed)?;
        let mut latest = std::mem::take(&mut self.latest);
        let outcomes = latest.once(commits, |commits| {
            // Before anything is sent, since nothing is to be carried out then.
            if commits.iter().flat_map(|commit| &commit.changes).any(has_empty_page) {
                return Err(failed(Cause::EmptyPage));
            }
            self.attempt(commits).map_err(failed)
        });
        self.latest = latest;
        outcomes
    }

    fn reader(&self) -> Result<Box<dyn StoreReader>, StoreError> {
        Ok(Box::new(DatabaseReader::new(self.database.clone(), Arc::clone(&self.moves))))
    }

    fn membership(&mut self) -> Result<Option<Box<dyn Membership>>, StoreError> {
        if !self.database.settings().is_shared {
            return Ok(None);
        }
        let (database, moves) = (self.database.clone(), Arc::clone(&self.moves));
        let member = DatabaseMember::start(database, self.writer.node(), moves)?;
        Ok(Some(Box::new(member)))
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.leave().map_err(|cause| StoreError::new("closing", None, cause))
    }
}

fn has_empty_page(change: &Change) -> bool {
    change.page().is_some_and(|page| page.count == 0)
}

impl<D: Database> Drop for DatabaseStore<D> {
    fn drop(&mut self) {
        if let Err(cause) = self.leave() {
            tracing::debug!(%cause, "the database was not told that this server has ended");
        }
    }
}
