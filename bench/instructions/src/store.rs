//! The store in SQLite. What is counted is what the process does itself, not what the kernel does for it.

use std::error::Error;

use rialto_domain::{Change, Commit, CommitId, Page, Payloads, PayloadsBuilder, Sequence, Trim};
use rialto_store::{SqliteSettings, SqliteStore, Store};
use tempfile::TempDir;

use crate::counting::{PAYLOAD, ROUNDS, WARM_UP_ROUNDS, in_round};

/// Messages of each page, where many are committed at once.
const MESSAGES_A_PAGE: u32 = 8;

/// A store with one channel that one client reads.
struct Stored {
    store: SqliteStore,
    batches: u64,
    last: Sequence,
    /// Removed when the store is closed.
    _directory: TempDir,
}

impl Stored {
    fn open() -> Result<Self, Box<dyn Error>> {
        let directory = tempfile::tempdir()?;
        let store = SqliteStore::open(directory.path(), &SqliteSettings::default())?;
        let mut stored = Stored { store, batches: 0, last: 0, _directory: directory };
        let subscribe = Change::Subscribe("reader".into(), "bench/0".into());
        let commit = stored.batch(vec![subscribe]);
        stored.store.commit_all(&[commit])?;
        Ok(stored)
    }

    /// Names changes as the broker does.
    fn batch(&mut self, changes: Vec<Change>) -> Commit {
        self.batches += 1;
        let id = Some(CommitId { run: 1, number: self.batches });
        Commit { id, changes, ..Commit::default() }
    }

    fn append(&mut self, publisher: u64, messages: u32) -> Change {
        self.last += u64::from(messages);
        Change::Append(Page {
            channel: "bench/0".into(),
            publisher: format!("bench-{publisher}").as_str().into(),
            at: self.batches,
            served: self.batches,
            count: messages,
            payloads: payloads(messages),
        })
    }
}

/// Commits so many publishers' batches at once, each with one page; returns how many commits were
/// counted.
pub(crate) fn commit(batch_count: u64) -> Result<usize, Box<dyn Error>> {
    let mut stored = Stored::open()?;
    let messages = if batch_count == 1 { 1 } else { MESSAGES_A_PAGE };
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        let mut commits = Vec::new();
        for publisher in 0..batch_count {
            let page = stored.append(publisher, messages);
            commits.push(stored.batch(vec![page]));
        }
        in_round(round, || stored.store.commit_all(&commits))?;
    }
    Ok(ROUNDS)
}

/// Commits what a tick writes when a subscriber has acknowledged a page; returns how many commits were
/// counted.
pub(crate) fn move_cursor_and_trim() -> Result<usize, Box<dyn Error>> {
    let mut stored = Stored::open()?;
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        let page = stored.append(0, MESSAGES_A_PAGE);
        let appended = stored.batch(vec![page]);
        stored.store.commit_all(&[appended])?;
        let last = stored.last;
        let move_cursor = Change::MoveCursor("reader".into(), "bench/0".into(), last);
        let trim = Change::Trim("bench/0".into(), Trim::through(last));
        let tick = stored.batch(vec![move_cursor, trim]);
        in_round(round, || stored.store.commit_all(&[tick]))?;
    }
    Ok(ROUNDS)
}

fn payloads(count: u32) -> Payloads {
    let mut payloads = PayloadsBuilder::default();
    for _ in 0..count {
        payloads.push(PAYLOAD.as_bytes());
    }
    payloads.finish()
}
