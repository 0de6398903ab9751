//! How what is stored changes: batches of changes, and what comes of each.

use std::ops::Range;

use super::{
    Epoch, HistoryMessage, LogExtent, LogId, Page, Retained, Seen, Sequence, ServedMs,
    SessionNumber, StoreClock,
};
use crate::{ChannelName, ClientId};

/// One thing to store. Applying a change twice equals applying it once, except `Append`, `AppendIfRead`
/// and `AppendDirect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Appends a page to its channel's log, which is made if it is not there.
    Append(Page),
    /// Appends a page to its channel's log, if there is one.
    AppendIfRead(Page),
    /// Appends a page to the log of a client's own channel, if the client is known. A cursor of the
    /// client that stands before the page is made if it has none there.
    AppendDirect(ClientId, Page),
    /// Replaces the channel's retained message.
    Retain(ChannelName, Retained),
    /// Forgets the channel's retained message.
    DropRetained(ChannelName),
    /// Makes a client known, or notes that it was seen again.
    PutClient(ClientId, Seen),
    /// Forgets a client and all its cursors.
    ForgetClient(ClientId),
    /// Adds a persistent subscription whose cursor starts behind the last message of the log.
    /// One that is there already stays as it is.
    Subscribe(ClientId, ChannelName),
    /// Removes a persistent subscription; the log stays.
    Unsubscribe(ClientId, ChannelName),
    /// Drops a channel's log with its pages, unless a cursor reads it.
    DropLog(ChannelName),
    /// Moves a cursor's floor up: all up to this message is acknowledged. It never goes down, and a
    /// cursor that is not there is not made.
    MoveCursor(ClientId, ChannelName, Sequence),
    /// Adds stretches to what a cursor has acknowledged above its floor, first and last message of
    /// each. Nothing is taken back, and a cursor that is not there is not made.
    Acknowledge(ClientId, ChannelName, Vec<(Sequence, Sequence)>),
    /// Drops the oldest pages of a channel's log.
    Trim(ChannelName, Trim),
    /// Takes a damaged page, by the sequence of its last message, out of a log and keeps it apart.
    SetAside(ChannelName, LogId, Sequence),
    /// Adds messages to a channel's history and drops the oldest beyond so many. One whose id is
    /// there already stays as it is.
    KeepHistory {
        /// The channel.
        channel: ChannelName,
        /// What is added, in any order.
        messages: Vec<HistoryMessage>,
        /// How many messages stay at most: the latest by `logical`, then by id. With 0 none
        /// stays.
        count_max: u32,
    },
    /// Forgets a channel's history.
    DropHistory(ChannelName),
    /// Notes that a client's session is open, and its number.
    OpenSession(ClientId, SessionNumber),
    /// Notes that a client's session has ended.
    CloseSession(ClientId),
    /// Notes the clocks, in place of what was noted before.
    NoteClock(StoreClock),
    /// Gives a client back that this node owns, so that any node can claim it without asking.
    Release(ClientId),
}

impl Change {
    /// Returns the client on whose behalf the change is made: whoever does not own it any more may not make it.
    #[must_use]
    pub fn client(&self) -> Option<&ClientId> {
        match self {
            Change::Append(page) | Change::AppendIfRead(page) | Change::AppendDirect(_, page) => {
                Some(&page.publisher)
            }
            Change::Retain(_, retained) => Some(&retained.publisher),
            Change::PutClient(client, _)
            | Change::ForgetClient(client)
            | Change::Subscribe(client, _)
            | Change::Unsubscribe(client, _)
            | Change::MoveCursor(client, ..)
            | Change::Acknowledge(client, ..)
            | Change::OpenSession(client, _)
            | Change::CloseSession(client)
            | Change::Release(client) => Some(client),
            Change::DropRetained(_)
            | Change::DropLog(_)
            | Change::Trim(..)
            | Change::SetAside(..)
            | Change::KeepHistory { .. }
            | Change::DropHistory(_)
            | Change::NoteClock(_) => None,
        }
    }

    /// Returns the page that the change stores, if it stores one.
    #[must_use]
    pub fn page(&self) -> Option<&Page> {
        match self {
            Change::Append(page) | Change::AppendIfRead(page) | Change::AppendDirect(_, page) => {
                Some(page)
            }
            _ => None,
        }
    }
}

/// Which pages of a log go: whole ones from the oldest on, as long as one of these bounds has the oldest
/// page go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trim {
    /// The log that is meant, if the channel still has that one; `None` for any.
    pub log: Option<LogId>,
    /// A page that ends at or below this one goes.
    pub through: Sequence,
    /// Pages go while there are more messages than this behind what was trimmed.
    pub count_max: u64,
    /// Pages go while their payloads have more bytes than this.
    pub bytes_max: u64,
    /// A page that was taken in before goes.
    pub served_min: ServedMs,
}

impl Default for Trim {
    /// Drops nothing.
    fn default() -> Self {
        Trim { log: None, through: 0, count_max: u64::MAX, bytes_max: u64::MAX, served_min: 0 }
    }
}

impl Trim {
    /// Drops the pages that end at or below this sequence.
    #[must_use]
    pub fn through(through: Sequence) -> Self {
        Trim { through, ..Trim::default() }
    }

    /// Says whether a log that ends with `last` and holds so much loses its oldest page.
    #[must_use]
    pub fn drops(&self, last: Sequence, extent: &LogExtent) -> bool {
        extent.oldest.is_some_and(|oldest| {
            oldest.last <= self.through
                || self.count_max < last.saturating_sub(extent.trimmed)
                || self.bytes_max < extent.bytes
                || oldest.served < self.served_min
        })
    }
}

/// Names a batch of changes, so that it can be given to a store again without being carried out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitId {
    /// The run of the broker that made it.
    pub run: u64,
    /// Its place among that run's batches, from 1.
    pub number: u64,
}

/// A batch: changes that are handed to a store at once, and never tried again apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    /// Its name; `None` for what is never given again.
    pub id: Option<CommitId>,
    /// The changes, in the order in which they take effect.
    pub changes: Vec<Change>,
    /// Places among them, ascending, of those that take effect together or not at all, even where a store
    /// carries out the others by themselves.
    pub together: Vec<Range<usize>>,
    /// The clients that the batch is about and that this node owns, each with the epoch in which it was claimed. The
    /// changes [on behalf](Change::client) of one that was claimed by another node since are not carried out.
    /// Empty where one server has the store.
    pub owned: Vec<(ClientId, Epoch)>,
}

/// What became of one [`Change`] of a committed batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The page stands in `log` from `first` on.
    Appended {
        /// The log it went to.
        log: LogId,
        /// Sequence of the page's first message.
        first: Sequence,
    },
    /// The subscription's log, and the cursor's floor.
    Subscribed {
        /// The channel's log.
        log: LogId,
        /// Where the cursor stands.
        floor: Sequence,
    },
    /// The cursor was moved. All readers of its log have acknowledged all up to `slowest`, as far as
    /// the store knows.
    Moved {
        /// Where the slowest cursor of the log stands.
        slowest: Sequence,
    },
    /// Pages of the log were dropped or set aside, if there were any to be: what it holds now.
    Trimmed(LogExtent),
    /// The page stands in `log` from `first` on, for a client that another node owns and sends it to.
    Handed {
        /// The log it went to.
        log: LogId,
        /// Sequence of the page's first message.
        first: Sequence,
    },
    /// Nothing was stored, since the client that the page was for is not known.
    ClientUnknown,
    /// Nothing was stored, since the channel has no log: nobody reads it.
    Unread,
    /// Nothing was done, since another node owns the client by now.
    Lost,
    /// Done; nothing more to say.
    Done,
}
