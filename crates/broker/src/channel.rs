//! A channel in use: who receives, what is retained, how far its log has come.

use std::{collections::VecDeque, sync::Arc};

use indexmap::IndexSet;

use rialto_domain::{ChannelName, LogId, LogState, PageState, Sequence};

use crate::{
    ClientKey, LogLimits,
    hasher::Hasher,
    history::History,
    memory::{allocated, shared},
    profile::Profile,
    receivers::Receivers,
    retained::RetainedMessage,
    sorted_map::SortedMap,
};

/// What a channel takes in the tables of channels: between the doublings of both of them half is
/// in use at the least, three quarters on average.
const PLACES_BYTES: usize = 96;

/// A channel that somebody subscribes to, or that has something stored.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) name: ChannelName,
    /// Connected subscribers.
    pub(crate) receivers: Receivers,
    /// Lost clients that are subscribed until their session ends.
    pub(crate) absent: IndexSet<ClientKey, Hasher>,
    pub(crate) retained: Option<Box<RetainedMessage>>,
    pub(crate) profile: Arc<Profile>,
    pub(crate) history: Option<Box<History>>,
    pub(crate) log: Option<Box<Log>>,
    /// Clients in memory with a persistent subscription, connected or not.
    pub(crate) persistent: SortedMap<ClientKey, ()>,
    /// Persistent subscriptions of clients that are not in memory.
    pub(crate) stored_reader_count: u64,
    /// Pages and subscription changes handed to the store and not yet committed; later QoS 1
    /// messages queue behind them.
    pub(crate) changes_under_way: u32,
    /// Changes of the retained message on their way to the store. Until they are through, no other
    /// is written by itself.
    pub(crate) retained_under_way: u32,
}

/// What the core knows of a channel's stored messages.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) id: LogId,
    /// Last message committed and routed.
    pub(crate) last: Sequence,
    /// Stored pages, oldest first.
    pages: VecDeque<LogPage>,
    /// Payload bytes of these pages.
    bytes: u64,
    /// All up to this was trimmed.
    trimmed: Sequence,
}

/// The oldest part of a log, which was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trimmed {
    /// Its last message.
    pub(crate) last: Sequence,
    /// How many messages it had.
    pub(crate) count: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

/// A stored page, as its log knows it.
#[derive(Debug, Clone, Copy)]
struct LogPage {
    /// Its first message.
    first: Sequence,
    state: PageState,
}

impl LogPage {
    fn count(&self) -> u64 {
        // A store that was repaired may have trimmed more than it has let go.
        (self.state.last + 1).saturating_sub(self.first)
    }
}

impl Channel {
    pub(crate) fn new(name: ChannelName, profile: Arc<Profile>) -> Self {
        Channel {
            name,
            receivers: Receivers::default(),
            absent: IndexSet::default(),
            retained: None,
            profile,
            history: None,
            log: None,
            persistent: SortedMap::default(),
            stored_reader_count: 0,
            changes_under_way: 0,
            retained_under_way: 0,
        }
    }

    /// Returns the memory that it takes by itself, without what it holds.
    pub(crate) fn own_bytes(&self) -> usize {
        own_bytes(self.name.as_str().len())
    }

    /// Says whether a QoS 1 message must go through the store to reach all it should, in order.
    pub(crate) fn stores(&self) -> bool {
        self.changes_under_way > 0 || self.has_readers()
    }

    /// Says whether anybody has a persistent subscription, in memory or not.
    pub(crate) fn has_readers(&self) -> bool {
        self.stored_reader_count > 0 || !self.persistent.is_empty()
    }

    /// Counts the persistent subscriptions.
    pub(crate) fn reader_count(&self) -> usize {
        self.persistent.len() + self.stored_reader_count as usize
    }

    /// Says whether nothing is left that anybody could notice.
    pub(crate) fn is_idle(&self) -> bool {
        self.receivers.is_empty()
            && self.absent.is_empty()
            && self.retained.is_none()
            && self.history.is_none()
            && !self.has_readers()
            && self.changes_under_way == 0
    }
}

/// Returns the memory that a channel with a name of so many bytes takes by itself.
pub(crate) fn own_bytes(name_bytes: usize) -> usize {
    allocated(size_of::<Channel>()) + shared(name_bytes) + PLACES_BYTES
}

impl Log {
    pub(crate) fn new(id: LogId, last: Sequence) -> Self {
        Log { id, last, pages: VecDeque::new(), bytes: 0, trimmed: last }
    }

    pub(crate) fn from_state(state: &LogState) -> Self {
        let bytes = state.pages.iter().map(|page| page.bytes).sum();
        // What is missing between two pages counts with the second: only the store could tell.
        let firsts = std::iter::once(state.trimmed).chain(state.pages.iter().map(|page| page.last));
        let pages =
            firsts.zip(&state.pages).map(|(before, &state)| LogPage { first: before + 1, state });
        let pages = pages.collect();
        Log { id: state.log, last: state.last, pages, bytes, trimmed: state.trimmed }
    }

    /// Adds a page that was committed and begins with `first`.
    pub(crate) fn append(&mut self, first: Sequence, state: PageState) {
        self.last = state.last;
        self.bytes += state.bytes;
        self.pages.push_back(LogPage { first, state });
    }

    /// Counts the messages of all pages.
    ///
    /// # Cost
    /// Grows with the number of pages.
    pub(crate) fn count(&self) -> u64 {
        self.pages.iter().map(LogPage::count).sum()
    }

    /// Forgets a page that ends with `last` and is damaged; returns what it had, if it was there.
    ///
    /// # Cost
    /// Grows with the number of pages.
    pub(crate) fn remove(&mut self, last: Sequence) -> Option<Trimmed> {
        let place = self.pages.binary_search_by_key(&last, |page| page.state.last).ok()?;
        let page = self.pages.remove(place)?;
        self.bytes -= page.state.bytes;
        Some(Trimmed { last, count: page.count(), bytes: page.state.bytes })
    }

    /// Says whether a limit keeps more messages out.
    pub(crate) fn is_full(&self, limits: &LogLimits) -> bool {
        let (held, _) = self.held();
        (limits.messages_max != 0 && limits.messages_max <= held)
            || (limits.bytes_max != 0 && limits.bytes_max <= self.bytes)
    }

    /// Returns the messages held and their bytes.
    pub(crate) fn held(&self) -> (u64, u64) {
        (self.last - self.oldest_floor(), self.bytes)
    }

    /// Returns the sequence before the oldest message held.
    pub(crate) fn oldest_floor(&self) -> Sequence {
        self.trimmed.min(self.last)
    }

    /// Forgets pages while `is_done` says so of the oldest; returns what that was, unless nothing.
    pub(crate) fn trim_while(
        &mut self,
        is_done: impl Fn(&Self, &PageState) -> bool,
    ) -> Option<Trimmed> {
        let (mut count, before) = (0, self.bytes);
        while let Some(page) = self.pages.front().copied() {
            if !is_done(self, &page.state) {
                break;
            }
            self.pages.pop_front();
            self.bytes -= page.state.bytes;
            self.trimmed = page.state.last;
            count += page.count();
        }
        (0 < count).then_some(Trimmed { last: self.trimmed, count, bytes: before - self.bytes })
    }
}
