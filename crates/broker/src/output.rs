//! Outgoing bytes on their way to effects: replies gathered per connection, deliveries per run.

use bytes::Bytes;

use crate::{ConnectionKey, Effect, tally::Tally};

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
