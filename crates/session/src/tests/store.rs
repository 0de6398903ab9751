//! The store of these tests: `rialto-store`'s in memory, which does what the broker asks when a script
//! lets it.

use std::collections::VecDeque;

use rialto_broker::{Broker, Encoder, ReadRequest};
use rialto_domain::{Commit, FailureKind, LogEntry};
use rialto_store::{MemoryStore, Store};

use crate::tests::script::bad;

/// What the store does with what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mood {
    /// Does it at once.
    #[default]
    Works,
    /// Leaves it until its mood is another.
    Waits,
    /// Refuses it.
    Fails,
}

/// What the broker asked, oldest first, and what would be on disk.
#[derive(Debug, Default)]
pub(crate) struct TestStore {
    mood: Mood,
    pub(crate) commits: VecDeque<Commit>,
    pub(crate) reads: VecDeque<ReadRequest>,
    store: MemoryStore,
}

impl TestStore {
    /// Takes a line of a script.
    pub(crate) fn obey(&mut self, order: &str) {
        self.mood = match order {
            "works" => Mood::Works,
            "waits" => Mood::Waits,
            "fails" => Mood::Fails,
            _ => bad(order),
        };
    }

    /// Does the oldest thing it was asked; says whether there was one and it did not have to wait.
    pub(crate) fn answer_one(&mut self, broker: &mut Broker<impl Encoder>) -> bool {
        let works = match self.mood {
            Mood::Works => true,
            Mood::Waits => return false,
            Mood::Fails => false,
        };
        if let Some(commit) = self.commits.pop_front() {
            let outcomes =
                works.then(|| self.store.commit_all(&[commit]).expect("no page is empty"));
            broker.on_committed(outcomes.as_deref().ok_or(FailureKind::Transient));
        } else if let Some(request) = self.reads.pop_front() {
            let pages = works.then(|| self.read(&request));
            broker.on_read(&request, pages.as_deref().ok_or(FailureKind::Transient));
        } else {
            return false;
        }
        true
    }

    fn read(&self, request: &ReadRequest) -> Vec<LogEntry> {
        let mut reader = self.store.reader().expect("a store in memory can be read");
        let entries = reader.read(request.log, request.from, request.bytes_max);
        entries.expect("a store in memory can be read")
    }
}
