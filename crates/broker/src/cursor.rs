//! A persistent subscriber's place in a log.

use std::collections::BTreeMap;

use crate::{CursorState, Sequence};

/// Where a persistent subscription stands, and what is on its way to its client.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    /// All up to and including this are acknowledged.
    floor: Sequence,
    /// Acknowledged stretches above the floor: first to last, not touching.
    acknowledged: BTreeMap<Sequence, Sequence>,
    /// First message not yet sent on the present connection.
    next: Sequence,
    /// Messages sent on the present connection and not acknowledged.
    in_flight: u64,
    /// About how many bytes those have.
    in_flight_bytes: u64,
    pub(crate) phase: Phase,
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
}

impl Cursor {
    pub(crate) fn new(state: &CursorState) -> Self {
        let acknowledged: BTreeMap<_, _> = state.acknowledged.iter().copied().collect();
        let next = state.floor + 1;
        Cursor { floor: state.floor, acknowledged, next, ..Cursor::default() }
    }

    /// Begins anew for another connection: what was on its way is sent again.
    pub(crate) fn rewind(&mut self) {
        self.next = self.floor + 1;
        (self.in_flight, self.in_flight_bytes) = (0, 0);
        self.phase = Phase::CatchingUp;
    }

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
        sequence <= self.floor
            || self
                .acknowledged
                .range(..=sequence)
                .next_back()
                .is_some_and(|(_, &last)| sequence <= last)
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
        if first <= self.floor + 1 && self.acknowledged.is_empty() {
            self.floor = self.floor.max(last);
            return;
        }
        let (mut first, mut last) = (first, last);
        // Stretches that overlap or touch the new one become part of it.
        while let Some((&start, &end)) = self.acknowledged.range(..=last + 1).next_back() {
            if end + 1 < first {
                break;
            }
            self.acknowledged.remove(&start);
            (first, last) = (first.min(start), last.max(end));
        }
        if first <= self.floor + 1 {
            self.floor = self.floor.max(last);
        } else {
            self.acknowledged.insert(first, last);
        }
    }

    /// Returns how many stretches above the floor are acknowledged.
    pub(crate) fn stretch_count(&self) -> usize {
        self.acknowledged.len()
    }

    /// Returns what the store must know.
    pub(crate) fn state(&self) -> CursorState {
        let acknowledged = self.acknowledged.iter().map(|(&first, &last)| (first, last)).collect();
        CursorState { floor: self.floor, acknowledged }
    }
}

#[cfg(test)]
mod tests;
