//! A run: messages of one author to one channel, encoded once for each format its receivers need.

use std::sync::Arc;

use bytes::Bytes;

use rialto_domain::{ClientId, LogicalMs, MessageId, Payloads, PayloadsBuilder, UnixMs};

use crate::{
    ChannelKey, ConnectionKey, Encoder, FORMAT_COUNT_MAX, Format, Mark, Passed, Source,
    channel::Channel, history::LastPayloads, tally::Tally,
};

/// Frames of up to so many bytes are copied out of the buffer in which they were gathered, so that
/// they take no more than they are wherever they wait.
const COPIED_BYTES_MAX: usize = 64 << 10;
/// Messages a run gathers before it is sent on, so that receivers start early.
const MESSAGE_COUNT_MAX: u32 = 1024;

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

/// Where the messages of a run come from, which decides who else gets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This server took them in: they get its next ids, and observers get them too.
    Own,
    /// Another server took them in, and the first has this id: they are not passed on.
    Relayed(MessageId),
    /// They are for one client of this server: they have no id and are not passed on.
    Local,
}

/// Messages of one author to one channel, encoded once for each format its receivers need.
#[derive(Debug)]
pub(crate) struct Run<E: Encoder> {
    pub(crate) channel: ChannelKey,
    pub(crate) author: Author,
    pub(crate) origin: Origin,
    /// Name of the first message.
    pub(crate) first: MessageId,
    /// Whether receivers acknowledge (QoS 1).
    pub(crate) acknowledged: bool,
    pub(crate) count: u32,
    /// Bytes of the payloads.
    bytes: u64,
    /// What the channel's history gets of it.
    last: LastPayloads,
    /// What lost clients and other nodes get of it, if there are any.
    missed: Option<PayloadsBuilder>,
    /// Whether other nodes get it.
    is_for_nodes: bool,
    /// One for each format in which somebody receives, from the front.
    encodings: [Option<Encoding<E>>; FORMAT_COUNT_MAX],
}

#[derive(Debug)]
struct Encoding<E: Encoder> {
    format: Format,
    envelope: E::Envelope,
    frames: Vec<u8>,
    /// How many there are: fewer than messages where the dialect has no form for some.
    count: u32,
}

impl<E: Encoder> Run<E> {
    /// Begins a run for the receivers of `channel`, and for observers in
    /// their formats, if it goes to them.
    pub(crate) fn new(
        encoder: &E,
        (key, channel): (ChannelKey, &Channel),
        (author, origin, first): (Author, Origin, MessageId),
        acknowledged: bool,
        observers: Option<impl Iterator<Item = Format>>,
        buffers: &mut RunBuffers,
    ) -> Self {
        let mut encodings = std::array::from_fn(|_| None);
        for format in channel.receivers.formats().chain(observers.into_iter().flatten()) {
            let is_for = |it: &Encoding<E>| it.format == format;
            // Observers may want a format that receivers have.
            let place = encodings.iter_mut().find(|place| place.as_ref().is_none_or(is_for));
            if let Some(place @ None) = place {
                let envelope = encoder.envelope(format, &channel.name, author.source(first));
                *place = Some(Encoding { format, envelope, frames: buffers.take(), count: 0 });
            }
        }
        let last = LastPayloads::new(channel.profile.history);
        let missed = (!channel.absent.is_empty()).then(PayloadsBuilder::default);
        let (count, bytes) = (0, 0);
        let channel = key;
        Run {
            channel,
            author,
            origin,
            first,
            acknowledged,
            count,
            bytes,
            last,
            missed,
            is_for_nodes: false,
            encodings,
        }
    }

    /// Keeps what is pushed for other nodes.
    pub(crate) fn keep_for_nodes(&mut self) {
        self.is_for_nodes = true;
        self.missed.get_or_insert_default();
    }

    /// Returns what passes with it.
    pub(crate) fn passed(&self) -> Passed {
        Passed { count: u64::from(self.count), bytes: self.bytes }
    }

    /// Says whether it has room for another message of its author, to this channel.
    #[inline]
    pub(crate) fn takes(&self, channel: ChannelKey, acknowledged: bool) -> bool {
        self.channel == channel
            && self.acknowledged == acknowledged
            && self.count < MESSAGE_COUNT_MAX
    }

    /// Returns the name of the message that is pushed next.
    pub(crate) fn next_id(&self) -> MessageId {
        let MessageId { origin, sequence } = self.first;
        MessageId { origin, sequence: sequence + u64::from(self.count) }
    }

    #[inline]
    pub(crate) fn push(&mut self, encoder: &E, payload: &[u8], mark: Mark) {
        self.count += 1;
        self.bytes += payload.len() as u64;
        self.last.push(payload);
        if let Some(missed) = &mut self.missed {
            missed.push(payload);
        }
        for encoding in self.encodings.iter_mut().map_while(Option::as_mut) {
            let before = encoding.frames.len();
            encoder.delivery(&mut encoding.envelope, payload, mark, &mut encoding.frames);
            encoding.count += u32::from(before < encoding.frames.len());
        }
    }

    /// Ends the run: what it was, and its frames.
    pub(crate) fn finish(
        self,
        buffers: &mut RunBuffers,
        tally: &Tally,
    ) -> (FinishedRun, RunFrames) {
        let Run {
            channel,
            author,
            origin,
            first,
            acknowledged,
            count,
            last,
            missed,
            is_for_nodes,
            encodings,
            ..
        } = self;
        let mut frames = RunFrames::default();
        for encoding in encodings.into_iter().map_while(|encoding| encoding) {
            let gathered = tally.frames(buffers.finish(encoding.frames));
            frames.0[usize::from(encoding.format.0)] = (gathered, encoding.count);
        }
        let missed = missed.map(PayloadsBuilder::finish);
        let finished = FinishedRun {
            channel,
            author,
            origin,
            first,
            count,
            acknowledged,
            last,
            missed,
            is_for_nodes,
        };
        (finished, frames)
    }
}

/// What is left of a run once its messages are encoded.
#[derive(Debug)]
pub(crate) struct FinishedRun {
    pub(crate) channel: ChannelKey,
    pub(crate) author: Author,
    pub(crate) origin: Origin,
    pub(crate) first: MessageId,
    pub(crate) count: u32,
    pub(crate) acknowledged: bool,
    /// What the channel's history gets of it.
    pub(crate) last: LastPayloads,
    /// What lost clients and other nodes get of it.
    pub(crate) missed: Option<Payloads>,
    /// Whether other nodes get it.
    pub(crate) is_for_nodes: bool,
}

impl FinishedRun {
    /// Returns the number of its last message.
    pub(crate) fn last_sequence(&self) -> u64 {
        self.first.sequence + u64::from(self.count) - 1
    }
}

/// The frames of a finished run, and how many there are, shared by all receivers of a format.
#[derive(Debug, Default)]
pub(crate) struct RunFrames([(Bytes, u32); FORMAT_COUNT_MAX]);

impl RunFrames {
    /// Returns the frames in a format, and how many there are.
    pub(crate) fn of(&self, format: Format) -> (Bytes, u32) {
        self.0[usize::from(format.0)].clone()
    }
}

/// Buffers in which runs gather, to be used again.
#[derive(Debug, Default)]
pub(crate) struct RunBuffers(Vec<Vec<u8>>);

impl RunBuffers {
    fn take(&mut self) -> Vec<u8> {
        self.0.pop().unwrap_or_default()
    }

    /// Returns a buffer's content in memory of its own size.
    fn finish(&mut self, mut buffer: Vec<u8>) -> Vec<u8> {
        if COPIED_BYTES_MAX < buffer.len() {
            buffer.shrink_to_fit();
            return buffer;
        }
        let frames = buffer.as_slice().into();
        buffer.clear();
        self.0.push(buffer);
        frames
    }
}
