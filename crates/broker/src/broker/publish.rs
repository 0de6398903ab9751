//! Publishing: straight to the receivers, or through the store first.

use rialto_domain::{Action, ChannelKind, ClientId, Qos, Reject, channel_kind};

use crate::{ChannelKey, ClientKey, ConnectionKey, Encoder, Mark, Source, output::Delivery};

use super::{
    Broker,
    batch::Pending,
    message::{Publish, PublishOutcome, Publisher, StoreRoute},
};

impl<E: Encoder> Broker<E> {
    /// Takes a message from the client of a connection.
    ///
    /// QoS 1 is answered with [`Reply::Published`](crate::Reply::Published): at once when nothing
    /// needs to be stored, otherwise once it is committed and on its way to the receivers. Returns
    /// why it is refused, if that is known at once; the client has been told as far as it wants to be.
    ///
    /// # Cost
    /// QoS 0: one look-up and one copy of the payload for each format in use, whatever the number
    /// of receivers; those are paid once a run.
    pub fn publish(&mut self, connection: ConnectionKey, publish: &Publish<'_>) -> Option<Reject> {
        let client = self.session(connection)?;
        if let ChannelKind::Control(name) = channel_kind(publish.channel) {
            let denied = self.may(connection, Action::Control, publish.channel).err();
            match &denied {
                None => self.answer_control(connection, client, name, publish),
                Some(reject) => self.refuse_question(connection, publish.request, reject),
            }
            return denied;
        }
        match self.try_publish(Publisher::on(connection), publish) {
            Ok(PublishOutcome::Done) if publish.qos == Qos::AtLeastOnce => {
                self.reply_published(connection, publish.request, Ok(None));
                None
            }
            Ok(_) => None,
            Err(reject) => {
                if publish.qos == Qos::AtLeastOnce || publish.request.is_some() {
                    self.reply_published(connection, publish.request, Err(&reject));
                } else {
                    self.stats.rejected += 1;
                }
                Some(reject)
            }
        }
    }

    /// Takes a QoS 0 message from the client of a connection without an answer, which is the
    /// caller's to give. A gateway names the client that it speaks for.
    ///
    /// # Errors
    /// What it would have been answered.
    pub fn publish_unanswered(
        &mut self,
        connection: ConnectionKey,
        on_behalf_of: Option<&str>,
        publish: &Publish<'_>,
    ) -> Result<(), Reject> {
        if self.session(connection).is_none() {
            return Err(Reject::NotAllowed);
        }
        let publisher = Publisher { connection: Some(connection), on_behalf_of };
        let result = self.try_publish(publisher, publish).map(|_| ());
        self.stats.rejected += u64::from(result.is_err());
        result
    }

    /// Publishes a message of the server itself (J-100); its receivers see an empty source.
    ///
    /// # Errors
    /// As for a client's publish. A QoS 1 message is not yet committed when this returns.
    pub fn push(&mut self, publish: &Publish<'_>) -> Result<(), Reject> {
        // A ticket would be told of.
        let publish = Publish { request: None, ..*publish };
        self.publish_own(&publish).map(|_| ())
    }

    fn publish_own(&mut self, publish: &Publish<'_>) -> Result<PublishOutcome, Reject> {
        let result = self.try_publish(Publisher::SERVER, publish);
        self.stats.rejected += u64::from(result.is_err());
        result
    }

    /// Counts a message that was refused before it came to the broker; the refused request is counted
    /// by whoever answers it.
    pub fn note_publish_refused(&mut self) {
        self.stats.received += 1;
        self.stats.publish_refused += 1;
    }

    /// Counts a message that was taken as a question, which somebody else than the broker answers.
    pub fn note_answered(&mut self) {
        self.stats.received += 1;
        self.stats.published += 1;
        self.stats.answered += 1;
    }

    /// Counts a message that was accepted and that nobody gets, of which the broker need not know.
    pub fn note_discarded(&mut self) {
        self.stats.received += 1;
        self.stats.published += 1;
        self.stats.discarded += 1;
    }

    /// Has [`Effect::Pushed`](crate::Effect::Pushed) say with this ticket when all changes of the round are stored, or that
    /// they are not.
    pub fn push_barrier(&mut self, ticket: u64) {
        self.settle();
        self.batch.push_behind(Pending::Barrier(ticket));
    }

    /// Publishes a message of the server itself, as [`push`](Self::push) does; says whether that is
    /// all. If not, the message goes through the store, and [`Effect::Pushed`](crate::Effect::Pushed) with the ticket says
    /// later what became of it.
    ///
    /// # Errors
    /// As for a client's publish.
    pub fn push_tracked(&mut self, publish: &Publish<'_>, ticket: u64) -> Result<bool, Reject> {
        let ticket = ticket.to_string();
        let publish = Publish { request: Some(&ticket), ..*publish };
        let taken = self.publish_own(&publish)?;
        Ok(taken == PublishOutcome::Done)
    }

    fn try_publish(
        &mut self,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
    ) -> Result<PublishOutcome, Reject> {
        self.stats.received += 1;
        let result = match channel_kind(publish.channel) {
            ChannelKind::Topic => self.publish_to_topic(publisher, publish),
            ChannelKind::Direct(to) => self.publish_to_client(publisher, to, publish),
            ChannelKind::Control(_) | ChannelKind::Invalid => Err(Reject::InvalidChannel),
        };
        match result {
            Ok(PublishOutcome::Done) => self.stats.published += 1,
            // It counts when the store has answered.
            Ok(PublishOutcome::AwaitsCommit) => {}
            Err(_) => self.stats.publish_refused += 1,
        }
        result
    }

    fn publish_to_topic(
        &mut self,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
    ) -> Result<PublishOutcome, Reject> {
        let from = publisher.connection;
        let known = self.find_channel(from, publish.channel);
        if let Some(from) = from {
            self.check_publish(from, known, publish)?;
        }
        if known.is_none() {
            self.check_name(publish.channel)?;
        }
        let retained = match publish.retain {
            true => Some(self.check_retained(known, publisher, publish)?),
            false => None,
        };
        let key = match known {
            Some(key) => key,
            None => {
                let Some(key) = self.new_channel_to_publish(publish.channel, publish.retain) else {
                    self.stats.discarded += 1;
                    return Ok(PublishOutcome::Done);
                };
                key
            }
        };
        if publish.qos == Qos::AtLeastOnce && (publish.retain || self.channels[key].stores()) {
            let logged = !self.channels[key].persistent.is_empty();
            return self.store(key, from, publish, StoreRoute { logged, offline: false }, retained);
        }
        if publish.retain {
            self.retain_unacknowledged(key, from, publish);
        }
        self.gather(key, publisher, publish);
        Ok(PublishOutcome::Done)
    }

    /// Sends to one client (J-89 to J-93). A QoS 1 message to a known client is stored also while it
    /// is offline, and refused all the same, so that the sender knows.
    fn publish_to_client(
        &mut self,
        publisher: Publisher<'_>,
        to: &str,
        publish: &Publish<'_>,
    ) -> Result<PublishOutcome, Reject> {
        let from = publisher.connection;
        if let Some(from) = from {
            self.may(from, Action::Direct, publish.channel)?;
        }
        let Some(&client) = self.client_keys.get(to) else {
            self.check_name(publish.channel)?;
            return Err(Reject::ClientOffline);
        };
        let to_itself = from.filter(|&from| self.session(from) == Some(client));
        if to_itself.is_some_and(|from| !self.has_general_echo(from)) {
            return Err(Reject::ClientOffline);
        }
        let is_stored = publish.qos == Qos::AtLeastOnce && !self.clients[client].is_transient;
        match (is_stored, self.clients[client].connection) {
            (false, None) => Err(Reject::ClientOffline),
            (false, Some(receiver)) => {
                self.finish_run();
                let publisher = self.source(from);
                let source = Source { at: self.now.unix_ms, ..Source::of(&publisher) };
                self.send_directly(receiver, publish.channel, source, publish.payload);
                self.stats.routed += 1;
                Ok(PublishOutcome::Done)
            }
            (true, online) => {
                let key = self.direct_channel(client, publish.channel);
                let route = StoreRoute { logged: true, offline: online.is_none() };
                // J-86: a direct message is never retained.
                self.store(key, from, publish, route, None)
            }
        }
    }

    /// Sends a message to the one connection it is for. The run must have been finished.
    pub(super) fn send_directly(
        &mut self,
        receiver: ConnectionKey,
        channel: &str,
        source: Source<'_>,
        payload: &[u8],
    ) {
        let format = self.connections[receiver].manners.format;
        let envelope = self.encoder.envelope(format, &channel.into(), source);
        let mut frames = Vec::new();
        self.encoder.delivery(&envelope, payload, Mark::Plain, &mut frames);
        let frames = self.outputs.tally().frames(frames);
        let count = u32::from(!frames.is_empty());
        let delivery = Delivery { connection: receiver, frames, count, droppable: true };
        self.outputs.deliver(1, delivery);
    }

    /// Returns a client's direct channel. Until its cursor is there, every batch with a message
    /// brings one, so that no message is stored without a reader whichever batch is refused.
    fn direct_channel(&mut self, client: ClientKey, name: &str) -> ChannelKey {
        if let Some(key) = self.clients[client].direct_channel {
            return key;
        }
        let key = self.channel_or_new(name);
        if !self.batch.brings_cursor(client, key) {
            self.request_cursor(client, key, None);
        }
        key
    }

    /// Returns who publishes.
    pub(super) fn source(&self, from: Option<ConnectionKey>) -> ClientId {
        let client = from.and_then(|from| self.session(from));
        client.map_or_else(ClientId::server, |client| self.clients[client].id.clone())
    }
}
