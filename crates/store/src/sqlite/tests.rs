//! What SQLite alone must answer for, besides the duties of every driver.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rialto_domain::{
    Change, ChannelName, HistoryMessage, Load, LogEntry, LogId, MessageId, Page, Payloads, Seen,
    Sequence, StoredPage, Trim,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    SqliteSettings, SqliteStore, SqliteTarget, SqliteWalk, Store, StoreError, StoreTarget,
    StoreWalk, conformance,
};

mod crash;
mod cursors;
mod damage;
mod identity;
mod log;
mod maintenance;
mod model;
mod mount;
mod opening;
mod room;
mod upgrade;

/// Keeps the latest store's directory.
#[derive(Default)]
struct Driver {
    directory: Option<TempDir>,
    /// The directory that was copied to last.
    target: Option<TempDir>,
}

impl Driver {
    fn open(&self) -> Box<dyn Store> {
        let directory = self.directory.as_ref().expect("a store was created").path();
        Box::new(open(directory))
    }
}

impl conformance::Driver for Driver {
    fn create(&mut self) -> Box<dyn Store> {
        self.directory = Some(tempfile::tempdir().unwrap());
        self.open()
    }

    fn reopen(&mut self, store: Box<dyn Store>) -> Option<Box<dyn Store>> {
        drop(store);
        Some(self.open())
    }
}

impl conformance::WalkDriver for Driver {
    fn walk(&mut self, store: Box<dyn Store>) -> Box<dyn StoreWalk> {
        drop(store);
        let directory = self.directory.as_ref().expect("a store was created").path();
        Box::new(SqliteWalk::open(directory).expect("the walk begins"))
    }
}

impl conformance::TargetDriver for Driver {
    fn target(&mut self, source: &str, is_new: bool) -> Result<Box<dyn StoreTarget>, StoreError> {
        if is_new {
            self.target = Some(tempfile::tempdir().unwrap());
        }
        let directory = self.target.as_ref().expect("a target was made").path();
        Ok(Box::new(SqliteTarget::open(directory, source)?))
    }

    fn open_target(&mut self) -> Result<Box<dyn Store>, StoreError> {
        let directory = self.target.as_ref().expect("a target was made").path();
        Ok(Box::new(SqliteStore::open(directory, &SqliteSettings::default())?))
    }
}

#[test]
fn a_file_that_is_copied_to_fulfils_every_duty() {
    conformance::check_target(&mut Driver::default());
}

#[test]
fn a_walk_through_a_file_fulfils_every_duty() {
    conformance::check_walk(&mut Driver::default());
}

#[test]
fn sqlite_fulfils_every_duty() {
    conformance::check_all(&mut Driver::default());
}

fn open(directory: &Path) -> SqliteStore {
    SqliteStore::open(directory, &SqliteSettings::default()).unwrap()
}

fn refusal(directory: &Path) -> StoreError {
    SqliteStore::open(directory, &SqliteSettings::default()).unwrap_err()
}

fn database_in(directory: &Path) -> PathBuf {
    directory.join("rialto.db")
}

/// Opens the database behind the store's back.
fn shell(directory: &Path) -> Connection {
    Connection::open(database_in(directory)).unwrap()
}

/// Has the database be older than the mark, as it is where commits are not a few ms apart.
fn written_before_the_mark(directory: &Path) {
    let database = fs::OpenOptions::new().write(true).open(database_in(directory)).unwrap();
    database.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
}

/// Returns a page of one message, so long.
fn append(channel: &str, bytes: usize) -> Change {
    Change::Append(Page {
        channel: channel.into(),
        publisher: "publisher".into(),
        at: 1,
        served: 1,
        count: 1,
        payloads: Payloads::single(&vec![b'1'; bytes]),
    })
}

/// Returns what notes that a client was seen.
fn put_client(client: &str, seen: u64) -> Change {
    Change::PutClient(client.into(), self::seen(seen))
}

fn seen(number: u64) -> Seen {
    Seen { at: number + 1, served: number }
}

fn subscribe(client: &str, channel: &str) -> Change {
    Change::Subscribe(client.into(), channel.into())
}

fn unsubscribe(client: &str, channel: &str) -> Change {
    Change::Unsubscribe(client.into(), channel.into())
}

fn trim(channel: &str, through: Sequence) -> Change {
    Change::Trim(channel.into(), Trim::through(through))
}

/// Returns the pages of a log, all of which must be sound.
fn pages_of(store: &SqliteStore, log: LogId) -> Vec<StoredPage> {
    let entries = store.reader().unwrap().read(log, 1, usize::MAX).unwrap();
    let page = |entry| match entry {
        LogEntry::Page(page) => page,
        LogEntry::Damaged { last, .. } => panic!("the page that ends with {last} is damaged"),
    };
    entries.into_iter().map(page).collect()
}

/// Returns what adds messages of such sequences to a channel's history, each so long.
fn keep(
    channel: &str,
    sequences: impl IntoIterator<Item = u64>,
    bytes: usize,
    count_max: u32,
) -> Change {
    let message = |sequence| HistoryMessage {
        id: MessageId { origin: u64::MAX, sequence },
        logical: sequence,
        at: sequence ^ 3,
        publisher: "publisher".into(),
        server: None,
        payload: vec![b'1'; bytes].into(),
    };
    let messages = sequences.into_iter().map(message).collect();
    Change::KeepHistory { channel: channel.into(), messages, count_max }
}

/// Returns the sequences of a channel's history.
fn history_of(store: &mut SqliteStore, channel: &str) -> Vec<u64> {
    let histories = store.load(Load::All).unwrap().history;
    let history = histories.into_iter().find(|(name, _)| *name == ChannelName::from(channel));
    history.into_iter().flat_map(|(_, all)| all).map(|message| message.id.sequence).collect()
}

/// Returns a channel's log and the last message appended to it.
fn end_of(store: &mut SqliteStore, channel: &str) -> (LogId, Sequence) {
    let logs = store.load(Load::All).unwrap().logs;
    let log = logs.iter().find(|log| log.channel == ChannelName::from(channel)).unwrap();
    (log.log, log.last)
}
