//! A store for tests: does in memory what the broker asks, when a script lets it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rialto_broker::{
    Broker, Change, ChannelName, ClientId, FailureKind, LogEntry, LogId, Outcome, Page,
    ReadRequest, Sequence, StoredPage,
};

use crate::Dialects;

/// What the store does with what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mood {
    /// Does it at once.
    #[default]
    Works,
    /// Leaves it until its mood is another.
    Waits,
    /// Refuses it.
    Fails,
}

/// What the broker asked, oldest first, and what would be on disk. Only logs are: nobody here
/// starts again from it.
#[derive(Debug, Default)]
pub(crate) struct TestStore {
    pub(crate) mood: Mood,
    pub(crate) commits: VecDeque<Vec<Change>>,
    pub(crate) reads: VecDeque<ReadRequest>,
    logs: BTreeMap<ChannelName, Log>,
    /// How many logs were ever made; the latest one's id.
    made: u64,
}

#[derive(Debug)]
struct Log {
    id: LogId,
    last: Sequence,
    pages: Vec<StoredPage>,
    readers: BTreeSet<ClientId>,
}

impl TestStore {
    /// Does the oldest thing it was asked; says whether there was one and it did not have to wait.
    pub(crate) fn answer_one(&mut self, broker: &mut Broker<Dialects>) -> bool {
        let works = match self.mood {
            Mood::Works => true,
            Mood::Waits => return false,
            Mood::Fails => false,
        };
        if let Some(changes) = self.commits.pop_front() {
            let outcomes = works.then(|| self.commit(&changes));
            broker.on_committed(outcomes.as_deref().ok_or(FailureKind::Transient));
        } else if let Some(request) = self.reads.pop_front() {
            let pages = works.then(|| self.read(&request));
            broker.on_read(&request, pages.as_deref().ok_or(FailureKind::Transient));
        } else {
            return false;
        }
        true
    }

    fn commit(&mut self, changes: &[Change]) -> Vec<Outcome> {
        changes.iter().map(|change| self.apply(change)).collect()
    }

    fn apply(&mut self, change: &Change) -> Outcome {
        match change {
            Change::Append(page) => self.append(page),
            Change::Subscribe(client, channel) => {
                let log = self.log(channel);
                log.readers.insert(client.clone());
                Outcome::Subscribed { log: log.id, floor: log.last }
            }
            Change::Unsubscribe(client, channel) => {
                if let Some(log) = self.logs.get_mut(channel) {
                    log.readers.remove(client);
                }
                // A log goes with its last reader.
                self.logs.retain(|_, log| !log.readers.is_empty());
                Outcome::Done
            }
            Change::Retain(..)
            | Change::PutClient(..)
            | Change::ForgetClient(_)
            | Change::MoveCursor(..)
            | Change::Acknowledge(..)
            | Change::Trim(..)
            | Change::SetAside(..)
            | Change::KeepHistory { .. }
            | Change::DropHistory(_)
            | Change::DropRetained(_)
            | Change::OpenSession(..)
            | Change::CloseSession(_)
            | Change::NoteClock(_) => Outcome::Done,
        }
    }

    fn append(&mut self, page: &Page) -> Outcome {
        let log = self.log(&page.channel);
        let first = log.last + 1;
        log.last += u64::from(page.count);
        let Page { publisher, at, count, payloads, .. } = page.clone();
        log.pages.push(StoredPage { first, publisher, at, count, payloads });
        Outcome::Appended { log: log.id, first }
    }

    /// Returns pages as the request asks: at least one if there is any.
    fn read(&self, request: &ReadRequest) -> Vec<LogEntry> {
        let log = self.logs.values().find(|log| log.id == request.log);
        let wanted = |page: &&StoredPage| request.from < page.first + u64::from(page.count);
        let mut bytes = 0;
        let pages = log.into_iter().flat_map(|log| log.pages.iter().filter(wanted));
        pages
            .take_while(|page| {
                let is_there_room = bytes <= request.bytes_max;
                bytes += page.payloads.as_bytes().len();
                is_there_room
            })
            .cloned()
            .map(LogEntry::Page)
            .collect()
    }

    fn log(&mut self, channel: &ChannelName) -> &mut Log {
        self.logs.entry(channel.clone()).or_insert_with(|| {
            self.made += 1;
            Log { id: LogId(self.made), last: 0, pages: Vec::new(), readers: BTreeSet::new() }
        })
    }
}
