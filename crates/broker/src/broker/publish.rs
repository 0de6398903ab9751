//! Publishing: straight to the receivers, or through the store first.

use rialto_domain::{Action, ChannelKind, ClientId, Qos, Reject, channel_kind, is_event_channel};

use crate::{ChannelKey, ClientKey, ConnectionKey, Encoder, Mark, Source, output::Delivery};

use super::{
    Broker,
    message::{Answer, CommandOutcome, Issuer, Publish, Publisher, StoreRoute},
};

impl<E: Encoder> Broker<E> {
    /// Takes in a message.
    #[inline]
    pub(super) fn publish(
        &mut self,
        issuer: Issuer<'_>,
        publish: &Publish<'_>,
        answer: Answer<'_>,
    ) -> Result<CommandOutcome, Reject> {
        let publisher = Publisher::from(issuer);
        let kind = channel_kind(publish.channel);
        if let Some(connection) = publisher.connection {
            let sender = self.connections.get_mut(connection).ok_or(Reject::NotAllowed)?;
            let client = sender.client.ok_or(Reject::NotAllowed)?;
            sender.published_count += 1;
            if let (ChannelKind::Control(name), Answer::To(request)) = (kind, answer) {
                return self.take_question((connection, client), name, publish, request);
            }
        }
        self.stats.received += 1;
        let result = match kind {
            // What the server tells is nobody else's to say.
            ChannelKind::Topic
                if publisher.connection.is_some() && is_event_channel(publish.channel) =>
            {
                Err(Reject::NotAllowed)
            }
            ChannelKind::Topic => self.publish_to_topic(publisher, publish, answer),
            ChannelKind::Direct(to) => self.publish_to_client(publisher, to, publish, answer),
            ChannelKind::Control(_) | ChannelKind::Invalid => Err(Reject::InvalidChannel),
        };
        match &result {
            Ok(CommandOutcome::Done) => self.on_published(publisher, publish, answer),
            // It counts, and is answered, when the store has answered.
            Ok(CommandOutcome::AwaitsCommit) => {}
            Err(reject) => self.refuse_publish(publisher, publish, answer, reject),
        }
        if !self.tails.is_empty() && !matches!(result, Ok(CommandOutcome::AwaitsCommit)) {
            self.tail_published(publisher, publish, result.as_ref().err());
        }
        result
    }

    fn on_published(
        &mut self,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
        answer: Answer<'_>,
    ) {
        self.stats.published += 1;
        if publish.qos == Qos::AtLeastOnce
            && let (Answer::To(request), Some(connection)) = (answer, publisher.connection)
        {
            self.answer_publish(connection, request, Ok(None));
        }
    }

    fn refuse_publish(
        &mut self,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
        answer: Answer<'_>,
        reject: &Reject,
    ) {
        self.stats.publish_refused += 1;
        match (answer, publisher.connection) {
            (Answer::To(request), Some(connection))
                if publish.qos == Qos::AtLeastOnce || request.is_some() =>
            {
                self.answer_publish(connection, request, Err(reject));
            }
            _ => self.stats.rejected += 1,
        }
    }

    /// Counts a message that was refused before it came to the broker; the refused request is counted
    /// by whoever answers it.
    pub fn note_publish_refused(&mut self) {
        self.stats.received += 1;
        self.stats.publish_refused += 1;
    }

    /// As [`note_publish_refused`](Self::note_publish_refused), of a whole message, of which those are
    /// told who look.
    pub fn note_message_refused(
        &mut self,
        issuer: Issuer<'_>,
        publish: &Publish<'_>,
        reject: &Reject,
    ) {
        self.note_publish_refused();
        if !self.tails.is_empty() {
            self.tail_published(Publisher::from(issuer), publish, Some(reject));
        }
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

    fn publish_to_topic(
        &mut self,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
        answer: Answer<'_>,
    ) -> Result<CommandOutcome, Reject> {
        let from = publisher.connection;
        let known = self.find_channel(from, publish.channel);
        if let Some(from) = from {
            self.may_publish(from, known, publish.channel)?;
            self.check_limits(from, known, publish)?;
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
                // Whether anybody reads its log only the store can tell.
                let may_be_read = self.is_shared() && publish.qos == Qos::AtLeastOnce;
                let is_kept = publish.retain || may_be_read;
                let Some(key) = self.new_channel_to_publish(publish.channel, is_kept) else {
                    self.stats.discarded += 1;
                    return Ok(CommandOutcome::Done);
                };
                key
            }
        };
        let is_shared = self.is_shared();
        if publish.qos == Qos::AtLeastOnce
            && (publish.retain || is_shared || self.channels[key].stores())
        {
            let logged = is_shared || self.channels[key].has_readers();
            let route = StoreRoute { logged, offline: false, if_known: false };
            return self.store(key, from, (publish, answer), route, retained);
        }
        if publish.retain {
            self.retain_unacknowledged(key, from, publish, answer);
        }
        self.gather(key, publisher, publish);
        Ok(CommandOutcome::Done)
    }

    /// Sends to one client (J-89 to J-93). A QoS 1 message to a known client is stored also while it
    /// is offline, and refused all the same, so that the sender knows.
    fn publish_to_client(
        &mut self,
        publisher: Publisher<'_>,
        to: &str,
        publish: &Publish<'_>,
        answer: Answer<'_>,
    ) -> Result<CommandOutcome, Reject> {
        let from = publisher.connection;
        if let Some(from) = from {
            self.may(from, Action::Direct, publish.channel)?;
        }
        let Some(&client) = self.client_keys.get(to) else {
            self.check_name(publish.channel)?;
            if publish.qos == Qos::AtMostOnce && self.settings.has_bus {
                return self.send_elsewhere(publisher, to, publish, answer);
            }
            if publish.qos == Qos::AtMostOnce || self.is_loaded(to) {
                return Err(Reject::ClientOffline);
            }
            // Whether it is known only the store can tell.
            let key = self.channel_or_new(publish.channel);
            let route = StoreRoute { logged: true, offline: true, if_known: true };
            return self.store(key, from, (publish, answer), route, None);
        };
        let to_itself = from.filter(|&from| self.session(from) == Some(client));
        if to_itself.is_some_and(|from| !self.has_general_echo(from)) {
            return Err(Reject::ClientOffline);
        }
        let is_stored = publish.qos == Qos::AtLeastOnce && !self.clients[client].is_transient;
        match (is_stored, self.clients[client].connection) {
            (false, None) if self.settings.has_bus && publish.qos == Qos::AtMostOnce => {
                self.send_elsewhere(publisher, to, publish, answer)
            }
            (false, None) => Err(Reject::ClientOffline),
            (false, Some(receiver)) => {
                self.finish_run();
                let publisher = self.source(from);
                let source = Source { at: self.now.unix_ms, ..Source::of(&publisher) };
                self.send_directly(receiver, publish.channel, source, publish.payload);
                self.stats.routed += 1;
                Ok(CommandOutcome::Done)
            }
            (true, online) if self.is_shared() => {
                let key = self.channel_or_new(publish.channel);
                // Or it would not be known to the store, which has to look.
                self.write_seen(client);
                let route = StoreRoute { logged: true, offline: online.is_none(), if_known: true };
                self.store(key, from, (publish, answer), route, None)
            }
            (true, online) => {
                let key = self.direct_channel(client, publish.channel);
                let offline = online.is_none();
                let route = StoreRoute { logged: true, offline, if_known: false };
                // J-86: a direct message is never retained.
                self.store(key, from, (publish, answer), route, None)
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
        let format = self.connections[receiver].profile.format;
        let mut envelope = self.encoder.envelope(format, &channel.into(), source);
        let mut frames = Vec::new();
        self.encoder.delivery(&mut envelope, payload, Mark::Plain, &mut frames);
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

    /// Has what comes on a connection count as published by a client of this name, whose session it does
    /// not carry: for clients that show with each request who they are.
    pub fn speak_as(&mut self, connection: ConnectionKey, client: ClientId) {
        if self.connections.contains_key(connection) {
            self.spoken_for.insert(connection, client);
        }
    }

    /// Returns who publishes.
    pub(super) fn source(&self, from: Option<ConnectionKey>) -> ClientId {
        if let Some(client) = from.and_then(|from| self.spoken_for.get(from)) {
            return client.clone();
        }
        let client = from.and_then(|from| self.session(from));
        client.map_or_else(ClientId::server, |client| self.clients[client].id.clone())
    }
}
