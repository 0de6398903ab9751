//! The store itself: who calls waits here, never longer than the settings say.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rialto_domain::{Change, Commit, Load, Outcome, Snapshot};
use rialto_store::{Cause, DatabaseCause, Latest, Store, StoreError, StoreReader};

use crate::{
    PostgresSettings,
    address::Address,
    cause::{Trouble, pausing},
    link::Link,
    load,
    node::{self, Joined, Node},
    reader::PostgresReader,
    schema, statements as sql,
    wait::Moves,
    writer::Writer,
};

/// How long reading everything at the start may take.
const LOAD_PATIENCE: Duration = Duration::from_secs(3600);

/// How long making or migrating the tables may take.
const SCHEMA_PATIENCE: Duration = Duration::from_secs(600);

/// How often a server that waits for another's lease looks.
const LOOK: Duration = Duration::from_millis(200);

/// Keeps everything in a schema of a PostgreSQL database, which no other server may use meanwhile.
///
/// A call that gets no answer fails for a reason that may pass, once the settings' patience is over; whether the database
/// has carried out what was asked is looked up as soon as it answers again.
///
/// # Limits
/// Names of 2,600 bytes; a page of 512 MiB. Places in logs and times: 2⁶³ - 1.
pub struct PostgresStore {
    writer: Writer,
    latest: Latest,
    settings: PostgresSettings,
    address: Address,
    has_left: bool,
    moves: Arc<Moves>,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PostgresStore").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Connects to the database, makes or migrates the tables, and takes the right to write.
    ///
    /// A server that did not give that right back is waited for until its lease is over.
    ///
    /// # Errors
    /// When the database cannot be reached or is not fit ([`DatabaseCause`]), or another server uses it.
    pub fn open(settings: &PostgresSettings) -> Result<Self, StoreError> {
        let error = |cause| StoreError::new("opening", None, cause);
        let address = Address::of(settings).map_err(|cause| error(Cause::Database(cause)))?;
        let moves = Moves::start().map_err(|refused| error(refused.into()))?;
        let opened = open(settings, &address, &moves);
        let (link, node) = opened.map_err(|trouble| error(trouble.cause))?;
        Ok(PostgresStore {
            writer: Writer::new(settings.clone(), address.clone(), link, node),
            latest: Latest::default(),
            settings: settings.clone(),
            address,
            has_left: false,
            moves: Arc::new(moves),
        })
    }

    /// Has the writer ready, and then carry out batches; gives the connection up if that fails.
    fn attempt(&mut self, commits: &[&Commit]) -> Result<Vec<Outcome>, Cause> {
        let patience = self.settings.patience;
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
        let done = self.moves.wait(patience * 2, work);
        let done = done.unwrap_or_else(|| Err(Trouble::silent(patience * 2)));
        done.map_err(|trouble| self.fail(trouble))
    }

    /// Sees that there is a connection.
    fn connect(&mut self) -> Result<(), Cause> {
        if !self.writer.may_try() {
            return Err(pausing());
        }
        let patience = self.settings.patience;
        let ready = self.moves.wait(patience, self.writer.ready(&mut self.latest));
        let ready = ready.unwrap_or_else(|| Err(Trouble::silent(patience)));
        ready.map_err(|trouble| {
            self.writer.give_up_link();
            trouble.cause
        })
    }

    /// Leaves the connection in order, or gives it up.
    fn fail(&mut self, trouble: Trouble) -> Cause {
        let is_in_order = !trouble.is_broken && !self.writer.is_unanswered() && {
            let rolled_back = self.moves.wait(self.settings.patience, self.writer.roll_back());
            matches!(rolled_back, Some(Ok(())))
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
        let left = self.moves.wait(self.settings.patience, self.writer.leave());
        left.unwrap_or_else(|| Err(Trouble::silent(self.settings.patience)))
            .map_err(|trouble| trouble.cause)
    }
}

/// Connects, and becomes the server of the database.
fn open(
    settings: &PostgresSettings,
    address: &Address,
    moves: &Moves,
) -> Result<(Link, Node), Trouble> {
    let wait = |limit| move || Trouble::silent(limit);
    let connecting = settings.patience * 2;
    let (mut link, warnings) = moves
        .wait(connecting, Writer::connect(settings, address))
        .unwrap_or_else(|| Err(wait(connecting)()))?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    moves
        .wait(SCHEMA_PATIENCE, schema::prepare(&link, &settings.schema))
        .unwrap_or_else(|| Err(wait(SCHEMA_PATIENCE)()))?;
    let node = join(settings, &link, moves)?;
    moves.wait(connecting, link.prepare(&sql::ALL)).unwrap_or_else(|| Err(wait(connecting)()))?;
    Ok((link, node))
}

/// Becomes the server of the database, once the lease of one that gives no sign of life is over.
fn join(settings: &PostgresSettings, link: &Link, moves: &Moves) -> Result<Node, Trouble> {
    let began = Instant::now();
    let mut first = None;
    loop {
        let joined = moves.wait(settings.patience, node::join(link, settings));
        match joined.unwrap_or_else(|| Err(Trouble::silent(settings.patience)))? {
            Joined::Yes(node) => return Ok(node),
            Joined::No { name, until } => {
                if *first.get_or_insert(until) != until || settings.lease * 4 < began.elapsed() {
                    return Err(DatabaseCause::InUse { name }.into());
                }
            }
        }
        if first.is_some() {
            thread::sleep(LOOK.min(settings.lease / 4));
        }
    }
}

impl Store for PostgresStore {
    fn load(&mut self, load: Load) -> Result<Snapshot, StoreError> {
        let failed = |cause| StoreError::new("loading", None, cause);
        self.connect().map_err(failed)?;
        let Some(link) = self.writer.link() else { return Err(failed(pausing())) };
        let loaded = self.moves.wait(LOAD_PATIENCE, load::snapshot(link, load));
        let loaded = loaded.unwrap_or_else(|| Err(Trouble::silent(LOAD_PATIENCE)));
        let (snapshot, trimmed) = loaded.map_err(|trouble| failed(self.fail(trouble)))?;
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
            if commits.iter().flat_map(|commit| &commit.changes).any(is_empty_page) {
                return Err(failed(Cause::EmptyPage));
            }
            self.attempt(commits).map_err(failed)
        });
        self.latest = latest;
        outcomes
    }

    fn reader(&self) -> Result<Box<dyn StoreReader>, StoreError> {
        let moves = Arc::clone(&self.moves);
        Ok(Box::new(PostgresReader::new(self.settings.clone(), self.address.clone(), moves)))
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.leave().map_err(|cause| StoreError::new("closing", None, cause))
    }
}

fn is_empty_page(change: &Change) -> bool {
    match change {
        Change::Append(page) | Change::AppendDirect(_, page) => page.count == 0,
        _ => false,
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        if let Err(cause) = self.leave() {
            tracing::debug!(%cause, "the database was not told that this server has ended");
        }
    }
}

#[cfg(test)]
mod tests;
