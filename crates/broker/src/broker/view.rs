//! What of the store is in memory: all of it, or what is needed now.
//!
//! A store that can be asked is not loaded whole: the core starts from the heads of logs, and a client
//! is *loaded* when somebody needs it, with its cursors, and *let go* some time after its session has
//! ended and all about it is written. Whoever needs one [claims](Broker::claim) it first. What becomes
//! of a client that is out of memory happens in the store, so that there is nothing to load anew for
//! one that nobody claims: its channels' logs grow, and its cursors stand still.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use rialto_domain::{
    ChannelKind, ClientId, ClientState, Epoch, FailureKind, Load, Outcome, Reject, StoredClient,
};

use crate::{ChannelKey, ClientKey, Effect, Encoder, LoadRequest, hasher::Hasher};

use super::{Broker, batch::Pending, entry::Remembered};

/// How long a client stays in memory that nobody needs any more: those who lost their connection mostly
/// come back within it.
const KEPT: Duration = Duration::from_secs(10);

/// Clients that are let go in one tick.
const LET_GO_MAX: usize = 1000;

/// Stored clients that are looked at together for being forgotten.
const LISTED_MAX: usize = 100;

/// What is known of clients that are not in memory, and which may leave it.
#[derive(Debug)]
pub(super) struct View {
    load: Load,
    loading: HashMap<ClientId, Loading, Hasher>,
    /// Ids that the store does not know.
    absent: HashMap<ClientId, Absent, Hasher>,
    /// Clients that the core has forgotten and the store has not yet, each so often.
    forgetting: HashMap<ClientId, u32, Hasher>,
    leaving: Leaving,
}

/// An id that the store does not know.
#[derive(Debug)]
struct Absent {
    /// Until when that is remembered.
    until: Duration,
    /// In which epoch this node owns it all the same; 0 where it does not.
    epoch: Epoch,
}

/// Clients that may leave, and when.
#[derive(Debug, Default)]
struct Leaving {
    due: HashMap<ClientKey, Duration, Hasher>,
    by_due: BTreeSet<(Duration, ClientKey)>,
}

impl Leaving {
    /// Has a client leave at this moment, and not before.
    fn set(&mut self, client: ClientKey, due: Duration) {
        if let Some(before) = self.due.insert(client, due) {
            self.by_due.remove(&(before, client));
        }
        self.by_due.insert((due, client));
    }

    /// Has a client that may leave stay until this moment.
    fn put_off(&mut self, client: ClientKey, due: Duration) {
        if self.due.contains_key(&client) {
            self.set(client, due);
        }
    }

    /// Takes a client that is due.
    fn take_due(&mut self, now: Duration) -> Option<ClientKey> {
        let &(due, client) = self.by_due.first()?;
        if now < due {
            return None;
        }
        self.by_due.pop_first();
        self.due.remove(&client);
        Some(client)
    }
}

/// A client that the store is asked for.
#[derive(Debug, Default)]
struct Loading {
    /// Who waits for it.
    tickets: Vec<u64>,
    /// Whether the store was given something since that the answer may lack.
    is_stale: bool,
}

impl View {
    pub(super) fn new(load: Load) -> Self {
        View {
            load,
            loading: HashMap::default(),
            absent: HashMap::default(),
            forgetting: HashMap::default(),
            leaving: Leaving::default(),
        }
    }
}

impl<E: Encoder> Broker<E> {
    /// Says whether all stored clients are in memory, so that there is nothing to be claimed.
    pub fn is_whole(&self) -> bool {
        self.view.load == Load::All
    }

    /// Says whether what is stored about a client is in memory, or that nothing is.
    pub fn is_loaded(&self, client: &str) -> bool {
        self.is_whole()
            || self.client_keys.contains_key(client)
            || self.view.absent.contains_key(client)
            || (!self.is_shared() && self.view.forgetting.contains_key(client))
            || self.is_unknown_to_store(client)
    }

    /// Says whether all that a session of the client begins with is in memory.
    pub(super) fn can_begin(&self, client: &str, remembered: Remembered) -> bool {
        if self.is_suspended() {
            return false;
        }
        // The name of a client that is remembered must not be taken by one that is not.
        let is_nothing_missed =
            remembered == Remembered::Stored && self.has_no_stored_cursor(client);
        is_nothing_missed || self.is_loaded(client)
    }

    /// The same as [`claim`](Self::claim) for whoever is about to [connect](Self::connect) a client,
    /// which need not be in memory if it has nothing in the store but its name.
    pub fn claim_session(&mut self, client: &str, remembered: Remembered, ticket: u64) -> bool {
        let is_here = self.client_keys.contains_key(client);
        if !is_here && self.can_begin(client, remembered) {
            return true;
        }
        // A name that is known only while its session lasts is not taken from anybody.
        self.claim_for(client, ticket, remembered == Remembered::Stored)
    }

    /// Has what is stored about a client in memory for some seconds at least, for whoever is about to
    /// change what is known of it. Says whether it is there at once;
    /// otherwise [`Effect::Resolved`] says with this ticket when it is, or that it cannot be.
    pub fn claim(&mut self, client: &str, ticket: u64) -> bool {
        self.claim_for(client, ticket, false)
    }

    fn claim_for(&mut self, client: &str, ticket: u64, takes_over: bool) -> bool {
        let kept_until = self.now.uptime + KEPT;
        if let Some(&key) = self.client_keys.get(client) {
            self.view.leaving.put_off(key, kept_until);
            return true;
        }
        if let Some(absent) = self.view.absent.get_mut(client) {
            absent.until = kept_until;
        }
        if self.is_loaded(client) {
            return true;
        }
        if self.is_shared() {
            self.claim_owner(client.into(), Some(ticket), takes_over);
        } else {
            self.load_client(client.into()).tickets.push(ticket);
        }
        false
    }

    /// Notes that nothing is stored about an id, which was made up for a connection.
    pub fn know_new(&mut self, id: &ClientId) {
        if !self.is_loaded(id.as_str()) {
            self.note_absent(id, 0);
        }
    }

    /// Notes that nothing is stored about an id, which this node may own.
    pub(super) fn note_absent(&mut self, id: &ClientId, epoch: Epoch) {
        if !self.is_whole() {
            let until = self.now.uptime + KEPT;
            self.view.absent.insert(id.clone(), Absent { until, epoch });
        }
    }

    /// Notes that a client is in memory now; returns the epoch in which this node owns it.
    pub(super) fn note_known(&mut self, id: &ClientId) -> Epoch {
        self.view.absent.remove(id).map_or(0, |absent| absent.epoch)
    }

    /// Forgets an id about which nothing is stored, if this node owns it in this epoch.
    pub(super) fn take_absent(&mut self, id: &ClientId, epoch: Epoch) -> bool {
        let is_it = self.view.absent.get(id).is_some_and(|absent| absent.epoch == epoch);
        is_it && self.view.absent.remove(id).is_some()
    }

    /// Asks the store for a client, unless it is asked already.
    fn load_client(&mut self, id: ClientId) -> &mut Loading {
        if !self.view.loading.contains_key(&id) {
            self.outputs.push(Effect::Load(LoadRequest::Client(id.clone())));
        }
        self.view.loading.entry(id).or_default()
    }

    /// Takes what is stored about a client, or that it is not known.
    pub fn on_loaded(&mut self, id: &ClientId, result: Result<Option<ClientState>, FailureKind>) {
        self.settle();
        let Some(loading) = self.view.loading.remove(id) else { return };
        if loading.is_stale && result.is_ok() {
            self.load_client(id.clone()).tickets = loading.tickets;
            return;
        }
        let is_needed = !loading.tickets.is_empty();
        let outcome = result.map_err(|_| Reject::StoreUnavailable).map(|state| match state {
            _ if self.client_keys.contains_key(id) => {}
            Some(state) => self.take_up(id, &state, is_needed),
            None => self.note_absent(id, 0),
        });
        for ticket in loading.tickets {
            self.outputs.push(Effect::Resolved { ticket, result: outcome.clone() });
        }
    }

    /// Makes a stored client known. One that nobody needs was only to be looked at.
    pub(super) fn take_up(&mut self, id: &ClientId, state: &ClientState, is_needed: bool) {
        let seen = state.seen.unwrap_or_else(|| self.seen_now());
        let key = self.known_client(id.clone(), seen);
        if state.seen.is_none() {
            self.dirty.note_client(key, &mut self.clients[key]);
        }
        for (name, cursor) in &state.cursors {
            // One of a log that is not known yet comes with what made it.
            let Some(&channel) = self.channel_keys.get(name) else { continue };
            let channel_state = &mut self.channels[channel];
            if channel_state.log.is_some() {
                if !self.settings.is_shared {
                    let left = channel_state.stored_reader_count.saturating_sub(1);
                    channel_state.stored_reader_count = left;
                }
                self.attach_cursor(key, channel, cursor);
            }
        }
        self.may_leave(key);
        if !is_needed {
            self.forget_if_old(key);
        }
    }

    /// Notes that a direct message was stored for a client that was not in memory when it was sent. The
    /// first one makes the client's cursor: that is one more reader that is not in memory, unless the
    /// client has come meanwhile.
    pub(super) fn note_direct(&mut self, channel: ChannelKey, outcome: Outcome) {
        let (Outcome::Appended { log, first } | Outcome::Handed { log, first }) = outcome else {
            return;
        };
        let state = &self.channels[channel];
        let ChannelKind::Direct(to) = state.name.kind() else { return };
        if state.log.as_ref().is_some_and(|known| known.id == log) {
            return;
        }
        let to = ClientId::from(to);
        self.adopt_log(channel, log, first - 1);
        if let Some(loading) = self.view.loading.get_mut(&to) {
            loading.is_stale = true;
        }
        match self.client_keys.get(&to) {
            Some(&client) => self.take_cursor(client, channel, first - 1),
            None if self.is_shared() => {}
            None => {
                self.note_stored(to.as_str(), true);
                self.channels[channel].stored_reader_count += 1;
            }
        }
    }

    /// Notes that a client may leave memory, once nobody needs it.
    pub(super) fn may_leave(&mut self, key: ClientKey) {
        if self.is_whole() {
            return;
        }
        if self.clients.contains_key(key) {
            self.view.leaving.set(key, self.now.uptime + KEPT);
        }
    }

    /// Notes that a client is of no use here any more: another node may want it.
    pub(super) fn leave_soon(&mut self, key: ClientKey) {
        if self.is_shared() && !self.is_whole() && self.clients.contains_key(key) {
            self.view.leaving.set(key, self.now.uptime);
        }
    }

    /// Lets clients go that were not needed for some time, and of which the store has everything.
    pub(super) fn let_idle_clients_go(&mut self) {
        let now = self.now.uptime;
        let mut left = Vec::new();
        self.view.absent.retain(|id, absent| {
            let stays = now < absent.until;
            if !stays && absent.epoch > 0 {
                left.push((id.clone(), absent.epoch));
            }
            stays
        });
        left.into_iter().for_each(|(id, epoch)| self.release_id(id, epoch));
        for _ in 0..LET_GO_MAX {
            let Some(key) = self.view.leaving.take_due(now) else { return };
            let Some(client) = self.clients.get(key) else { continue };
            if client.connection.is_some() || client.detached.is_some() {
                continue; // It may leave when its session ends.
            }
            if client.is_announced {
                self.announce_missing(key);
            }
            let Some(client) = self.clients.get(key) else { continue };
            let is_settled = client.is_settled() && !self.view.forgetting.contains_key(&client.id);
            if is_settled && self.is_shared() {
                self.release(key);
            } else if is_settled {
                self.let_go(key);
            } else {
                let again = if self.is_shared() { Duration::ZERO } else { KEPT / 10 };
                // Not within this very look, which would never end.
                self.view.leaving.set(key, now + again.max(Duration::from_millis(1)));
            }
        }
    }

    pub(super) fn let_go(&mut self, key: ClientKey) {
        let Some(client) = self.clients.remove(key) else { return };
        self.client_keys.remove(&client.id);
        for channel in client.subscriptions.keys() {
            let channel = &mut self.channels[channel];
            channel.persistent.remove(&key);
            if !self.settings.is_shared {
                channel.stored_reader_count += 1;
            }
        }
    }

    /// Notes that a client is forgotten here, and not in the store yet.
    pub(super) fn note_forgetting(&mut self, id: &ClientId) {
        if !self.is_whole() {
            *self.view.forgetting.entry(id.clone()).or_default() += 1;
        }
    }

    /// Notes that the store has forgotten a client.
    pub(super) fn note_forgotten(&mut self, id: &ClientId) {
        if let Some(count) = self.view.forgetting.get_mut(id) {
            *count -= 1;
            if *count == 0 {
                self.view.forgetting.remove(id);
            }
        }
    }

    /// Notes that the store has answered a lazy write about a client.
    pub(super) fn note_written(&mut self, pending: &Pending) {
        if let Pending::Cursor(client, _) | Pending::Client(client) = pending
            && let Some(client) = self.clients.get_mut(*client)
        {
            client.writes_under_way -= 1;
        }
    }

    /// Begins to look through the stored clients for those that are to be forgotten, a few at a time.
    pub(super) fn look_through_clients(&mut self) {
        if !self.is_whole() {
            self.list_clients(ClientId::from(""));
        }
    }

    fn list_clients(&mut self, after: ClientId) {
        let count_max = LISTED_MAX;
        self.outputs.push(Effect::Load(LoadRequest::Clients { after, count_max }));
    }

    /// Takes some stored clients: those that may have to be forgotten are loaded.
    pub fn on_listed(&mut self, result: Result<&[StoredClient], FailureKind>) {
        // What cannot be listed now is looked through another time.
        let Ok(clients) = result else { return };
        for client in clients {
            let is_old = client.seen.is_none_or(|seen| self.is_old(seen));
            if is_old && client.topic_count == 0 && !self.is_loaded(client.id.as_str()) {
                if self.is_shared() {
                    self.claim_owner(client.id.clone(), None, false);
                } else {
                    self.load_client(client.id.clone());
                }
            }
        }
        if let Some(last) = clients.last().filter(|_| clients.len() == LISTED_MAX) {
            self.list_clients(last.id.clone());
        }
    }
}
