//! Outgoing bytes on their way to effects: replies gathered per connection, deliveries per run.

use std::sync::Arc;

use bytes::Bytes;

use rialto_domain::{ClientId, LogicalMs, MessageId, Payloads, PayloadsBuilder, UnixMs};

use crate::{
    ChannelKey, ConnectionKey, Effect, Encoder, FORMAT_COUNT_MAX, Format, Mark, Reply, Source,
    channel::Channel, history::LastPayloads, tally::Tally,
};

/// Frames of up to so many bytes are copied out of the buffer in which they were gathered, so that
/// they take no more than they are wherever they wait.
const COPIED_BYTES_MAX: usize = 64 << 10;

/// Buffers in which runs gather, to be used again.
#[derive(Debug, Default)]
pub(crate) struct RunBuffers(Vec<Vec<u8>>);

impl RunBuffers {
    fn take(&mut self) -> Vec<u8> {
        self.0.pop().unwrap_or_default()
    }

    /// Returns a buffer's content in memory of its own size.
    fn finish(&mut self, mut buffer: Vec<u8>) -> Vec<u8> {
        if COPIED_BYTES_MAX < buffer.capacity() {
            buffer.shrink_to_fit();
            return buffer;
        }
        let frames = buffer.as_slice().into();
        buffer.clear();
        self.0.push(buffer);
        frames
    }
}

/// Effects made so far, and replies to one connection that still gather.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    effects: Vec<Effect>,
    replies: Vec<u8>,
    reply_count: u32,
    /// How many of the replies that gather are deliveries.
    reply_deliveries: u32,
    replies_to: Option<ConnectionKey>,
    /// Bytes of answers among the effects.
    answered_bytes: usize,
    begun: Begun,
    tally: Tally,
}

/// Deliveries that were begun.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Begun {
    /// All of them.
    pub(crate) total: u64,
    /// Those that were left out, because the receiver's dialect has no form for them.
    pub(crate) left_out: u64,
    /// Those among the effects that nobody has taken yet.
    pub(crate) untaken: u64,
}

/// Frames for one receiver.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) connection: ConnectionKey,
    pub(crate) frames: Bytes,
    /// How many there are: fewer than messages where the receiver's dialect has no form for some.
    pub(crate) count: u32,
    /// Whether they may be dropped when the outbox is full.
    pub(crate) droppable: bool,
}

impl Outputs {
    /// Appends a frame for one connection; consecutive ones to the same connection become one effect.
    pub(crate) fn append(&mut self, connection: ConnectionKey, encode: impl FnOnce(&mut Vec<u8>)) {
        if self.replies_to != Some(connection) {
            self.flush_replies();
            self.replies_to = Some(connection);
        }
        encode(&mut self.replies);
        self.reply_count += 1;
    }

    /// Appends a message to what gathers for one connection, or nothing if `encode` has no form for it.
    pub(crate) fn append_delivery(
        &mut self,
        connection: ConnectionKey,
        encode: impl FnOnce(&mut Vec<u8>),
    ) {
        let mut is_said = false;
        self.append(connection, |out| {
            let before = out.len();
            encode(out);
            is_said = before < out.len();
        });
        self.reply_count -= u32::from(!is_said);
        self.reply_deliveries += u32::from(is_said);
        self.begin(1, u32::from(is_said));
    }

    /// Adds frames of so many messages for one receiver, behind everything that gathers.
    pub(crate) fn deliver(&mut self, message_count: u32, delivery: Delivery) {
        self.begin(message_count, delivery.count);
        self.deliver_begun(delivery);
    }

    /// Adds frames of messages that were counted as begun when they were kept for a lost client.
    pub(crate) fn deliver_begun(&mut self, delivery: Delivery) {
        let Delivery { connection, frames, count, droppable } = delivery;
        self.push(Effect::Send { connection, frames, count, droppable });
    }

    /// Counts deliveries as begun of which so many have a form.
    fn begin(&mut self, message_count: u32, frame_count: u32) {
        self.begun.total += u64::from(message_count);
        self.begun.left_out += u64::from(message_count - frame_count);
    }

    /// Returns the deliveries that were begun.
    pub(crate) fn begun(&self) -> Begun {
        Begun { untaken: self.begun.untaken + u64::from(self.reply_deliveries), ..self.begun }
    }

    pub(crate) fn reply<E: Encoder>(
        &mut self,
        encoder: &E,
        connection: ConnectionKey,
        format: Format,
        reply: &Reply<'_>,
    ) {
        self.append(connection, |out| encoder.reply(format, reply, out));
    }

    /// Adds an effect behind everything that gathers.
    pub(crate) fn push(&mut self, effect: Effect) {
        self.flush_replies();
        self.add(effect);
    }

    /// Adds frames that answer what a connection asked, behind everything that gathers.
    pub(crate) fn answer(&mut self, connection: ConnectionKey, frames: Bytes, count: u32) {
        self.push(Effect::Answer { connection, frames, count, deliveries: 0 });
    }

    /// Adds messages that a connection asked for, behind everything that gathers: `count` frames of them.
    pub(crate) fn answer_with_deliveries(
        &mut self,
        message_count: u32,
        (connection, frames, count): (ConnectionKey, Bytes, u32),
    ) {
        self.begin(message_count, count);
        self.push(Effect::Answer { connection, frames, count, deliveries: count });
    }

    /// Returns the bytes of answers since effects were last taken.
    pub(crate) fn answered_bytes(&self) -> usize {
        self.answered_bytes + self.replies.len()
    }

    /// Returns what makes frames that are counted as long as somebody holds them.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Adds an effect, unless it would send nothing: a dialect may leave out what it cannot say, and
    /// a queue bounded in bytes has no bound for such.
    fn add(&mut self, effect: Effect) {
        match &effect {
            Effect::Send { frames, .. } | Effect::Answer { frames, .. } if frames.is_empty() => {
                return;
            }
            Effect::Send { count, .. } => self.begun.untaken += u64::from(*count),
            Effect::Answer { frames, deliveries, .. } => {
                self.answered_bytes += frames.len();
                self.begun.untaken += u64::from(*deliveries);
            }
            _ => {}
        }
        self.effects.push(effect);
    }

    pub(crate) fn take(&mut self) -> Vec<Effect> {
        self.flush_replies();
        self.answered_bytes = 0;
        self.begun.untaken = 0;
        std::mem::take(&mut self.effects)
    }

    fn flush_replies(&mut self) {
        let Some(connection) = self.replies_to.take() else { return };
        let frames = self.tally.frames(std::mem::take(&mut self.replies));
        let count = std::mem::take(&mut self.reply_count);
        let deliveries = std::mem::take(&mut self.reply_deliveries);
        self.add(Effect::Answer { connection, frames, count, deliveries });
    }
}

/// Who the messages of a run are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Author {
    /// The publishing connection; `None` for this server and for clients of other servers.
    pub(crate) from: Option<ConnectionKey>,
    pub(crate) publisher: ClientId,
    pub(crate) at: UnixMs,
    pub(crate) logical: LogicalMs,
    /// The server that took them in, if it was another.
    pub(crate) server: Option<Arc<str>>,
    /// The client that the publisher speaks for, where it is a gateway.
    pub(crate) on_behalf_of: Option<Arc<str>>,
}

/// Messages of one author to one channel, encoded once for each format its receivers need.
#[derive(Debug)]
pub(crate) struct Run<E: Encoder> {
    pub(crate) channel: ChannelKey,
    pub(crate) author: Author,
    /// Name of the first message.
    pub(crate) first: MessageId,
    /// Whether it is of our own clients, and other servers are to get it.
    pub(crate) is_own: bool,
    /// Whether receivers acknowledge (QoS 1).
    pub(crate) acknowledged: bool,
    pub(crate) count: u32,
    /// What the channel's history gets of it.
    last: LastPayloads,
    /// What lost clients get of it, if there are any.
    missed: Option<PayloadsBuilder>,
    /// In use where somebody receives in that format.
    encodings: [Option<Encoding<E>>; FORMAT_COUNT_MAX],
}

#[derive(Debug)]
struct Encoding<E: Encoder> {
    envelope: E::Envelope,
    frames: Vec<u8>,
    /// How many there are: fewer than messages where the dialect has no form for some.
    count: u32,
}

/// What is left of a run once its messages are encoded.
#[derive(Debug)]
pub(crate) struct FinishedRun {
    pub(crate) channel: ChannelKey,
    pub(crate) author: Author,
    pub(crate) first: MessageId,
    pub(crate) is_own: bool,
    pub(crate) count: u32,
    pub(crate) acknowledged: bool,
    /// What the channel's history gets of it.
    pub(crate) last: LastPayloads,
    /// What lost clients get of it.
    pub(crate) missed: Option<Payloads>,
}

/// The frames of a finished run, and how many there are, shared by all receivers of a format.
#[derive(Debug)]
pub(crate) struct RunFrames([(Bytes, u32); FORMAT_COUNT_MAX]);

impl Author {
    /// Returns the source of messages of which `first` is the first.
    pub(crate) fn source(&self, first: MessageId) -> Source<'_> {
        Source {
            publisher: &self.publisher,
            at: self.at,
            server: self.server.as_deref(),
            on_behalf_of: self.on_behalf_of.as_deref(),
            id: first,
            logical: self.logical,
        }
    }
}

impl<E: Encoder> Run<E> {
    /// Begins a run for the receivers of `channel`, and, if it is of our own clients, for observers
    /// in their formats.
    pub(crate) fn new(
        encoder: &E,
        (key, channel): (ChannelKey, &Channel),
        (author, first): (Author, MessageId),
        acknowledged: bool,
        observers: Option<impl Iterator<Item = Format>>,
        buffers: &mut RunBuffers,
    ) -> Self {
        let is_own = observers.is_some();
        let mut encodings = std::array::from_fn(|_| None);
        for format in channel.receivers.formats().chain(observers.into_iter().flatten()) {
            let envelope = encoder.envelope(format, &channel.name, author.source(first));
            let encoding = &mut encodings[usize::from(format.0)];
            let frames =
                encoding.take().map_or_else(|| buffers.take(), |it: Encoding<E>| it.frames);
            *encoding = Some(Encoding { envelope, frames, count: 0 });
        }
        let last = LastPayloads::new(channel.profile.history);
        let missed = (!channel.absent.is_empty()).then(PayloadsBuilder::default);
        Run { channel: key, author, first, is_own, acknowledged, count: 0, last, missed, encodings }
    }

    /// Returns the name of the message that is pushed next.
    pub(crate) fn next_id(&self) -> MessageId {
        let MessageId { origin, sequence } = self.first;
        MessageId { origin, sequence: sequence + u64::from(self.count) }
    }

    pub(crate) fn push(&mut self, encoder: &E, payload: &[u8], mark: Mark) {
        self.count += 1;
        self.last.push(payload);
        if let Some(missed) = &mut self.missed {
            missed.push(payload);
        }
        for encoding in self.encodings.iter_mut().flatten() {
            let before = encoding.frames.len();
            encoder.delivery(&encoding.envelope, payload, mark, &mut encoding.frames);
            encoding.count += u32::from(before < encoding.frames.len());
        }
    }

    /// Ends the run: what it was, and its frames.
    pub(crate) fn finish(
        self,
        buffers: &mut RunBuffers,
        tally: &Tally,
    ) -> (FinishedRun, RunFrames) {
        let frames = RunFrames(self.encodings.map(|encoding| {
            encoding.map_or_else(Default::default, |Encoding { frames, count, .. }| {
                (tally.frames(buffers.finish(frames)), count)
            })
        }));
        let Run { channel, author, first, is_own, acknowledged, count, last, missed, .. } = self;
        let missed = missed.map(PayloadsBuilder::finish);
        (FinishedRun { channel, author, first, is_own, count, acknowledged, last, missed }, frames)
    }
}

impl RunFrames {
    /// Returns the frames in a format, and how many there are.
    pub(crate) fn of(&self, format: Format) -> (Bytes, u32) {
        self.0[usize::from(format.0)].clone()
    }
}
