//! Who comes and goes: what the server does when a session begins, and what it tells when one ends.

use rialto_domain::{Announcement, ClientId, CloseReason, ForcedSubscription, Qos, SessionNumber};

use crate::{ClientKey, ConnectionKey, Effect, Encoder, SessionEnded, client::Beginning};

use super::{
    Broker,
    batch::Pending,
    message::{Answer, Issuer, Publish},
};

impl<E: Encoder> Broker<E> {
    /// Gives a session what its admission brings, and tells of it; later, where the peer wants to
    /// read its first answer by itself.
    pub(super) fn start(&mut self, connection: ConnectionKey) {
        let pause = self.connections[connection].profile.resume_pause;
        if pause.is_zero() {
            self.start_now(connection);
        } else {
            self.starting.insert((self.now.uptime + pause, connection));
        }
    }

    /// Starts the sessions whose pause is over.
    pub(super) fn start_due(&mut self) {
        while let Some(&(due, connection)) = self.starting.first()
            && due <= self.now.uptime
        {
            self.starting.pop_first();
            self.start_now(connection);
        }
    }

    fn start_now(&mut self, connection: ConnectionKey) {
        let Some(state) = self.connections.get_mut(connection) else { return };
        let beginning = state.beginning.take().map(|beginning| *beginning).unwrap_or_default();
        self.begin(connection, beginning);
    }

    /// Subscribes the client of a session to what the server assigns it, and publishes what is to be
    /// known of it: once the subscriptions are stored, so that it hears of itself as of all others.
    pub(super) fn begin(&mut self, connection: ConnectionKey, beginning: Beginning) {
        let Some(client) = self.session(connection) else { return };
        let Beginning { subscriptions, announcements } = beginning;
        self.assign_all(client, subscriptions);
        let is_told = self.settings.presence_channel.is_some() || !announcements.is_empty();
        if !is_told || self.clients[client].changing.is_empty() {
            self.announce_session((client, connection), &announcements);
        } else {
            self.batch.push_behind(Pending::Online(client, connection, announcements));
        }
    }

    /// Publishes what is to be known of a session that began, if it is still there.
    pub(super) fn announce_session(
        &mut self,
        (client, connection): (ClientKey, ConnectionKey),
        announcements: &[Announcement],
    ) {
        if self.session(connection) == Some(client) {
            self.announce_online(client);
            self.publish_announcements(announcements);
        }
    }

    /// Publishes what the application wants to be known of a session. What is refused is counted, and
    /// nobody could be told of it.
    fn publish_announcements(&mut self, announcements: &[Announcement]) {
        if announcements.is_empty() {
            return;
        }
        for Announcement { channel, payload, qos, retain } in announcements {
            // Clients would not take it.
            if self.settings.packet_bytes_max < payload.len() {
                self.note_publish_refused();
                self.stats.rejected += 1;
                continue;
            }
            let payload = payload.as_bytes();
            let publish = Publish { channel, payload, qos: *qos, retain: *retain };
            _ = self.publish(Issuer::Server, &publish, Answer::None);
        }
        // What follows may drop the channels, with their last subscribers.
        self.settle();
    }

    fn assign_all(&mut self, client: ClientKey, subscriptions: Vec<ForcedSubscription>) {
        for ForcedSubscription { channel, persistent } in subscriptions {
            if self.check_topic(&channel).is_err() {
                continue;
            }
            let known = self.channel_keys.get(channel.as_str());
            match known.filter(|&key| self.clients[client].will_be_subscribed(*key)) {
                Some(&key) => self.clients[client].note_assigned(key),
                None => _ = self.assign(client, &channel, persistent),
            }
        }
    }

    /// Publishes that a client is there, if nobody was told.
    fn announce_online(&mut self, client: ClientKey) {
        let state = &mut self.clients[client];
        if !std::mem::replace(&mut state.is_announced, true) {
            let id = state.id.clone();
            self.announce("online", &id);
        }
    }

    /// Publishes that a client is not there whose session another node had begun, and which did not come here.
    pub(super) fn announce_missing(&mut self, client: ClientKey) {
        if std::mem::take(&mut self.clients[client].is_announced) {
            let id = self.clients[client].id.clone();
            self.announce("offline", &id);
            self.dirty.sessions.insert(id, None);
        }
    }

    /// Notes that a session ends, and tells whoever is to know.
    pub(super) fn report_session_end(
        &mut self,
        client: ClientKey,
        connection: ConnectionKey,
        reason: CloseReason,
    ) {
        self.note_session(client, false);
        let id = self.clients[client].id.clone();
        if self.settings.reports_session_ends {
            let session = self.connections[connection].session;
            let connection = Some(connection);
            let at = self.now.unix_ms;
            let ended = SessionEnded { client: id.clone(), connection, reason, at, session };
            self.outputs.push(Effect::SessionEnded(ended));
        }
        let is_over = reason != CloseReason::TakenOver;
        if is_over && std::mem::take(&mut self.clients[client].is_announced) {
            self.announce("offline", &id);
        }
    }

    fn announce(&mut self, what: &str, client: &ClientId) {
        let Some(channel) = self.settings.presence_channel.clone() else { return };
        let payload = serde_json::json!({ what: client.as_str() }).to_string();
        let publish = Publish {
            channel: channel.as_str(),
            payload: payload.as_bytes(),
            qos: Qos::AtMostOnce,
            retain: false,
        };
        // A name that is no topic is refused by the configuration already.
        _ = self.publish(Issuer::Server, &publish, Answer::None);
        // What follows may drop the channel, with its last subscriber.
        self.finish_run();
    }

    /// Says whether the store is told of open sessions, so that their end is known after a crash.
    pub(super) fn remembers_sessions(&self) -> bool {
        self.settings.reports_session_ends || self.settings.presence_channel.is_some()
    }

    pub(super) fn note_session(&mut self, client: ClientKey, is_open: bool) {
        if self.remembers_sessions() {
            let number = if is_open { self.session_number(client) } else { None };
            self.dirty.sessions.insert(self.clients[client].id.clone(), number);
        }
    }

    /// Has the store told of all open sessions, because it is to know of them from now on; or to
    /// forget them, because it is not.
    pub(super) fn note_open_sessions(&mut self, is_to_know: bool) {
        let clients = self.connections.values().filter_map(|connection| connection.client);
        for client in clients.collect::<Vec<_>>() {
            let number = if is_to_know { self.session_number(client) } else { None };
            self.dirty.sessions.insert(self.clients[client].id.clone(), number);
        }
    }

    fn session_number(&self, client: ClientKey) -> Option<SessionNumber> {
        self.clients[client].connection.map(|connection| self.connections[connection].session)
    }

    /// Hands over which sessions began and ended.
    pub(super) fn write_sessions(&mut self, count_max: usize) {
        for _ in 0..count_max {
            let Some((client, number)) = self.dirty.sessions.pop_first() else { return };
            self.write_session(client, number);
        }
    }

    pub(super) fn write_session(&mut self, client: ClientId, number: Option<SessionNumber>) {
        let change = match number {
            Some(number) => rialto_domain::Change::OpenSession(client.clone(), number),
            None => rialto_domain::Change::CloseSession(client.clone()),
        };
        self.batch.push(change, Pending::OpenSession(client, number));
    }

    /// Tells of the sessions that were open when the server crashed.
    pub(super) fn report_crashed(&mut self, sessions: Vec<(ClientId, SessionNumber)>) {
        for (client, session) in sessions {
            if self.settings.reports_session_ends {
                let (reason, at) = (CloseReason::Crashed, self.now.unix_ms);
                let ended =
                    SessionEnded { client: client.clone(), connection: None, reason, at, session };
                self.outputs.push(Effect::SessionEnded(ended));
            }
            self.announce("offline", &client);
            self.dirty.sessions.insert(client, None);
        }
    }
}
