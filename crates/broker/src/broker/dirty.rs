//! What changed in memory only, and is written to the store at a later tick.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rialto_domain::{ChannelName, ClientId, LogId, Sequence, SessionNumber};

use crate::{ChannelKey, ClientKey, Encoder, client::Client};

use super::{Broker, catch_up::Reads, sequence::Unread};

/// What changed in memory and is written at the next tick.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    pub(super) cursors: Vec<(ClientKey, ChannelKey)>,
    pub(super) retained: BTreeSet<ChannelKey>,
    pub(super) clients: Vec<ClientKey>,
    /// Clients that the store refused to forget.
    pub(super) forgotten: Vec<ClientId>,
    /// Channels whose history has messages that the store does not have.
    pub(super) histories: BTreeSet<ChannelKey>,
    /// Channels whose history is gone, and not from the store.
    pub(super) dropped_histories: BTreeSet<ChannelName>,
    /// Channels that may not be needed any more.
    pub(super) idle: Vec<ChannelKey>,
    /// Channels whose logs have pages that all have acknowledged.
    pub(super) trims: BTreeSet<ChannelKey>,
    /// Sessions that began, with their numbers, or ended, and the store does not know of.
    pub(super) sessions: BTreeMap<ClientId, Option<SessionNumber>>,
    /// Channels whose logs in the store have no readers.
    pub(super) unread: Vec<ChannelName>,
    /// Damaged pages that the store did not set aside.
    pub(super) damaged: BTreeMap<(ChannelKey, Sequence), LogId>,
    /// Reads the store could not do, to be tried again.
    pub(super) reads: Reads,
    /// Channels whose retained message is to be looked up in the store.
    pub(super) unsure_retained: BTreeSet<ChannelKey>,
    /// Channels whose logs could not be read on.
    pub(super) incoming: Unread,
    /// When connections and logs were last looked at.
    pub(super) swept: Duration,
    /// When clients were last looked at for being forgotten.
    pub(super) forgot: Duration,
}

impl Dirty {
    /// Has a client written at the next tick, with when it was there last.
    pub(super) fn note_client(&mut self, key: ClientKey, client: &mut Client) {
        if !std::mem::replace(&mut client.dirty, true) {
            self.clients.push(key);
        }
    }
}

impl<E: Encoder> Broker<E> {
    /// Has the cursor written at the next tick.
    pub(super) fn mark_cursor_dirty(&mut self, client: ClientKey, channel: ChannelKey) {
        let cursor = self.clients.get_mut(client).and_then(|client| client.cursor(channel));
        if cursor.is_some_and(|cursor| !std::mem::replace(&mut cursor.dirty, true)) {
            self.dirty.cursors.push((client, channel));
        }
    }
}
