//! Publishing: straight to the receivers, or through the store first.

use bytes::Bytes;

use crate::{
    ChannelKey, ChannelKind, ClientId, ClientKey, ConnectionKey, Effect, Encoder, Mark, PacketId,
    Reject, Retained, channel::RetainedMessage, channel_kind, output::Run,
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
        let result = match channel_kind(publish.channel) {
            ChannelKind::Topic => self.publish_to_topic(Some(connection), publish),
            ChannelKind::Direct(to) => self.publish_to_client(Some(connection), to, publish),
            ChannelKind::Control(name) => {
                self.answer_control(connection, client, name, publish.request);
                return;
            }
            ChannelKind::Invalid => Err(Reject::InvalidChannel),
        };
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

    /// Publishes a message of the server itself (J-100); its receivers see an empty source.
    ///
    /// # Errors
    /// As for a client's publish. A QoS 1 message is not yet committed when this returns.
    pub fn push(&mut self, publish: &Publish<'_>) -> Result<(), Reject> {
        match channel_kind(publish.channel) {
            ChannelKind::Topic => self.publish_to_topic(None, publish).map(|_| ()),
            ChannelKind::Direct(to) => self.publish_to_client(None, to, publish).map(|_| ()),
            ChannelKind::Control(_) | ChannelKind::Invalid => Err(Reject::InvalidChannel),
        }
    }

    fn publish_to_topic(
        &mut self,
        from: Option<ConnectionKey>,
        publish: &Publish<'_>,
    ) -> Result<Taken, Reject> {
        let found = self.find_channel(from, publish.channel);
        if found.is_none() {
            self.check_name(publish.channel)?;
        }
        let key = match found {
            Some(key) => key,
            None if publish.retain => self.channel_or_new(publish.channel),
            None => {
                self.stats.discarded += 1;
                return Ok(Taken::Now);
            }
        };
        if publish.qos == Qos::AtLeastOnce && (publish.retain || self.channels[key].stores()) {
            let logged = !self.channels[key].persistent.is_empty();
            return self.store(key, from, publish, Intake { logged, offline: false });
        }
        if publish.retain {
            self.retain_unacknowledged(key, from, publish.payload);
        }
        self.gather(key, from, publish);
        Ok(Taken::Now)
    }

    /// Sends to one client (J-89 to J-93). A QoS 1 message to a known client is stored also while it
    /// is offline, and refused all the same, so that the sender knows.
    fn publish_to_client(
        &mut self,
        from: Option<ConnectionKey>,
        to: &str,
        publish: &Publish<'_>,
    ) -> Result<Taken, Reject> {
        let Some(&client) = self.client_keys.get(to) else {
            self.check_name(publish.channel)?;
            return Err(Reject::ClientOffline);
        };
        let to_oneself = from.is_some_and(|from| self.session(from) == Some(client));
        if to_oneself && !self.settings.echo {
            return Err(Reject::ClientOffline);
        }
        let online = self.clients[client].connection;
        match (publish.qos, online) {
            (Qos::AtMostOnce, None) => Err(Reject::ClientOffline),
            (Qos::AtMostOnce, Some(receiver)) => {
                self.send_directly(receiver, from, publish);
                Ok(Taken::Now)
            }
            (Qos::AtLeastOnce, online) => {
                let key = self.direct_channel(client, publish.channel);
                let intake = Intake { logged: true, offline: online.is_none() };
                self.store(key, from, publish, intake)
            }
        }
    }

    fn send_directly(
        &mut self,
        receiver: ConnectionKey,
        from: Option<ConnectionKey>,
        publish: &Publish<'_>,
    ) {
        self.finish_run();
        let format = self.connections[receiver].format;
        let source = self.source(from);
        let envelope = self.encoder.envelope(format, &publish.channel.into(), &source);
        let mut frames = Vec::new();
        self.encoder.delivery(&envelope, publish.payload, Mark::Plain, &mut frames);
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
    fn gather(&mut self, key: ChannelKey, from: Option<ConnectionKey>, publish: &Publish<'_>) {
        let acknowledged = publish.qos == Qos::AtLeastOnce;
        let continues = self.run.as_ref().is_some_and(|run| {
            run.channel == key
                && run.from == from
                && run.acknowledged == acknowledged
                && run.count < RUN_COUNT_MAX
        });
        if !continues {
            self.finish_run();
            if self.channels[key].receivers.is_empty() {
                self.stats.discarded += 1;
                return;
            }
            let source = self.source(from);
            let channel = &self.channels[key];
            self.run = Some(Run::new(&self.encoder, key, channel, &source, from, acknowledged));
        }
        let mark = if acknowledged { Mark::Acknowledged(self.live_id()) } else { Mark::Plain };
        let run = self.run.as_mut().expect("a run was made above");
        run.push(&self.encoder, publish.payload, mark);
    }

    pub(super) fn live_id(&mut self) -> PacketId {
        self.next_live += 1;
        PacketId::Live(self.next_live)
    }

    /// Sends the gathered run to all its receivers.
    pub(super) fn finish_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        let (key, from, count, acknowledged) = (run.channel, run.from, run.count, run.acknowledged);
        let frames = run.finish();
        let excluded = from.filter(|_| !self.settings.echo);
        let mut overdue = Vec::new();
        for (connection, receiver) in self.channels[key].receivers.iter() {
            if Some(connection) == excluded {
                continue;
            }
            self.stats.delivered += u64::from(count);
            let frames = frames.of(receiver.format);
            let effect = Effect::Send { connection, frames, count, droppable: !acknowledged };
            self.outputs.push(effect);
            if acknowledged && let Err(reason) = self.connections[connection].owe(count) {
                overdue.push((connection, reason));
            }
        }
        for (connection, reason) in overdue {
            self.close(connection, reason);
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
