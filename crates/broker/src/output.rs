//! Outgoing bytes on their way to effects: replies gathered per connection, deliveries per run.

use bytes::Bytes;

use crate::{
    ChannelKey, ChannelName, ClientId, ConnectionKey, Effect, Encoder, FORMAT_COUNT_MAX, Format,
    Mark, Reply, channel::Channel,
};

/// Room made for a run's first messages.
const RUN_BYTES_MIN: usize = 1024;

/// Effects made so far, and replies to one connection that still gather.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    effects: Vec<Effect>,
    replies: Vec<u8>,
    reply_count: u32,
    replies_to: Option<ConnectionKey>,
}

impl Outputs {
    /// Appends frames for one connection; consecutive ones to the same connection become one effect.
    pub(crate) fn append(
        &mut self,
        connection: ConnectionKey,
        count: u32,
        encode: impl FnOnce(&mut Vec<u8>),
    ) {
        if self.replies_to != Some(connection) {
            self.flush_replies();
            self.replies_to = Some(connection);
        }
        encode(&mut self.replies);
        self.reply_count += count;
    }

    pub(crate) fn reply<E: Encoder>(
        &mut self,
        encoder: &E,
        connection: ConnectionKey,
        format: Format,
        reply: &Reply<'_>,
    ) {
        self.append(connection, 1, |out| encoder.reply(format, reply, out));
    }

    /// Adds an effect behind everything that gathers.
    pub(crate) fn push(&mut self, effect: Effect) {
        self.flush_replies();
        self.effects.push(effect);
    }

    pub(crate) fn take(&mut self) -> Vec<Effect> {
        self.flush_replies();
        std::mem::take(&mut self.effects)
    }

    fn flush_replies(&mut self) {
        let Some(connection) = self.replies_to.take() else { return };
        let frames = Bytes::from(std::mem::take(&mut self.replies));
        let count = std::mem::take(&mut self.reply_count);
        self.effects.push(Effect::Send { connection, frames, count, droppable: false });
    }
}

/// Messages of one publisher to one channel, encoded once for each format its receivers need.
#[derive(Debug)]
pub(crate) struct Run<E: Encoder> {
    pub(crate) channel: ChannelKey,
    /// The publishing connection; `None` for the server.
    pub(crate) from: Option<ConnectionKey>,
    /// Whether receivers acknowledge (QoS 1).
    pub(crate) acknowledged: bool,
    pub(crate) count: u32,
    /// In use where the channel has receivers of the format.
    encodings: [Option<Encoding<E>>; FORMAT_COUNT_MAX],
}

#[derive(Debug)]
struct Encoding<E: Encoder> {
    envelope: E::Envelope,
    frames: Vec<u8>,
}

/// The frames of a finished run, shared by all receivers of a format.
#[derive(Debug)]
pub(crate) struct RunFrames([Bytes; FORMAT_COUNT_MAX]);

impl<E: Encoder> Run<E> {
    pub(crate) fn new(
        encoder: &E,
        key: ChannelKey,
        channel: &Channel,
        publisher: &ClientId,
        from: Option<ConnectionKey>,
        acknowledged: bool,
    ) -> Self {
        let mut encodings = std::array::from_fn(|_| None);
        for format in channel.receivers.formats() {
            encodings[usize::from(format.0)] =
                Some(Encoding::new(encoder, format, &channel.name, publisher));
        }
        Run { channel: key, from, acknowledged, count: 0, encodings }
    }

    pub(crate) fn push(&mut self, encoder: &E, payload: &[u8], mark: Mark) {
        self.count += 1;
        for encoding in self.encodings.iter_mut().flatten() {
            encoder.delivery(&encoding.envelope, payload, mark, &mut encoding.frames);
        }
    }

    pub(crate) fn finish(self) -> RunFrames {
        RunFrames(self.encodings.map(|encoding| {
            encoding.map_or_else(Bytes::new, |encoding| Bytes::from(encoding.frames))
        }))
    }
}

impl<E: Encoder> Encoding<E> {
    fn new(encoder: &E, format: Format, channel: &ChannelName, publisher: &ClientId) -> Self {
        let envelope = encoder.envelope(format, channel, publisher);
        Encoding { envelope, frames: Vec::with_capacity(RUN_BYTES_MIN) }
    }
}

impl RunFrames {
    pub(crate) fn of(&self, format: Format) -> Bytes {
        self.0[usize::from(format.0)].clone()
    }
}
