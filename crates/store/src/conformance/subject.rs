//! Stores that are checked, and what is asked of them.

use rialto_domain::{
    Change, ChannelName, ClientId, Commit, CursorState, HistoryMessage, Load, LogEntry, LogId,
    LogState, Outcome, Sequence, Snapshot, StoredPage,
};

use super::changes::{append, subscribe};
use crate::{Store, StoreError, StoreReader};

/// Makes the stores that are checked.
pub trait Driver {
    /// Makes a store with nothing in it.
    fn create(&mut self) -> Box<dyn Store>;

    /// Drops `store` as a dying process would and opens what it stored again; `None` when the
    /// driver is one that forgets.
    fn reopen(&mut self, store: Box<dyn Store>) -> Option<Box<dyn Store>>;

    /// Returns how many bytes a name may have that the stores are given: some find longer ones by no key.
    fn name_bytes_max(&self) -> usize {
        100_000
    }
}

/// A store under examination; every operation on it must succeed unless said otherwise.
pub(super) struct Subject {
    pub(super) store: Box<dyn Store>,
    pub(super) reader: Box<dyn StoreReader>,
}

impl Subject {
    pub(super) fn create(driver: &mut dyn Driver) -> Self {
        Subject::new(driver.create())
    }

    pub(super) fn new(store: Box<dyn Store>) -> Self {
        let reader = store.reader().expect("a reader opens");
        Subject { store, reader }
    }

    /// Returns the store opened again, unless the driver forgets.
    pub(super) fn reopen(self, driver: &mut dyn Driver) -> Option<Self> {
        drop(self.reader);
        driver.reopen(self.store).map(Subject::new)
    }

    #[track_caller]
    pub(super) fn commit(&mut self, changes: &[Change]) -> Vec<Outcome> {
        let outcomes = self.store.commit(changes).expect("the batch is committed");
        assert_eq!(outcomes.len(), changes.len(), "there is one outcome a change");
        outcomes
    }

    #[track_caller]
    pub(super) fn commit_all(&mut self, commits: &[Commit]) -> Vec<Outcome> {
        self.store.commit_all(commits).expect("the batches are committed")
    }

    #[track_caller]
    pub(super) fn refuse(&mut self, changes: &[Change]) -> StoreError {
        self.store.commit(changes).expect_err("the batch is refused")
    }

    /// Appends one page and returns where it went.
    #[track_caller]
    pub(super) fn append(&mut self, channel: &str, count: u32) -> (LogId, Sequence) {
        match self.commit(&[append(channel, count)])[..] {
            [Outcome::Appended { log, first }] => (log, first),
            ref other => panic!("an append has the outcome {other:?}"),
        }
    }

    /// Subscribes and returns the log and where the cursor stands.
    #[track_caller]
    pub(super) fn subscribe(&mut self, client: &str, channel: &str) -> (LogId, Sequence) {
        match self.commit(&[subscribe(client, channel)])[..] {
            [Outcome::Subscribed { log, floor }] => (log, floor),
            ref other => panic!("a subscription has the outcome {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn load(&mut self) -> Snapshot {
        self.store.load(Load::All).expect("what was committed is loaded")
    }

    /// Returns a channel's log as loaded; none when it is gone.
    #[track_caller]
    pub(super) fn log(&mut self, channel: &str) -> Option<LogState> {
        self.load().logs.into_iter().find(|log| log.channel == ChannelName::from(channel))
    }

    /// Returns a channel's history as loaded; empty when there is none.
    #[track_caller]
    pub(super) fn history(&mut self, channel: &str) -> Vec<HistoryMessage> {
        let mut histories = self.load().history.into_iter();
        let history = histories.find(|(name, _)| *name == ChannelName::from(channel));
        history.map_or_else(Vec::new, |(_, messages)| messages)
    }

    /// Returns where a cursor stands, as loaded.
    #[track_caller]
    pub(super) fn cursor(&mut self, client: &str, channel: &str) -> CursorState {
        let (client, channel) = (ClientId::from(client), ChannelName::from(channel));
        let mut cursors = self.load().cursors.into_iter();
        let cursor = cursors.find(|(one, there, _)| (one, there) == (&client, &channel));
        cursor.expect("the cursor is there").2
    }

    #[track_caller]
    pub(super) fn read(&mut self, log: LogId, from: Sequence, bytes_max: usize) -> Vec<StoredPage> {
        let entries = self.reader.read(log, from, bytes_max).expect("the log is read");
        entries.into_iter().map(sound).collect()
    }

    /// Returns the first and last sequence of each page of `log`.
    #[track_caller]
    pub(super) fn spans(&mut self, log: LogId) -> Vec<(Sequence, Sequence)> {
        let pages = self.read(log, 1, usize::MAX);
        pages.iter().map(|page| (page.first, page.first + u64::from(page.count) - 1)).collect()
    }
}

/// Returns the page that an entry of a log is.
pub(super) fn sound(entry: LogEntry) -> StoredPage {
    match entry {
        LogEntry::Page(page) => page,
        LogEntry::Damaged { last, .. } => panic!("the page that ends with {last} is damaged"),
    }
}
