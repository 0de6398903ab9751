//! The store's duties and its own dangers, on a real server.

use std::time::Duration;

use rialto_database::{DatabaseSettings, DatabaseWalk};
use rialto_domain::{
    Change, Commit, CommitId, FailureKind, Load, LogEntry, LogId, Outcome, Page, PayloadsBuilder,
    Retained, Sequence, Trim,
};
use rialto_store::{Part, Record, Store, StoreError, StoreTarget, StoreWalk, conformance};
use rialto_testkit::Mariadb;

use crate::{MysqlStore, open_target, store::Mysql};

mod broken;
mod damage;
mod full;
mod opening;
mod plans;
mod tls;

/// With which every commit is synced, too.
const BINARY_LOG: [&str; 3] = ["log-bin=log", "sync-binlog=1", "binlog-format=MIXED"];

/// A server, and how many stores were made there: each has a database of its own.
struct Driver {
    server: Mariadb,
    made: u32,
    /// How many were copied to.
    copied: u32,
}

impl Driver {
    fn of(server: Mariadb) -> Self {
        Driver { server, made: 0, copied: 0 }
    }

    fn target_settings(&self) -> DatabaseSettings {
        let settings = settings(&self.server, &format!("copy {}", self.copied));
        DatabaseSettings { lease: Duration::from_secs(3), ..settings }
    }

    fn settings(&self) -> DatabaseSettings {
        settings(&self.server, &format!("store {}", self.made))
    }

    fn open(&self) -> Box<dyn Store> {
        Box::new(MysqlStore::open(&self.settings()).expect("the store opens"))
    }
}

impl conformance::Driver for Driver {
    fn create(&mut self) -> Box<dyn Store> {
        self.made += 1;
        self.open()
    }

    fn reopen(&mut self, store: Box<dyn Store>) -> Option<Box<dyn Store>> {
        drop(store);
        Some(self.open())
    }

    fn name_bytes_max(&self) -> usize {
        2600
    }
}

impl conformance::WalkDriver for Driver {
    fn walk(&mut self, store: Box<dyn Store>) -> Box<dyn StoreWalk> {
        drop(store);
        Box::new(walk(&self.settings()).expect("the walk begins"))
    }
}

impl conformance::TargetDriver for Driver {
    fn target(&mut self, source: &str, is_new: bool) -> Result<Box<dyn StoreTarget>, StoreError> {
        self.copied += u32::from(is_new);
        open_target(&self.target_settings(), source)
    }

    fn open_target(&mut self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(MysqlStore::open(&self.target_settings())?))
    }
}

#[test]
fn mariadb_fulfils_every_duty() {
    conformance::check_all(&mut Driver::of(Mariadb::start_in_memory(&[])));
}

#[test]
fn mariadb_with_a_binary_log_fulfils_every_duty() {
    conformance::check_all(&mut Driver::of(Mariadb::start_in_memory(&BINARY_LOG)));
}

#[test]
fn a_database_that_is_copied_to_fulfils_every_duty() {
    conformance::check_target(&mut Driver::of(Mariadb::start_in_memory(&[])));
}

#[test]
fn a_walk_through_a_database_fulfils_every_duty() {
    conformance::check_walk(&mut Driver::of(Mariadb::start_in_memory(&[])));
}

fn walk(settings: &DatabaseSettings) -> Result<DatabaseWalk<Mysql>, StoreError> {
    DatabaseWalk::open(&Mysql::of(settings)?)
}

fn settings(server: &Mariadb, database: &str) -> DatabaseSettings {
    DatabaseSettings {
        schema: database.to_owned(),
        patience: Duration::from_secs(20),
        ..DatabaseSettings::new(server.url(), "test")
    }
}

fn open(settings: &DatabaseSettings) -> MysqlStore {
    MysqlStore::open(settings).expect("the store opens")
}

/// Returns a page of so many messages.
fn append(channel: &str, count: u32) -> Change {
    let mut payloads = PayloadsBuilder::default();
    (0..count).for_each(|_| payloads.push(b"1"));
    Change::Append(Page {
        channel: channel.into(),
        publisher: "publisher".into(),
        at: 1,
        served: 1,
        count,
        payloads: payloads.finish(),
    })
}

/// Returns a page of one message that takes so many bytes.
fn long(channel: &str, bytes: usize) -> Change {
    let mut payloads = PayloadsBuilder::default();
    payloads.push(&vec![b'1'; bytes]);
    Change::Append(Page {
        channel: channel.into(),
        publisher: "publisher".into(),
        at: 1,
        served: 1,
        count: 1,
        payloads: payloads.finish(),
    })
}

fn subscribe(client: &str, channel: &str) -> Change {
    Change::Subscribe(client.into(), channel.into())
}

fn named(number: u64, changes: &[Change]) -> Commit {
    let id = Some(CommitId { run: 7, number });
    Commit { id, changes: changes.to_vec(), ..Commit::default() }
}

/// Returns where a page went.
fn appended(outcome: Outcome) -> (LogId, Sequence) {
    match outcome {
        Outcome::Appended { log, first } => (log, first),
        other => panic!("an append has the outcome {other:?}"),
    }
}

/// Returns the first message of each page of a log, or the last one of what is damaged.
fn entries(store: &MysqlStore, log: LogId) -> Vec<Result<Sequence, Sequence>> {
    let entries = store.reader().unwrap().read(log, 1, usize::MAX).expect("the log is read");
    let entry = |entry| match entry {
        LogEntry::Page(page) => Ok(page.first),
        LogEntry::Damaged { last, .. } => Err(last),
    };
    entries.into_iter().map(entry).collect()
}

fn retain(channel: &str) -> Change {
    let retained = Retained { publisher: "ada".into(), payload: "1".into() };
    Change::Retain(channel.into(), retained)
}
