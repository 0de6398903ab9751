//! The last messages of a channel, for those who come late.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use rialto_domain::{ClientId, HistoryMessage, LogicalMs, MessageId, UnixMs};

use crate::{
    Source,
    memory::{allocated, shared},
};

/// Messages looked at to find whether one is there already.
const RECENT_COUNT: usize = 1000;

/// How much history a channel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HistoryRule {
    /// Messages kept; 0 keeps none.
    pub(crate) count_max: u32,
    /// Whether they outlive a restart.
    pub(crate) persistent: bool,
}

/// A channel's last messages, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    messages: VecDeque<Kept>,
    /// Memory of what messages have outside of the queue, about.
    bytes: usize,
    /// Whether something came since it was last considered for eviction.
    pub(crate) is_recent: bool,
    /// Whether the store may have some of it.
    pub(crate) is_stored: bool,
    /// Newest messages that the store does not have yet.
    pub(crate) unwritten_count: usize,
    /// The last place, of those that had a message which is not here any more.
    dropped: (LogicalMs, MessageId),
}

/// One message.
#[derive(Debug)]
struct Kept {
    id: MessageId,
    logical: LogicalMs,
    at: UnixMs,
    publisher: ClientId,
    server: Option<Arc<str>>,
    payload: Box<[u8]>,
}

/// The last messages of a run, which are all that a history can take of it.
#[derive(Debug)]
pub(crate) struct LastPayloads {
    payloads: Vec<Vec<u8>>,
    count_max: usize,
    /// Messages so far, those that are not kept any more included.
    count: usize,
}

impl LastPayloads {
    pub(crate) fn new(rule: HistoryRule) -> Self {
        LastPayloads { payloads: Vec::new(), count_max: rule.count_max as usize, count: 0 }
    }

    /// Adds a payload, in the memory of the one that goes.
    pub(crate) fn push(&mut self, payload: &[u8]) {
        if self.payloads.len() < self.count_max {
            self.payloads.push(payload.to_vec());
        } else if self.count_max > 0 {
            let oldest = &mut self.payloads[self.count % self.count_max];
            oldest.clear();
            oldest.extend_from_slice(payload);
        }
        self.count += 1;
    }

    /// Returns the payloads, oldest first, each with its place among all of the run.
    pub(crate) fn finish(mut self) -> impl Iterator<Item = (u64, Vec<u8>)> {
        let kept = self.payloads.len();
        if kept > 0 {
            self.payloads.rotate_left(self.count % kept);
        }
        let first = self.count - kept;
        self.payloads.into_iter().zip(first as u64..).map(|(mut payload, place)| {
            payload.shrink_to_fit();
            (place, payload)
        })
    }
}

impl History {
    /// Adds a message where the logical clock and its name put it, which is the same place on all
    /// servers that have it, and drops the oldest if there are too many.
    pub(crate) fn place(&mut self, count_max: u32, source: &Source<'_>, payload: Vec<u8>) {
        let newest = self.messages.back().map(Kept::order);
        if newest.is_none_or(|newest| newest < (source.logical, source.id)) {
            return self.push(count_max, source, payload);
        }
        self.is_recent = true;
        self.put(count_max, Kept::new(source, payload));
    }

    /// Adds a message behind all others, and drops the oldest if there are too many.
    fn push(&mut self, count_max: u32, source: &Source<'_>, payload: Vec<u8>) {
        while (count_max as usize) <= self.messages.len() {
            self.pop();
        }
        let kept = Kept::new(source, payload);
        self.bytes += kept.bytes();
        // A first message alone does not spare a channel: it may be the last as well.
        self.is_recent = !self.messages.is_empty();
        self.make_room(count_max);
        self.messages.push_back(kept);
        self.unwritten_count = (self.unwritten_count + 1).min(self.messages.len());
    }

    /// Says whether one of the latest messages has this name.
    pub(crate) fn has_recent(&self, id: MessageId) -> bool {
        self.messages.iter().rev().take(RECENT_COUNT).any(|kept| kept.id == id)
    }

    /// Puts a message that came late into its place; says whether it was new and is kept.
    ///
    /// # Cost
    /// One look at each message.
    pub(crate) fn insert(&mut self, count_max: u32, message: &HistoryMessage) -> bool {
        let is_known = self.messages.iter().any(|kept| kept.id == message.id);
        let kept = || Kept {
            id: message.id,
            logical: message.logical,
            at: message.at,
            publisher: message.publisher.clone(),
            server: message.server.clone(),
            payload: Box::from(&*message.payload),
        };
        !is_known && self.put(count_max, kept())
    }

    /// Puts a message that is not there into its place; says whether it is kept.
    fn put(&mut self, count_max: u32, kept: Kept) -> bool {
        let place = self.messages.partition_point(|other| other.order() <= kept.order());
        let is_full = (count_max as usize) <= self.messages.len();
        if is_full && place == 0 {
            self.note_dropped(kept.order());
            return false;
        }
        self.bytes += kept.bytes();
        // Those behind it are written again, which does no harm.
        self.unwritten_count = self.unwritten_count.max(self.messages.len() - place) + 1;
        self.make_room(count_max);
        self.messages.insert(place, kept);
        while (count_max as usize) < self.messages.len() {
            self.pop();
        }
        self.unwritten_count = self.unwritten_count.min(self.messages.len());
        true
    }

    /// Makes room for one more message: with few, for no more than that, since most channels never
    /// have many.
    fn make_room(&mut self, count_max: u32) {
        let count = self.messages.len();
        if count == self.messages.capacity() {
            let spare = (count / 2).min((count_max as usize).saturating_sub(count));
            self.messages.reserve_exact(spare.max(1));
        }
    }

    fn pop(&mut self) -> Option<Kept> {
        let oldest = self.messages.pop_front()?;
        self.bytes -= oldest.bytes();
        self.note_dropped(oldest.order());
        Some(oldest)
    }

    /// Returns about how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let queue = allocated(self.messages.capacity() * size_of::<Kept>());
        allocated(size_of::<Self>()) + queue + self.bytes
    }

    /// Counts the messages.
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Iterates over the messages, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Source<'_>, &[u8])> {
        self.messages.iter().map(|kept| (kept.source(), &kept.payload[..]))
    }

    /// Notes that a message is not here any more, or never was.
    pub(crate) fn note_dropped(&mut self, place: (LogicalMs, MessageId)) {
        self.dropped = self.dropped.max(place);
    }

    /// Notes that others may have been before the oldest, if it is as long as it may be.
    pub(crate) fn note_restored(&mut self, count_max: u32) {
        let oldest = self.messages.front().map(Kept::order);
        if let Some((logical, id)) = oldest
            && (count_max as usize) <= self.messages.len()
        {
            self.note_dropped((
                logical,
                MessageId { sequence: id.sequence.saturating_sub(1), ..id },
            ));
        }
    }

    /// Says whether no message behind a place was dropped.
    pub(crate) fn is_whole_behind(&self, place: (LogicalMs, MessageId)) -> bool {
        self.dropped <= place
    }

    /// Iterates over the messages behind a place, oldest first.
    pub(crate) fn behind(
        &self,
        place: (LogicalMs, MessageId),
    ) -> impl DoubleEndedIterator<Item = (Source<'_>, &[u8])> {
        let first = self.messages.partition_point(|kept| kept.order() <= place);
        self.messages.range(first..).map(|kept| (kept.source(), &kept.payload[..]))
    }

    /// Notes that the store does not have this many of the newest messages.
    pub(crate) fn note_unwritten(&mut self, count: usize) {
        self.unwritten_count = self.unwritten_count.saturating_add(count).min(self.messages.len());
    }

    /// Returns the messages that the store does not have, which it now will have.
    pub(crate) fn take_unwritten(&mut self) -> Vec<HistoryMessage> {
        let count = std::mem::take(&mut self.unwritten_count);
        self.is_stored = true;
        self.messages.range(self.messages.len() - count..).map(Kept::message).collect()
    }
}

impl Kept {
    fn new(source: &Source<'_>, payload: Vec<u8>) -> Self {
        Kept {
            id: source.id,
            logical: source.logical,
            at: source.at,
            publisher: source.publisher.clone(),
            server: source.server.map(Arc::from),
            payload: payload.into_boxed_slice(),
        }
    }

    /// Returns the memory it has outside of itself: its publisher's name may live on here alone.
    fn bytes(&self) -> usize {
        let server = self.server.as_ref().map_or(0, |server| shared(server.len()));
        allocated(self.payload.len()) + shared(self.publisher.as_str().len()) + server
    }

    fn order(&self) -> (LogicalMs, MessageId) {
        (self.logical, self.id)
    }

    fn source(&self) -> Source<'_> {
        Source {
            publisher: &self.publisher,
            at: self.at,
            server: self.server.as_deref(),
            on_behalf_of: None,
            id: self.id,
            logical: self.logical,
        }
    }

    fn message(&self) -> HistoryMessage {
        HistoryMessage {
            id: self.id,
            logical: self.logical,
            at: self.at,
            publisher: self.publisher.clone(),
            server: self.server.clone(),
            payload: Bytes::copy_from_slice(&self.payload),
        }
    }
}

#[cfg(test)]
mod tests;
