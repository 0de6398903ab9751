//! Subscribing, by the client or by the server on its behalf.

use rialto_domain::{Action, Change, ChannelKind, ClientId, CursorState, LogId, Reject, Sequence};

use crate::{
    Answered, ChannelKey, ClientKey, CommandAnswer, ConnectionKey, Effect, Encoder,
    client::Subscription,
};

use super::{
    Broker,
    batch::Pending,
    message::{Answer, CommandOutcome, Issuer},
};

impl<E: Encoder> Broker<E> {
    /// Subscribes a client.
    pub(super) fn subscribe(
        &mut self,
        issuer: Issuer<'_>,
        channel: &str,
        persistent: bool,
        answer: Answer<'_>,
    ) -> Result<CommandOutcome, Reject> {
        if let Issuer::ServerFor(id) = issuer
            && persistent
            && !self.client_keys.contains_key(id)
        {
            if !self.is_loaded(id.as_str()) {
                return Err(Reject::StoreUnavailable);
            }
            self.check_new_client(id)?;
            self.check_topic(channel)?;
            let client = self.add_client(id);
            self.may_leave(client);
        }
        let (client, asker) = self.subscriber(issuer)?;
        let reply_to = asker.filter(|_| matches!(answer, Answer::To(_)));
        if let Err(reject) = self.check_subscribe(client, asker, channel, persistent) {
            if let Some(connection) = reply_to {
                self.answer_subscribe(connection, channel, Err(&reject));
            }
            return Err(reject);
        }
        self.settle();
        let outcome = match asker {
            Some(_) => self.make_subscription(client, channel, persistent, reply_to),
            None => self.assign(client, channel, persistent),
        };
        Ok(self.follow(outcome, answer))
    }

    /// Judges whether there can be a client of this id, whose direct channel has a name as well.
    fn check_new_client(&self, id: &ClientId) -> Result<(), Reject> {
        if id.as_str().is_empty() {
            return Err(Reject::InvalidPacket);
        }
        self.check_name(id.direct_channel().as_str())
    }

    /// Says whether a client may be subscribed: by its rights if it asks itself, by its limits always.
    fn check_subscribe(
        &self,
        client: ClientKey,
        asker: Option<ConnectionKey>,
        channel: &str,
        persistent: bool,
    ) -> Result<(), Reject> {
        let is_online = self.clients[client].connection.is_some();
        if asker.is_none() && !persistent && !is_online {
            return Err(Reject::ClientOffline);
        }
        self.may_subscribe(client, channel)?;
        asker.map_or(Ok(()), |connection| self.may(connection, Action::Subscribe, channel))
    }

    /// Makes a subscription that the client's rights do not count for.
    pub(super) fn assign(
        &mut self,
        client: ClientKey,
        channel: &str,
        persistent: bool,
    ) -> CommandOutcome {
        let key = self.channel_or_new(channel);
        self.clients[client].note_assigned(key);
        let persistent = persistent && !self.clients[client].is_transient;
        self.make_subscription(client, channel, persistent, None)
    }

    fn may_subscribe(&self, client: ClientKey, channel: &str) -> Result<(), Reject> {
        self.check_topic(channel)?;
        let limit = self.settings.subscriptions_max;
        let key = self.channel_keys.get(channel);
        let is_there = key.is_some_and(|key| self.clients[client].will_be_subscribed(*key));
        if !is_there && limit <= self.topic_count(client) {
            return Err(Reject::TooManySubscriptions { limit });
        }
        Ok(())
    }

    /// Counts the subscriptions of a client, its own direct channel left out.
    fn topic_count(&self, client: ClientKey) -> usize {
        let is_topic = |key| self.channels[key].name.kind() == ChannelKind::Topic;
        self.clients[client].topic_count(is_topic)
    }

    fn make_subscription(
        &mut self,
        client: ClientKey,
        name: &str,
        persistent: bool,
        reply_to: Option<ConnectionKey>,
    ) -> CommandOutcome {
        let channel = self.channel_or_new(name);
        let is_changing = self.clients[client].changing.contains_key(&channel);
        let exists = self.clients[client].subscriptions.contains_key(&channel);
        if persistent && (is_changing || !exists) {
            self.request_cursor(client, channel, reply_to);
            return CommandOutcome::AwaitsCommit;
        }
        if is_changing {
            self.wait_for_changes(client, channel, reply_to);
            return CommandOutcome::AwaitsCommit;
        }
        if !exists {
            self.clients[client].subscriptions.insert(channel, Subscription::Session);
            if self.settings.has_bus && self.waits_to_hear(client, channel, reply_to) {
                return CommandOutcome::Done;
            }
        }
        self.subscribed(client, channel, reply_to);
        CommandOutcome::Done
    }

    /// Keeps a session's subscription behind the changes that were asked for before it, so that
    /// the last word of a client that does not wait for answers holds.
    fn wait_for_changes(
        &mut self,
        client: ClientKey,
        channel: ChannelKey,
        reply_to: Option<ConnectionKey>,
    ) {
        let Some(connection) = self.clients[client].connection else { return };
        self.note_subscribe_under_way(client, channel);
        let is_asked = reply_to.is_some();
        self.batch.push_behind(Pending::Session { client, channel, connection, is_asked });
        self.charge(reply_to, channel);
    }

    /// Makes a session's subscription that had to wait, unless the session has ended.
    pub(super) fn session_subscribed(
        &mut self,
        client: ClientKey,
        channel: ChannelKey,
        connection: ConnectionKey,
        is_asked: bool,
    ) {
        self.note_subscribe_done(client, channel);
        if self.session(connection) == Some(client) {
            let subscriptions = &mut self.clients[client].subscriptions;
            if !subscriptions.contains_key(&channel) {
                subscriptions.insert(channel, Subscription::Session);
            }
            self.subscribed(client, channel, is_asked.then_some(connection));
        }
        self.drop_if_idle(channel);
    }

    /// Notes a subscribe that waits for the store, which keeps client and channel from being dropped.
    fn note_subscribe_under_way(&mut self, client: ClientKey, channel: ChannelKey) {
        self.channels[channel].changes_under_way += 1;
        self.clients[client].change_begins(channel, true);
    }

    fn note_subscribe_done(&mut self, client: ClientKey, channel: ChannelKey) {
        self.channels[channel].changes_under_way -= 1;
        if let Some(client) = self.clients.get_mut(client) {
            client.change_done(channel);
        }
    }

    /// Asks the store for a cursor; [`cursor_committed`](Self::cursor_committed) does the rest.
    pub(super) fn request_cursor(
        &mut self,
        client: ClientKey,
        channel: ChannelKey,
        reply_to: Option<ConnectionKey>,
    ) {
        let id = self.clients[client].id.clone();
        let name = self.channels[channel].name.clone();
        self.note_subscribe_under_way(client, channel);
        if self.settings.has_bus {
            // By the time it is stored it is heard, as a rule.
            self.hear(channel);
        }
        let pending = Pending::Subscribe { client, channel, reply_to };
        self.batch.push(Change::Subscribe(id, name), pending);
        self.charge(reply_to, channel);
    }

    /// Completes a persistent subscription; `Err` when the store refused it.
    pub(super) fn cursor_committed(
        &mut self,
        client: ClientKey,
        channel: ChannelKey,
        reply_to: Option<ConnectionKey>,
        result: Result<(LogId, Sequence), Reject>,
    ) {
        self.note_subscribe_done(client, channel);
        match result {
            Ok((log, floor)) if self.clients.contains_key(client) => {
                self.adopt_log(channel, log, floor);
                self.attach_new_cursor(client, channel, floor);
                self.subscribed(client, channel, reply_to);
            }
            Ok(_) => {}
            Err(reject) => {
                let name = self.channels[channel].name.clone();
                if let Some(connection) = reply_to {
                    self.answer_subscribe(connection, name.as_str(), Err(&reject));
                }
            }
        }
        self.drop_if_idle(channel);
    }

    /// Takes the cursor of a client's direct channel, which the store has made.
    pub(super) fn take_cursor(&mut self, client: ClientKey, channel: ChannelKey, floor: Sequence) {
        self.attach_new_cursor(client, channel, floor);
        self.subscribed(client, channel, None);
    }

    fn attach_new_cursor(&mut self, client: ClientKey, channel: ChannelKey, floor: Sequence) {
        if self.clients[client].cursor(channel).is_none() {
            let state = CursorState { floor, acknowledged: Vec::new() };
            self.attach_cursor(client, channel, &state);
        }
    }

    /// Lets a subscription take effect on the client's present connection and says so.
    pub(super) fn subscribed(
        &mut self,
        client: ClientKey,
        channel: ChannelKey,
        reply_to: Option<ConnectionKey>,
    ) {
        let name = self.channels[channel].name.clone();
        if let Some(connection) = reply_to {
            self.answer_subscribe(connection, name.as_str(), Ok(()));
            if self.settings.reports_subscriptions {
                self.outputs.push(Effect::Subscribed { connection, channel: name });
            }
        }
        if let Some(connection) = self.clients[client].connection {
            // One that is just back gets it with all it missed.
            if !self.channels[channel].absent.contains(&client) {
                self.add_receiver(channel, connection, client);
            }
            self.deliver_retained_to_new(channel, connection);
        }
    }

    fn answer_subscribe(
        &mut self,
        connection: ConnectionKey,
        channel: &str,
        result: Result<(), &Reject>,
    ) {
        self.stats.rejected += u64::from(result.is_err());
        let command = Answered::Subscribe(channel);
        let result = result.map(|()| None);
        self.answer(connection, &CommandAnswer { command, request: None, result });
    }
}
