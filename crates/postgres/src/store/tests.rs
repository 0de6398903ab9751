//! The store's duties and its own dangers, on a real server.

use std::time::Duration;

use rialto_domain::{
    Change, Commit, CommitId, FailureKind, Load, LogEntry, LogId, Outcome, Page, Payloads,
    PayloadsBuilder, Retained, Sequence, Trim,
};
use rialto_store::{Store, StoreError, StoreTarget, StoreWalk, conformance};
use rialto_testkit::Postgres;

use rialto_database::DatabaseWalk;

use crate::{PostgresSettings, PostgresStore, open_target, store::Postgres as Database};

mod broken;
mod checking;
mod damage;
mod failover;
mod full;
mod opening;
mod plans;
mod tls;
mod together;

/// A server, and how many stores were made there: each has a schema of its own.
struct Driver {
    server: Postgres,
    made: u32,
    /// How many were copied to.
    copied: u32,
}

impl Driver {
    fn of(server: Postgres) -> Self {
        Driver { server, made: 0, copied: 0 }
    }

    fn target_settings(&self) -> PostgresSettings {
        let settings = settings(&self.server, &format!("copy {}", self.copied));
        PostgresSettings { lease: Duration::from_secs(3), ..settings }
    }

    fn settings(&self) -> PostgresSettings {
        settings(&self.server, &format!("store {}", self.made))
    }

    fn open(&self) -> Box<dyn Store> {
        Box::new(PostgresStore::open(&self.settings()).expect("the store opens"))
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
}

/// A server, and the name of the schema that its nodes share.
struct Shared {
    server: Postgres,
    made: u32,
}

impl conformance::SharedDriver for Shared {
    fn create(&mut self) -> Box<dyn Store> {
        self.made += 1;
        self.join()
    }

    fn join(&mut self) -> Box<dyn Store> {
        let settings = settings(&self.server, &format!("shared {}", self.made));
        Box::new(open(&PostgresSettings { is_shared: true, ..settings }))
    }

    fn pass(&mut self, time: Duration) {
        let schema = format!("shared {}", self.made);
        let seconds = time.as_secs();
        self.server.sql(&format!(
            "UPDATE \"{schema}\".lease SET until = until - interval '{seconds} s';
             UPDATE \"{schema}\".node SET died = died - interval '{seconds} s'"
        ));
    }
}

#[test]
fn nodes_that_share_a_database_fulfil_their_duties() {
    conformance::check_shared(&mut Shared { server: Postgres::start_in_memory(&[]), made: 0 });
}

#[test]
fn postgres_fulfils_every_duty() {
    conformance::check_all(&mut Driver::of(Postgres::start_in_memory(&[])));
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
        Ok(Box::new(PostgresStore::open(&self.target_settings())?))
    }
}

#[test]
fn a_walk_through_a_database_fulfils_every_duty() {
    conformance::check_walk(&mut Driver::of(Postgres::start_in_memory(&[])));
}

#[test]
fn a_database_that_is_copied_to_fulfils_every_duty() {
    conformance::check_target(&mut Driver::of(Postgres::start_in_memory(&[])));
}

fn walk(settings: &PostgresSettings) -> Result<DatabaseWalk<Database>, StoreError> {
    DatabaseWalk::open(&Database::of(settings)?)
}

fn settings(server: &Postgres, schema: &str) -> PostgresSettings {
    PostgresSettings {
        schema: schema.to_owned(),
        patience: Duration::from_secs(20),
        ..PostgresSettings::new(server.url(), "test")
    }
}

fn open(settings: &PostgresSettings) -> PostgresStore {
    PostgresStore::open(settings).expect("the store opens")
}

fn refusal(settings: &PostgresSettings) -> StoreError {
    PostgresStore::open(settings).expect_err("the store is refused")
}

/// Returns a page of so many messages.
fn append(channel: &str, count: u32) -> Change {
    Change::Append(Page {
        channel: channel.into(),
        publisher: "publisher".into(),
        at: 1,
        served: 1,
        count,
        payloads: payloads(count),
    })
}

fn payloads(count: u32) -> Payloads {
    let mut payloads = PayloadsBuilder::default();
    (0..count).for_each(|_| payloads.push(b"1"));
    payloads.finish()
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

/// Returns the first message of each page of a log, or that it is damaged.
fn entries(store: &PostgresStore, log: LogId) -> Vec<Result<Sequence, Sequence>> {
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
