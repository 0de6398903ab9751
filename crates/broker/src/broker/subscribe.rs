//! Subscribing, by the client or by the server on its behalf.

use rialto_domain::{Action, Change, ChannelKind, ClientId, CursorState, LogId, Reject, Sequence};

use crate::{ChannelKey, ClientKey, ConnectionKey, Encoder, Reply, client::Subscription};

use super::{Broker, batch::Pending};

impl<E: Encoder> Broker<E> {
    /// Subscribes the client of a connection.
    ///
    /// Answered with [`Reply::Subscribed`], at once or, for a persistent subscription, once it is
    /// committed; then comes the channel's retained message. An existing subscription keeps its
    /// persistence and gets the retained message again. Returns why it is refused, if that is known
    /// at once; the client has been told.
    pub fn subscribe(
        &mut self,
        connection: ConnectionKey,
        channel: &str,
        persistent: bool,
    ) -> Option<Reject> {
        let client = self.session(connection)?;
        let is_allowed = self.may_subscribe(client, channel);
        if let Err(reject) =
            is_allowed.and_then(|()| self.may(connection, Action::Subscribe, channel))
        {
            self.reply_subscribed(connection, channel, Err(&reject));
            return Some(reject);
        }
        self.settle();
        self.make_subscription(client, channel, persistent, Some(connection));
        None
    }

    /// Subscribes the client of a connection until its session ends, without an answer, which is the
    /// caller's to give.
    ///
    /// # Errors
    /// What it would have been answered.
    pub fn subscribe_unanswered(
        &mut self,
        connection: ConnectionKey,
        channel: &str,
    ) -> Result<(), Reject> {
        let client = self.session(connection).ok_or(Reject::NotAllowed)?;
        self.may_subscribe(client, channel)?;
        self.may(connection, Action::Subscribe, channel)?;
        self.settle();
        self.make_subscription(client, channel, false, None);
        Ok(())
    }

    /// Subscribes a client on the server's own account (J-99), whatever its rights are.
    ///
    /// # Errors
    /// [`Reject::ClientOffline`] when the client is not known, or not connected and the
    /// subscription is not persistent; the client's own limits hold too.
    pub fn force_subscribe(
        &mut self,
        client: &ClientId,
        channel: &str,
        persistent: bool,
    ) -> Result<(), Reject> {
        let key = *self.client_keys.get(client).ok_or(Reject::ClientOffline)?;
        if !persistent && self.clients[key].connection.is_none() {
            return Err(Reject::ClientOffline);
        }
        self.may_subscribe(key, channel)?;
        self.settle();
        self.force(key, channel, persistent);
        Ok(())
    }

    /// Makes a subscription that the client's rights do not count for.
    pub(super) fn force(&mut self, client: ClientKey, channel: &str, persistent: bool) {
        let key = self.channel_or_new(channel);
        self.clients[client].force(key);
        let persistent = persistent && !self.clients[client].is_transient;
        self.make_subscription(client, channel, persistent, None);
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
    ) {
        let channel = self.channel_or_new(name);
        let is_changing = self.clients[client].changing.contains_key(&channel);
        let exists = self.clients[client].subscriptions.contains_key(&channel);
        if persistent && (is_changing || !exists) {
            self.request_cursor(client, channel, reply_to);
            return;
        }
        if is_changing {
            self.wait_for_changes(client, channel, reply_to);
            return;
        }
        if !exists {
            self.clients[client].subscriptions.insert(channel, Subscription::Session);
        }
        self.subscribed(client, channel, reply_to);
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
                if self.clients[client].cursor(channel).is_none() {
                    let state = CursorState { floor, acknowledged: Vec::new() };
                    self.attach_cursor(client, channel, &state);
                }
                self.subscribed(client, channel, reply_to);
            }
            Ok(_) => {}
            Err(reject) => {
                let name = self.channels[channel].name.clone();
                if let Some(connection) = reply_to {
                    self.reply_subscribed(connection, name.as_str(), Err(&reject));
                }
            }
        }
        self.drop_if_idle(channel);
    }

    /// Lets a subscription take effect on the client's present connection and says so.
    fn subscribed(
        &mut self,
        client: ClientKey,
        channel: ChannelKey,
        reply_to: Option<ConnectionKey>,
    ) {
        let name = self.channels[channel].name.clone();
        if let Some(connection) = reply_to {
            self.reply_subscribed(connection, name.as_str(), Ok(()));
        }
        if let Some(connection) = self.clients[client].connection {
            // One that is just back gets it with all it missed.
            if !self.channels[channel].absent.contains(&client) {
                self.add_receiver(channel, connection, client);
            }
            self.deliver_retained(channel, connection);
        }
    }

    fn reply_subscribed(
        &mut self,
        connection: ConnectionKey,
        channel: &str,
        result: Result<(), &Reject>,
    ) {
        self.stats.rejected += u64::from(result.is_err());
        self.reply(connection, &Reply::Subscribed { channel, result });
    }
}
