//! A persistent subscriber's place in a log.

use rialto_domain::{CursorState, Sequence, Stretches};

/// Stretches that are remembered one by one as not yet written, at least.
const UNWRITTEN_MIN: usize = 256;

/// Where a persistent subscription stands, and what is on its way to its client.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    /// All up to and including this are acknowledged.
    floor: Sequence,
    /// Acknowledged stretches above the floor, none of which touches it.
    acknowledged: Stretches,
    /// The floor that the store was last given.
    written_floor: Sequence,
    /// The part of `acknowledged` that the store was not given, and maybe some below the floor.
    unwritten: Stretches,
    /// First message not yet sent on the present connection.
    next: Sequence,
    /// Messages sent on the present connection and not acknowledged.
    in_flight: u64,
    /// About how many bytes those have.
    in_flight_bytes: u64,
    pub(crate) phase: Phase,
    /// Whether the store is asked for pages, maybe for an earlier connection. There is one read at a
    /// time, however often its client reconnects.
    pub(crate) is_read_under_way: bool,
    /// Whether the store holds an older state than this.
    pub(crate) dirty: bool,
}

/// How messages reach the subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Phase {
    /// As they are committed.
    #[default]
    Tailing,
    /// From the store, once the window has room.
    CatchingUp,
    /// From the store: a read is under way.
    Reading,
    /// Not at all on this connection: its log cannot be read.
    Unreadable,
}

impl Cursor {
    pub(crate) fn new(state: &CursorState) -> Self {
        let mut acknowledged: Stretches = state.acknowledged.iter().copied().collect();
        let floor = acknowledged.absorb(state.floor);
        let (written_floor, next) = (state.floor, floor + 1);
        Cursor { floor, acknowledged, written_floor, next, ..Cursor::default() }
    }

    /// Begins anew for another connection: what was on its way is sent again.
    pub(crate) fn rewind(&mut self) {
        self.next = self.floor + 1;
        (self.in_flight, self.in_flight_bytes) = (0, 0);
        self.phase = Phase::CatchingUp;
    }

    /// Returns up to where all are acknowledged.
    pub(crate) fn floor(&self) -> Sequence {
        self.floor
    }

    pub(crate) fn next(&self) -> Sequence {
        self.next
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    pub(crate) fn in_flight_bytes(&self) -> u64 {
        self.in_flight_bytes
    }

    /// Notes that the messages from `next` to `last` were sent, `count` of them now in flight.
    pub(crate) fn sent(&mut self, last: Sequence, count: u64, bytes: u64) {
        debug_assert!(self.next <= last);
        self.next = last + 1;
        self.in_flight += count;
        self.in_flight_bytes += bytes;
    }

    /// Says whether `sequence` is acknowledged.
    pub(crate) fn is_acknowledged(&self, sequence: Sequence) -> bool {
        sequence <= self.floor || self.acknowledged.around(sequence).is_some()
    }

    /// Takes one acknowledgement; says whether it was news.
    pub(crate) fn acknowledge(&mut self, sequence: Sequence) -> bool {
        if self.is_acknowledged(sequence) {
            return false;
        }
        if sequence < self.next && self.in_flight > 0 {
            self.in_flight_bytes -= self.in_flight_bytes / self.in_flight;
            self.in_flight -= 1;
        }
        self.settle(sequence, sequence);
        true
    }

    /// Passes over messages that this client is not to get: its own, or dropped ones.
    pub(crate) fn skip(&mut self, first: Sequence, last: Sequence) {
        self.settle(first, last);
        self.next = self.next.max(last + 1);
    }

    /// Adds a stretch to what is acknowledged.
    fn settle(&mut self, first: Sequence, last: Sequence) {
        if self.floor + 1 < first {
            self.acknowledged.add(first, last);
            self.unwritten.add(first, last);
            if UNWRITTEN_MIN.max(2 * self.acknowledged.len()) < self.unwritten.len() {
                // Alternate numbers of what has become a few long stretches.
                self.unwritten = self.acknowledged.clone();
            }
        } else {
            self.floor = self.acknowledged.absorb(self.floor.max(last));
        }
    }

    /// Returns how many stretches above the floor are acknowledged.
    pub(crate) fn stretch_count(&self) -> usize {
        self.acknowledged.len()
    }

    /// Returns the floor if the store was given another one, which it now will be given.
    pub(crate) fn take_unwritten_floor(&mut self) -> Option<Sequence> {
        (std::mem::replace(&mut self.written_floor, self.floor) != self.floor).then_some(self.floor)
    }

    /// Says whether there may be stretches that the store was not given.
    pub(crate) fn has_unwritten_stretches(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Returns the stretches above the floor that the store was not given, which it now will be
    /// given, each with what it has become part of.
    pub(crate) fn take_unwritten_stretches(&mut self) -> Vec<(Sequence, Sequence)> {
        let mut unwritten = std::mem::take(&mut self.unwritten);
        unwritten.remove_through(self.floor);
        let mut stretches: Vec<_> =
            unwritten.iter().filter_map(|(first, _)| self.acknowledged.around(first)).collect();
        stretches.dedup();
        stretches
    }

    /// Says whether the store was given all of it, and no read for it is under way.
    pub(crate) fn is_settled(&self) -> bool {
        let is_written = self.written_floor == self.floor && self.unwritten.is_empty();
        is_written && !self.dirty && !self.is_read_under_way
    }

    /// Notes that the store refused something of it, maybe long ago: it is to be given all again.
    pub(crate) fn note_refused(&mut self) {
        self.written_floor = 0;
        self.unwritten = self.acknowledged.clone();
    }
}

#[cfg(test)]
mod tests;
