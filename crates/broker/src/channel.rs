//! A channel in use: who receives, what is retained, how far its log has come.

use std::sync::Arc;

use indexmap::IndexSet;

use rialto_domain::ChannelName;

use crate::{
    ClientKey,
    bused::{Bused, Hearing},
    hasher::Hasher,
    history::History,
    log::Log,
    memory::{allocated, shared},
    passed::Passed,
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
    /// What a bus between nodes has to do with it, if there is one and it has.
    pub(crate) bused: Option<Box<Bused>>,
    /// What was published here, and here to be sent on by other servers.
    pub(crate) received: Passed,
    /// What subscribers were sent of it.
    pub(crate) sent: Passed,
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
            bused: None,
            received: Passed::default(),
            sent: Passed::default(),
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
            && !self.is_heard()
    }

    /// Says whether anybody here is to get what is published on it.
    pub(crate) fn has_audience(&self) -> bool {
        !self.receivers.is_empty() || !self.absent.is_empty()
    }

    /// Says whether the bus is to bring what other nodes tell of it.
    pub(crate) fn is_heard(&self) -> bool {
        self.bused.as_ref().is_some_and(|bused| bused.hearing != Hearing::No)
    }
}

/// Returns the memory that a channel with a name of so many bytes takes by itself.
pub(crate) fn own_bytes(name_bytes: usize) -> usize {
    allocated(size_of::<Channel>()) + shared(name_bytes) + PLACES_BYTES
}
