//! Connections and sessions: their begin, takeover and end.

use std::time::Duration;

use rialto_domain::{Admission, ClientId, CloseReason, Reject};

use crate::{
    ClientKey, ConnectionKey, ConnectionProfile, Effect, Encoder, Format, SessionOpened,
    client::{Beginning, Connection},
    rate::Rates,
};

use super::{
    Broker,
    entry::{Connect, Entry, Remembered},
};

impl<E: Encoder> Broker<E> {
    /// Adds a connection that has not opened a session yet.
    pub fn open(&mut self, profile: ConnectionProfile) -> ConnectionKey {
        // A window of nothing would never deliver anything.
        let window = profile.unacknowledged_max.min(self.settings.unacknowledged_max).max(1);
        let connection = self.connections.insert(Connection {
            profile: ConnectionProfile { unacknowledged_max: window, ..profile },
            client: None,
            opened: self.now.uptime,
            last_heard: self.now.uptime,
            is_pinged: false,
            live_unacknowledged: 0,
            window_bytes: 0,
            waiting: Vec::new(),
            uncommitted_bytes: 0,
            last_channel: None,
            is_last_permitted: false,
            closing: None,
            rights: None,
            rates: Rates::default(),
            is_held: false,
            published_count: 0,
            session: 0,
            beginning: None,
            due: Vec::new(),
        });
        if profile.is_addressed {
            self.outgoing.open(connection);
        }
        connection
    }

    /// Notes how long a connection was there before the broker knew it, which counts for the time it
    /// has to open a session.
    pub fn note_waited(&mut self, connection: ConnectionKey, waited: Duration) {
        if let Some(connection) = self.connections.get_mut(connection) {
            connection.opened = connection.opened.saturating_sub(waited);
        }
    }

    /// Notes a sign of life.
    pub fn heard(&mut self, connection: ConnectionKey) {
        if let Some(connection) = self.connections.get_mut(connection) {
            connection.last_heard = self.now.uptime;
            connection.is_pinged = false;
            connection.is_held = false;
        }
    }

    /// Notes that a connection is not read until somebody has decided on what it sent; until it is
    /// heard again it is not silent.
    pub fn hold(&mut self, connection: ConnectionKey) {
        if let Some(connection) = self.connections.get_mut(connection) {
            connection.is_held = true;
        }
    }

    /// Returns the client whose session this connection carries.
    pub fn client_of(&self, connection: ConnectionKey) -> Option<&ClientId> {
        Some(&self.clients[self.connections.get(connection)?.client?].id)
    }

    /// Returns the client whose session a connection carries.
    pub(super) fn session(&self, connection: ConnectionKey) -> Option<ClientKey> {
        self.connections.get(connection)?.client
    }

    /// Returns how what a connection is sent is encoded.
    pub fn format_of(&self, connection: ConnectionKey) -> Option<Format> {
        Some(self.connections.get(connection)?.profile.format)
    }

    /// Returns the bytes this connection published and the store has not committed yet.
    pub fn uncommitted_bytes(&self, connection: ConnectionKey) -> usize {
        self.connections.get(connection).map_or(0, |connection| connection.uncommitted_bytes)
    }

    /// Returns the bytes all connections published and the store has not committed yet.
    pub fn uncommitted_bytes_total(&self) -> usize {
        self.uncommitted_bytes_total
    }

    /// Opens the session of a client on this connection, and says how it began.
    ///
    /// An open session of a stored client on another connection is taken over and that connection
    /// closed. What follows the acceptance, in this order: the retained messages of persistent
    /// subscriptions, their stored messages, the subscriptions that the admission brings, its
    /// announcements.
    /// The dialect of a client that is not stored says by itself that it is accepted.
    ///
    /// A connection carries one session in its life: once more for the same client is only
    /// answered, for another client it does nothing.
    ///
    /// # Errors
    /// [`Reject::StoreUnavailable`] for a client that was neither [claimed](Self::claim_session) nor
    /// [made up](Self::know_new), or so long ago that it is out of memory again: what is stored for
    /// it is not known.
    ///
    /// # Spec
    /// J-31, J-37, J-38, J-77, J-82, J-129.
    pub fn connect(
        &mut self,
        connection: ConnectionKey,
        connect: &Connect<'_>,
    ) -> Result<Entry, Reject> {
        let Connect { client: id, admission, remembered } = *connect;
        self.settle();
        // One that is being closed must not take its session back from the one that took over.
        if self.is_closing(connection) || !self.connections.contains_key(connection) {
            return Ok(Entry::Refused);
        }
        if let Some(present) = self.session(connection) {
            return Ok(self.connect_again(connection, present, connect));
        }
        if !self.can_begin(id.as_str(), remembered) {
            return Err(Reject::StoreUnavailable);
        }
        let Some(key) = self.free_client(id, remembered) else { return Ok(Entry::Refused) };
        let resumed = self.can_resume(key);
        self.begin_session(connection, key, admission);
        self.drop_forbidden(connection);
        let is_stored = remembered == Remembered::Stored;
        if is_stored {
            self.tell_opened(connection, resumed);
        }
        let is_back = self.welcome_back(key, connection);
        if is_stored {
            self.resume(connection, key);
        }
        self.start(connection);
        Ok(if is_back { Entry::Restored } else { Entry::New })
    }

    /// Answers a connection that has a session already.
    fn connect_again(
        &mut self,
        connection: ConnectionKey,
        present: ClientKey,
        connect: &Connect<'_>,
    ) -> Entry {
        let is_same = self.clients[present].id == *connect.client;
        if !is_same || connect.remembered == Remembered::Session {
            return Entry::Refused;
        }
        self.tell_opened(connection, false);
        Entry::Open
    }

    /// Returns a client, made known if need be, that has no session now; `None` where the id belongs
    /// to one that is known for another time, or whose session nobody can take over.
    fn free_client(&mut self, id: &ClientId, remembered: Remembered) -> Option<ClientKey> {
        let is_transient = remembered == Remembered::Session;
        if is_transient {
            self.end_if_left(id);
        }
        let Some(&key) = self.client_keys.get(id) else {
            let key = if is_transient {
                self.known_client(id.clone(), self.seen_now())
            } else {
                self.add_client(id)
            };
            self.clients[key].is_transient = is_transient;
            return Some(key);
        };
        let client = &self.clients[key];
        if client.is_transient != is_transient {
            return None;
        }
        if let Some(old) = client.connection {
            if is_transient {
                return None;
            }
            self.stats.sessions_taken_over += 1;
            self.end_session(old, CloseReason::TakenOver);
            self.close(old, CloseReason::TakenOver);
        }
        Some(key)
    }

    /// Makes a client known that was not.
    pub(super) fn add_client(&mut self, id: &ClientId) -> ClientKey {
        let key = self.known_client(id.clone(), self.seen_now());
        self.note_stored(id.as_str(), false);
        // Written with all others of the next tick: a storm of new clients is one commit.
        self.dirty.note_client(key, &mut self.clients[key]);
        key
    }

    /// Tells a client that its session is open.
    fn tell_opened(&mut self, connection: ConnectionKey, resumed: bool) {
        let opened = SessionOpened { silence_max: self.settings.heartbeat_timeout, resumed };
        let format = self.connections[connection].profile.format;
        self.outputs.append(connection, |out| self.encoder.session_opened(format, opened, out));
    }

    fn begin_session(
        &mut self,
        connection: ConnectionKey,
        client: ClientKey,
        admission: &Admission,
    ) {
        let lost = self.clients[client].detached.as_ref().and_then(|it| it.rights()).cloned();
        self.expect_no_end(client, lost.as_deref());
        self.clients[client].connection = Some(connection);
        self.stats.sessions_opened += 1;
        self.stats.sessions += 1;
        let session = self.clocks.first_session() + self.stats.sessions_opened;
        let state = &mut self.connections[connection];
        state.client = Some(client);
        state.session = session;
        state.beginning = Beginning::of(admission);
        self.set_rights(connection, admission.rights.clone());
        if self.is_shared() && !self.clients[client].is_transient {
            // What other nodes send to it is stored only if the store knows it.
            self.clients[client].dirty = true;
            self.write_seen(client);
        }
        self.note_session(client, true);
        let client = self.clients[client].id.clone();
        self.outputs.push(Effect::Opened { connection, client, session });
    }

    /// Ends the session of a client that said goodbye, though its connection is not closed yet.
    fn end_if_left(&mut self, id: &ClientId) {
        let connection = self.client_keys.get(id).and_then(|&key| self.clients[key].connection);
        if let Some(connection) = connection.filter(|&it| self.connections[it].has_left()) {
            self.end_session(connection, CloseReason::Asked);
        }
    }

    /// Says whether `id` is that of a client that is known [only while its session
    /// lasts](Remembered::Session), which nobody can take over.
    pub fn is_transient(&self, id: &str) -> bool {
        self.client_keys.get(id).is_some_and(|&key| self.clients[key].is_transient)
    }

    /// Lets a connection leave as many deliveries unacknowledged as the settings allow, whatever its
    /// [profile](ConnectionProfile) was when it was opened. What waits follows its next acknowledgement.
    pub fn widen(&mut self, connection: ConnectionKey) {
        let window = self.settings.unacknowledged_max.max(1);
        if let Some(connection) = self.connections.get_mut(connection) {
            connection.profile.unacknowledged_max = window;
        }
    }

    /// Forgets a connection, whichever side ended it. The session on it ends.
    pub fn disconnect(&mut self, connection: ConnectionKey) {
        self.settle();
        let closing = self.connections.get(connection).and_then(|connection| connection.closing);
        self.end_session(connection, closing.unwrap_or(CloseReason::Ended));
        self.forget_observer(connection);
        self.outgoing.close(connection);
        self.spoken_for.remove(connection);
        self.connections.remove(connection);
    }

    /// Ends the session a connection carries: subscriptions that are not persistent go.
    pub(super) fn end_session(&mut self, connection: ConnectionKey, reason: CloseReason) {
        let Some(state) = self.connections.get_mut(connection) else { return };
        let Some(key) = state.client.take() else { return };
        let profile = state.profile;
        let is_lost = !reason.ends_session() && !profile.resume_for.is_zero();
        self.report_session_end(key, connection, reason);
        self.stats.sessions -= 1;
        let seen = self.seen_now();
        let client = &mut self.clients[key];
        client.connection = None;
        client.last_seen = seen;
        if !client.is_transient {
            self.dirty.note_client(key, client);
        }
        if is_lost {
            return self.detach(key, connection, profile);
        }
        if let Some(detached) = self.take_detached(key) {
            self.stats.dropped_expired += detached.waiting();
        }
        let rights = self.connections[connection].rights.take();
        self.expect_no_end(key, rights.as_deref());
        for channel in self.clients[key].subscriptions.keys().collect::<Vec<_>>() {
            self.channels[channel].receivers.remove(connection);
        }
        self.drop_session_subscriptions(key);
        self.may_leave(key);
        self.leave_soon(key);
    }
}
