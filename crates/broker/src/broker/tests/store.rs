//! The store of these tests: `rialto-store`'s in memory, which its conformance suite holds to a store's
//! duties, with pages that a test can damage.

use std::collections::BTreeSet;

use bytes::Bytes;
use rialto_domain::{
    Change, ChannelName, ClientId, ClientState, Commit, Load, LogEntry, LogId, Outcome, Sequence,
    Snapshot, StoredClient, StoredId, StoredPage,
};
use rialto_store::{MemoryStore, Store, StoreReader};

use super::text::TextEncoder;
use crate::{Broker, LoadRequest, ReadRequest};

/// What a [`LoadRequest`] brought.
pub(super) enum Loaded {
    Client(ClientId, Option<ClientState>),
    Clients(Vec<StoredClient>),
    Ids(Vec<StoredId>),
}

impl Loaded {
    pub(super) fn give_to(self, broker: &mut Broker<TextEncoder>) {
        match self {
            Loaded::Client(id, state) => broker.on_loaded(&id, Ok(state)),
            Loaded::Clients(listed) => broker.on_listed(Ok(&listed)),
            Loaded::Ids(ids) => broker.on_ids(Ok(&ids)),
        }
    }
}

/// What would be on disk.
pub(super) struct TestStore {
    store: MemoryStore,
    reader: Box<dyn StoreReader>,
    /// Damaged pages, by their last message.
    damaged: BTreeSet<(LogId, Sequence)>,
}

impl Default for TestStore {
    fn default() -> Self {
        let store = MemoryStore::default();
        let reader = store.reader().expect("a store in memory can be read");
        TestStore { store, reader, damaged: BTreeSet::new() }
    }
}

impl TestStore {
    /// Carries out a batch and says what became of each change.
    pub(super) fn commit(&mut self, changes: &[Change]) -> Vec<Outcome> {
        self.store.commit(changes).expect("no page is empty")
    }

    /// Carries out a batch as a broker hands it over. Given again it is not carried out again.
    pub(super) fn commit_once(&mut self, commit: &Commit) -> Vec<Outcome> {
        let commit = std::slice::from_ref(commit);
        let outcomes = self.store.commit_all(commit).expect("no page is empty");
        let again = self.store.commit_all(commit).expect("no page is empty");
        assert_eq!(again, outcomes);
        outcomes
    }

    /// Reads pages as a [`ReadRequest`] asks: at least one if there is any.
    pub(super) fn read(&mut self, request: &ReadRequest) -> Vec<LogEntry> {
        let entries = self.reader.read(request.log, request.from, request.bytes_max);
        let entries = entries.expect("a store in memory can be read").into_iter();
        entries.map(|entry| self.as_on_disk(request.log, entry)).collect()
    }

    /// Damages the page of a channel's log that holds a message; returns what it held.
    pub(super) fn damage(&mut self, channel: &ChannelName, sequence: Sequence) -> Vec<Bytes> {
        let logs = self.snapshot().logs;
        let Some(log) = logs.iter().find(|log| log.channel == *channel).map(|log| log.log) else {
            return Vec::new();
        };
        let page = self
            .pages(log)
            .into_iter()
            .find(|page| page.first <= sequence && sequence <= last_of(page));
        let Some(page) = page else { return Vec::new() };
        self.damaged.insert((log, last_of(&page)));
        page.payloads.iter().map(Bytes::copy_from_slice).collect()
    }

    pub(super) fn snapshot(&mut self) -> Snapshot {
        self.load(Load::All)
    }

    /// Returns what a broker starts from.
    pub(super) fn load(&mut self, load: Load) -> Snapshot {
        self.store.load(load).expect("a store in memory can be loaded")
    }

    /// Carries out what a [`LoadRequest`] asks for.
    pub(super) fn look_up(&mut self, request: &LoadRequest) -> Loaded {
        match request {
            LoadRequest::Client(id) => {
                let state = self.reader.client(id).expect("a store in memory can be read");
                Loaded::Client(id.clone(), state)
            }
            LoadRequest::Clients { after, count_max } => {
                let listed = self.reader.clients(after, *count_max);
                Loaded::Clients(listed.expect("a store in memory can be read"))
            }
            LoadRequest::Ids { after, count_max } => {
                let ids = self.reader.ids(after, *count_max);
                Loaded::Ids(ids.expect("a store in memory can be read"))
            }
        }
    }

    /// Returns the pages of a log, oldest first, damaged ones as they were written.
    pub(super) fn pages(&mut self, log: LogId) -> Vec<StoredPage> {
        let entries = self.reader.read(log, 0, usize::MAX).expect("a store in memory can be read");
        let page = |entry| match entry {
            LogEntry::Page(page) => Some(page),
            LogEntry::Damaged { .. } => None,
        };
        entries.into_iter().filter_map(page).collect()
    }

    fn as_on_disk(&self, log: LogId, entry: LogEntry) -> LogEntry {
        match &entry {
            LogEntry::Page(page) if self.damaged.contains(&(log, last_of(page))) => {
                LogEntry::Damaged { first: page.first, last: last_of(page) }
            }
            _ => entry,
        }
    }
}

fn last_of(page: &StoredPage) -> Sequence {
    page.first + u64::from(page.count) - 1
}
