//! The store's duties and its own dangers, on a real server.

use std::time::Duration;

use rialto_domain::{
    Change, Commit, CommitId, FailureKind, Load, LogEntry, LogId, Outcome, Page, Payloads,
    Retained, Sequence, Trim,
};
use rialto_store::{Store, StoreError, conformance};
use rialto_testkit::Postgres;

use crate::{PostgresSettings, PostgresStore};

mod broken;
mod damage;
mod opening;
mod plans;

/// A server, and how many stores were made there: each has a schema of its own.
struct Driver {
    server: Postgres,
    made: u32,
}

impl Driver {
    fn open(&self) -> Box<dyn Store> {
        let settings = settings(&self.server, &format!("store {}", self.made));
        Box::new(PostgresStore::open(&settings).expect("the store opens"))
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

#[test]
fn postgres_fulfils_every_duty() {
    conformance::check_all(&mut Driver { server: Postgres::start_in_memory(&[]), made: 0 });
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
        payloads: Payloads::single(b"1"),
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
