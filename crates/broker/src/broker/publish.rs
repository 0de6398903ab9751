//! Publishing: straight to the receivers, or through the store first.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    ChannelKey, ChannelKind, ClientId, ClientKey, ConnectionKey, Effect, Encoder, Mark, MessageId,
    PacketId, Reject, Retained, Source,
    channel::RetainedMessage,
    channel_kind,
    inbox::Missed,
    output::{Author, FinishedRun, Run, RunFrames},
};

use super::{Broker, batch::Intake};

/// Messages a run gathers before it is sent on, so that receivers start early.
const RUN_COUNT_MAX: u32 = 1024;

/// Whether a message is acknowledged, both by the broker and by its receivers (J-72, J-73).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qos {
    /// Sent once, never acknowledged.
    AtMostOnce,
    /// Stored for persistent subscribers, acknowledged, sent again until acknowledged.
    AtLeastOnce,
}

/// A message on its way in.
#[derive(Debug, Clone, Copy)]
pub struct Publish<'a> {
    /// Where to.
    pub channel: &'a str,
    /// One valid JSON text.
    pub payload: &'a [u8],
    /// How surely.
    pub qos: Qos,
    /// Whether it becomes the channel's retained message; without effect on direct channels.
    pub retain: bool,
    /// The publisher's id of this request. QoS 1 has one; a QoS 0 publish that has one is told of
    /// refusals by it.
    pub request: Option<&'a str>,
}

/// Who a message is from: a connection, for itself or for another client, or the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Publisher<'a> {
    connection: Option<ConnectionKey>,
    on_behalf_of: Option<&'a str>,
}

impl Publisher<'_> {
    const SERVER: Publisher<'static> = Publisher { connection: None, on_behalf_of: None };

    fn on(connection: ConnectionKey) -> Self {
        Publisher { connection: Some(connection), on_behalf_of: None }
    }
}

impl<E: Encoder> Broker<E> {
    /// Takes a message from the client of a connection.
    ///
    /// QoS 1 is answered with [`Reply::Published`](crate::Reply::Published): at once when nothing
    /// needs to be stored, otherwise once it is committed and on its way to the receivers.
    ///
    /// # Cost
    /// QoS 0: one look-up and one copy of the payload for each format in use, whatever the number
    /// of receivers; those are paid once a run.
    pub fn publish(&mut self, connection: ConnectionKey, publish: &Publish<'_>) {
        let Some(client) = self.session(connection) else { return };
        self.stats.published += 1;
        if let ChannelKind::Control(name) = channel_kind(publish.channel) {
            self.answer_control(connection, client, name, publish.request);
            return;
        }
        let result = self.try_publish(Publisher::on(connection), publish);
        match result {
            Ok(Taken::Now) if publish.qos == Qos::AtLeastOnce => {
                self.reply_published(connection, publish.request, Ok(None));
            }
            Err(reject) if publish.qos == Qos::AtLeastOnce || publish.request.is_some() => {
                self.reply_published(connection, publish.request, Err(reject));
            }
            Err(_) => self.stats.rejected += 1,
            Ok(_) => {}
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
        self.stats.published += 1;
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
        self.try_publish(Publisher::SERVER, publish).map(|_| ())
    }

    fn try_publish(
        &mut self,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
    ) -> Result<Taken, Reject> {
        match channel_kind(publish.channel) {
            ChannelKind::Topic => self.publish_to_topic(publisher, publish),
            ChannelKind::Direct(to) => self.publish_to_client(publisher, to, publish),
            ChannelKind::Control(_) | ChannelKind::Invalid => Err(Reject::InvalidChannel),
        }
    }

    fn publish_to_topic(
        &mut self,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
    ) -> Result<Taken, Reject> {
        let from = publisher.connection;
        if self.find_channel(from, publish.channel).is_none() {
            self.check_name(publish.channel)?;
        }
        let Some(key) = self.channel_to_publish(from, publish.channel, publish.retain) else {
            self.stats.discarded += 1;
            return Ok(Taken::Now);
        };
        if publish.qos == Qos::AtLeastOnce && (publish.retain || self.channels[key].stores()) {
            let logged = !self.channels[key].persistent.is_empty();
            return self.store(key, from, publish, Intake { logged, offline: false });
        }
        if publish.retain {
            self.retain_unacknowledged(key, from, publish.payload);
        }
        self.gather(key, publisher, publish);
        Ok(Taken::Now)
    }

    /// Returns the channel a message goes to: a new one if it is to be kept there or passed on.
    pub(super) fn channel_to_publish(
        &mut self,
        from: Option<ConnectionKey>,
        name: &str,
        retain: bool,
    ) -> Option<ChannelKey> {
        let found = self.find_channel(from, name);
        let is_kept = || retain || self.has_observers() || self.history_rule(name).count_max > 0;
        if found.is_some() || !is_kept() {
            return found;
        }
        Some(self.channel_or_new(name))
    }

    /// Sends to one client (J-89 to J-93). A QoS 1 message to a known client is stored also while it
    /// is offline, and refused all the same, so that the sender knows.
    fn publish_to_client(
        &mut self,
        publisher: Publisher<'_>,
        to: &str,
        publish: &Publish<'_>,
    ) -> Result<Taken, Reject> {
        let from = publisher.connection;
        let Some(&client) = self.client_keys.get(to) else {
            self.check_name(publish.channel)?;
            return Err(Reject::ClientOffline);
        };
        let to_itself = from.filter(|&from| self.session(from) == Some(client));
        if to_itself.is_some_and(|from| !self.has_echo(from)) {
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
                Ok(Taken::Now)
            }
            (true, online) => {
                let key = self.direct_channel(client, publish.channel);
                let intake = Intake { logged: true, offline: online.is_none() };
                self.store(key, from, publish, intake)
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
        self.stats.delivered += 1;
        let frames = Bytes::from(frames);
        let effect = Effect::Send { connection: receiver, frames, count: 1, droppable: true };
        self.outputs.push(effect);
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

    fn find_channel(&mut self, from: Option<ConnectionKey>, name: &str) -> Option<ChannelKey> {
        let Some(connection) = from.and_then(|from| self.connections.get_mut(from)) else {
            return self.channel_keys.get(name).copied();
        };
        if let Some(last) = connection.last_channel
            && self.channels.get(last).is_some_and(|channel| channel.name.as_str() == name)
        {
            return Some(last);
        }
        connection.last_channel = self.channel_keys.get(name).copied();
        connection.last_channel
    }

    /// Returns who publishes.
    pub(super) fn source(&self, from: Option<ConnectionKey>) -> ClientId {
        let client = from.and_then(|from| self.session(from));
        client.map_or_else(ClientId::server, |client| self.clients[client].id.clone())
    }

    /// Adds a message to the run that is sent to the receivers as one.
    fn gather(&mut self, key: ChannelKey, publisher: Publisher<'_>, publish: &Publish<'_>) {
        let acknowledged = publish.qos == Qos::AtLeastOnce;
        let continues = self.continues_run(key, acknowledged, |run| {
            run.author.from == publisher.connection
                && run.author.server.is_none()
                && run.author.on_behalf_of.as_deref() == publisher.on_behalf_of
        });
        if !continues {
            self.finish_run();
            if self.channels[key].receivers.is_empty() && !self.is_kept(key) {
                self.stats.discarded += 1;
                return;
            }
            let author = self.author(publisher);
            self.begin_run(key, author, acknowledged, None);
        }
        self.push_to_run(publish.payload);
    }

    /// Says whether messages are wanted though nobody receives them: as history, later, or elsewhere.
    pub(super) fn is_kept(&self, key: ChannelKey) -> bool {
        let is_remembered = self.channels[key].history_rule.count_max > 0;
        let is_awaited = self.has_absent(key) || (self.has_observers() && !self.is_direct(key));
        is_remembered || is_awaited
    }

    pub(super) fn is_direct(&self, key: ChannelKey) -> bool {
        matches!(self.channels[key].name.kind(), ChannelKind::Direct(_))
    }

    fn author(&self, publisher: Publisher<'_>) -> Author {
        Author {
            from: publisher.connection,
            publisher: self.source(publisher.connection),
            at: self.now.unix_ms,
            server: None,
            on_behalf_of: publisher.on_behalf_of.map(Arc::from),
        }
    }

    /// Says whether the run that gathers takes a message to `key` of an author that `is_same`
    /// accepts.
    pub(super) fn continues_run(
        &self,
        key: ChannelKey,
        acknowledged: bool,
        is_same: impl FnOnce(&Run<E>) -> bool,
    ) -> bool {
        self.run.as_deref().is_some_and(|run| {
            run.channel == key
                && run.acknowledged == acknowledged
                && run.count < RUN_COUNT_MAX
                && is_same(run)
        })
    }

    /// Begins a run of our own clients, or of another server's if its messages have a name.
    pub(super) fn begin_run(
        &mut self,
        key: ChannelKey,
        author: Author,
        acknowledged: bool,
        id: Option<MessageId>,
    ) {
        self.run = Some(Box::new(self.new_run(key, author, acknowledged, id)));
    }

    /// Adds a message to the run that gathers.
    pub(super) fn push_to_run(&mut self, payload: &[u8]) {
        let Some(mut run) = self.run.take() else { return };
        let id = if run.acknowledged { Some(self.live_id()) } else { None };
        run.push(&self.encoder, payload, id.map_or(Mark::Plain, Mark::Acknowledged));
        self.run = Some(run);
    }

    /// Ends a run: gives it to observers and to the channel's history, and returns who it is from
    /// and its frames.
    pub(super) fn end_run(&mut self, run: Run<E>) -> (Author, RunFrames) {
        let (finished, frames) = run.finish();
        self.pass_on(&finished, &frames);
        let FinishedRun { channel, author, first, is_own, acknowledged, last, missed, .. } =
            finished;
        if let Some(missed) = missed {
            let name = self.channels[channel].name.clone();
            let (author, payloads) = (author.clone(), missed.slices().collect());
            let missed = Missed { channel: name, author, first, acknowledged, payloads };
            self.keep_for_absent(channel, missed);
        }
        for (place, payload) in last.finish() {
            let id = MessageId { sequence: first.sequence + place, ..first };
            if is_own || !self.is_remembered(channel, id) {
                self.remember(channel, &author.source(id), payload);
            }
        }
        (author, frames)
    }

    pub(super) fn live_id(&mut self) -> PacketId {
        self.next_live += 1;
        PacketId::Live(self.next_live)
    }

    /// Sends the gathered run to all its receivers.
    pub(super) fn finish_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        let (key, count, acknowledged) = (run.channel, run.count, run.acknowledged);
        let (author, frames) = self.end_run(*run);
        let excluded = author.from.filter(|&from| !self.has_echo(from));
        let mut overdue = Vec::new();
        let channel = &self.channels[key];
        for (connection, receiver) in channel.receivers.iter() {
            if Some(connection) == excluded {
                continue;
            }
            self.stats.delivered += u64::from(count);
            let frames = frames.of(receiver.format);
            let droppable = !(acknowledged && receiver.acknowledges);
            self.outputs.push(Effect::Send { connection, frames, count, droppable });
            if acknowledged && let Err(reason) = self.connections[connection].owe(count) {
                overdue.push((connection, reason));
            }
        }
        let is_unheard = channel.receivers.is_empty() && channel.absent.is_empty();
        for (connection, reason) in overdue {
            self.close(connection, reason);
        }
        if is_unheard {
            self.stats.discarded += u64::from(count);
            self.drop_if_idle(key);
        }
    }

    /// Keeps a QoS 0 message as the retained one; the store learns of it at the next tick.
    fn retain_unacknowledged(
        &mut self,
        key: ChannelKey,
        from: Option<ConnectionKey>,
        payload: &[u8],
    ) {
        let message =
            Retained { publisher: self.source(from), payload: Bytes::copy_from_slice(payload) };
        self.retained_version += 1;
        let version = self.retained_version;
        self.channels[key].retained = Some(Box::new(RetainedMessage { message, version }));
        self.dirty.retained.insert(key);
    }
}

/// When a message that was taken is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is on its way; the answer can go.
    Now,
    /// It waits for the store; the answer comes with the commit.
    Later,
}
