//! Batches: changes that are handed to the store together, and what each stands for in the core.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use rialto_domain::{
    Announcement, Change, ChannelName, ClientId, Commit, CommitId, Epoch, LogId, Sequence,
    SessionNumber, StoreClock,
};

use crate::{ChannelKey, ClientKey, ConnectionKey, Effect, Encoder, retained::Request};

use super::{Broker, page::PendingPage};

/// What a change under way takes besides itself, about: a batch, a place in the store's queue.
const CHANGE_OVERHEAD: usize = 256;

/// Changes to hand over at the end of the round, each with what is to be done once it is committed.
#[derive(Debug, Default)]
pub(super) struct Batch {
    changes: Vec<Change>,
    pending: Vec<Awaiting>,
    /// Places among the changes of those that take effect together or not at all.
    together: Vec<Range<usize>>,
    /// Clients that are not in memory any more and that it is about, each with the epoch in which this node owns it.
    owned: BTreeMap<ClientId, Epoch>,
    /// How many were handed over in this run.
    handed_over: u64,
}

/// What is to be done once a batch is committed, and the change whose outcome decides it.
#[derive(Debug)]
pub(super) struct Awaiting {
    /// Place in the batch's changes; `None` for what only waits for what was handed over before it.
    pub(super) change: Option<usize>,
    pub(super) pending: Pending,
    /// Memory that counts as a connection's uncommitted bytes until then; that of a page is counted by
    /// itself.
    pub(super) charge: Option<(ConnectionKey, usize)>,
}

/// A batch that the store has not answered.
#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) awaiting: Vec<Awaiting>,
    /// The clients that this node owned then.
    pub(super) owned: Vec<(ClientId, Epoch)>,
    /// When it was handed over.
    since: Duration,
}

/// Lazy writes that go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// What makes room in the store: it goes by itself, so that what finds none does not take it along.
    Room,
    /// What cursors acknowledged beyond their floors.
    Acknowledged,
    Retained,
    /// Histories, clients and sessions.
    Rest,
}

/// What a change stands for in the core.
#[derive(Debug)]
pub(super) enum Pending {
    /// Messages that wait to be routed and acknowledged.
    Page(Box<PendingPage>),
    /// A version of a channel's retained message that is written by itself.
    Retain(ChannelKey, u64),
    /// The end of what a channel retained up to a version, and who is to be answered.
    DropRetained {
        channel: ChannelKey,
        version: u64,
        asked: Option<Request>,
    },
    Subscribe {
        client: ClientKey,
        channel: ChannelKey,
        reply_to: Option<ConnectionKey>,
    },
    /// A subscription of a session, behind changes of the same client and channel.
    Session {
        client: ClientKey,
        channel: ChannelKey,
        connection: ConnectionKey,
        /// Whether the client asked for it and is to be answered.
        is_asked: bool,
    },
    Unsubscribe {
        client: ClientKey,
        channel: ChannelKey,
        reply_to: Option<ConnectionKey>,
    },
    Cursor(ClientKey, ChannelKey),
    /// A log that nobody reads is to go from the store.
    DropLog(ChannelName),
    /// A page that the core has dropped already, since it is damaged.
    SetAside(ChannelKey, LogId, Sequence),
    /// The lane in which the batch is under way may be opened.
    Lane(Lane),
    /// The oldest pages of a log are to go.
    Trim(ChannelKey, LogId),
    /// The oldest pages of a log are to go, since an operator says so.
    Purge(ChannelKey, LogId),
    Client(ClientKey),
    /// A client that the core has forgotten already.
    Forget(ClientId),
    /// A session with this number that began, or one that ended.
    OpenSession(ClientId, Option<SessionNumber>),
    /// A client that the core has let go, to be claimed by any node.
    Release(ClientId),
    /// Somebody waits until everything handed over before it is through.
    Barrier(u64),
    /// The clocks, as they were before.
    Clock(StoreClock),
    /// A client whose coming is announced once its subscriptions are there, with what else is.
    Online(ClientKey, ConnectionKey, Vec<Announcement>),
    /// A history that is gone.
    DropHistory(ChannelName),
    /// Newest messages of a channel's history, and how many.
    History(ChannelKey, usize),
    /// Nothing depends on it.
    Nothing,
}

impl Batch {
    pub(super) fn push(&mut self, change: Change, pending: Pending) {
        let change_index = Some(self.changes.len());
        self.pending.push(Awaiting { change: change_index, pending, charge: None });
        self.changes.push(change);
    }

    /// Pushes changes that take effect together or not at all.
    pub(super) fn push_together(&mut self, changes: [(Change, Pending); 2]) {
        let first = self.changes.len();
        self.extend(changes);
        self.together.push(first..self.changes.len());
    }

    /// Notes in which epoch this node owns a client that the batch is about.
    pub(super) fn own(&mut self, client: ClientId, epoch: Epoch) {
        self.owned.insert(client, epoch);
    }

    /// Counts what was pushed last as a connection's uncommitted bytes.
    fn charge(&mut self, connection: ConnectionKey, bytes: usize) {
        if let Some(waiting) = self.pending.last_mut() {
            waiting.charge = Some((connection, bytes));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Returns the lazy writes that gathered, each with what it stands for.
    pub(super) fn take_apart(&mut self) -> Vec<(Change, Pending)> {
        let pending = std::mem::take(&mut self.pending).into_iter();
        let pending = pending.filter(|waiting| waiting.change.is_some());
        let changes = std::mem::take(&mut self.changes);
        changes.into_iter().zip(pending.map(|waiting| waiting.pending)).collect()
    }

    pub(super) fn extend(&mut self, changes: impl IntoIterator<Item = (Change, Pending)>) {
        changes.into_iter().for_each(|(change, pending)| self.push(change, pending));
    }

    /// Lets something wait for everything handed over before it, with nothing to store itself.
    pub(super) fn push_behind(&mut self, pending: Pending) {
        self.pending.push(Awaiting { change: None, pending, charge: None });
    }

    /// Says whether the batch asks for a cursor of `client` in `channel`.
    pub(super) fn brings_cursor(&self, client: ClientKey, channel: ChannelKey) -> bool {
        self.pending.iter().rev().any(|waiting| match waiting.pending {
            Pending::Subscribe { client: one, channel: there, .. } => {
                (one, there) == (client, channel)
            }
            _ => false,
        })
    }
}

impl<E: Encoder> Broker<E> {
    pub(super) fn hand_over_batch(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        self.batch.handed_over += 1;
        let run = self.settings.replication.origin;
        let owned = if self.is_shared() { self.take_owned_of_batch() } else { Vec::new() };
        let commit = Commit {
            id: Some(CommitId { run, number: self.batch.handed_over }),
            changes: std::mem::take(&mut self.batch.changes),
            together: std::mem::take(&mut self.batch.together),
            owned: owned.clone(),
        };
        let awaiting = std::mem::take(&mut self.batch.pending);
        self.committing.push_back(UnderWay { awaiting, owned, since: self.now.uptime });
        self.outputs.push(Effect::Commit(commit));
    }

    /// Returns the clients on whose behalf changes are made and that this node owns.
    fn take_owned_of_batch(&mut self) -> Vec<(ClientId, Epoch)> {
        let mut owned = std::mem::take(&mut self.batch.owned);
        for client in self.batch.changes.iter().filter_map(Change::client) {
            if let Some(&key) = self.client_keys.get(client)
                && self.clients[key].epoch > 0
            {
                owned.entry(client.clone()).or_insert(self.clients[key].epoch);
            }
        }
        owned.into_iter().collect()
    }

    /// Says whether changes are under way in the store.
    pub fn is_committing(&self) -> bool {
        !self.committing.is_empty()
    }

    /// Returns how long the oldest batch under way has been waiting for the store.
    pub(super) fn oldest_wait(&self) -> Duration {
        let oldest = self.committing.front();
        oldest.map_or(Duration::ZERO, |batch| self.now.uptime.saturating_sub(batch.since))
    }

    /// Counts the change that was asked for last, about a channel, as uncommitted bytes of the
    /// connection that asked for it: so one that asks faster than the store commits is not read.
    pub(super) fn charge(&mut self, connection: Option<ConnectionKey>, channel: ChannelKey) {
        let Some(connection) = connection else { return };
        let Some(state) = self.connections.get_mut(connection) else { return };
        let names = self.channels[channel].name.as_str().len() * 2;
        let bytes = size_of::<Change>() + size_of::<Awaiting>() + CHANGE_OVERHEAD + names;
        state.uncommitted_bytes += bytes;
        self.uncommitted_bytes_total += bytes;
        self.batch.charge(connection, bytes);
    }

    /// Takes back what was counted by [`charge`](Self::charge).
    pub(super) fn discharge(&mut self, (connection, bytes): (ConnectionKey, usize)) {
        self.uncommitted_bytes_total -= bytes;
        if let Some(state) = self.connections.get_mut(connection) {
            state.uncommitted_bytes -= bytes;
        }
    }
}
