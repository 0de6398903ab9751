//! What waits to be sent, within a bound.
//!
//! A bus that is slow, or not there, costs memory up to that bound and nothing else. At the bound doorbells lose their pages first, which
//! costs those that hear them a read; then messages with QoS 0 are lost; then doorbells, which
//! the next look into the database makes good.

use std::{collections::VecDeque, time::Instant};

use crate::outgoing::{Kind, Outgoing};

/// What was left out since the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// Doorbells that lost their pages.
    pub(crate) pages: u64,
    /// Messages of QoS 0 and the like.
    pub(crate) runs: u64,
    /// Doorbells.
    pub(crate) doorbells: u64,
}

/// What waits.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: VecDeque<(Outgoing, Instant)>,
    bytes: usize,
    bytes_max: usize,
    /// How many of those that wait have pages, and are runs.
    paged: usize,
    runs: usize,
    pub(crate) dropped: Dropped,
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        let dropped = Dropped::default();
        Queue { waiting: VecDeque::new(), bytes: 0, bytes_max, paged: 0, runs: 0, dropped }
    }

    /// Returns the memory of what waits.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a message, or leaves out what there is no room for.
    pub(crate) fn push(&mut self, mut message: Outgoing, now: Instant) {
        if !self.fits(&message) {
            self.dropped.pages += u64::from(message.strip() > 0);
            self.strip();
        }
        if !self.fits(&message) && message.kind == Kind::Doorbell {
            self.drop_runs(message.cost());
        }
        if !self.fits(&message) {
            *match message.kind {
                Kind::Run => &mut self.dropped.runs,
                Kind::Doorbell => &mut self.dropped.doorbells,
            } += 1;
            return;
        }
        self.bytes += message.cost();
        self.paged += usize::from(message.bare.is_some());
        self.runs += usize::from(message.kind == Kind::Run);
        self.waiting.push_back((message, now));
    }

    /// Takes the oldest messages: up to so many, and so many bytes, but one in any case.
    pub(crate) fn take(&mut self, count_max: usize, bytes_max: usize) -> Vec<(Outgoing, Instant)> {
        let mut bytes = 0;
        let fitting = self.waiting.iter().take(count_max).take_while(|(message, _)| {
            bytes += message.bytes.len();
            bytes <= bytes_max
        });
        let count = fitting.count().max(1).min(self.waiting.len());
        let taken: Vec<_> = self.waiting.drain(..count).collect();
        for (message, _) in &taken {
            self.bytes -= message.cost();
            self.paged -= usize::from(message.bare.is_some());
            self.runs -= usize::from(message.kind == Kind::Run);
        }
        taken
    }

    fn fits(&self, message: &Outgoing) -> bool {
        self.bytes + message.cost() <= self.bytes_max
    }

    /// Takes the pages out of all doorbells. Each loses them once, so that this costs no message much.
    fn strip(&mut self) {
        if self.paged == 0 {
            return;
        }
        for (message, _) in &mut self.waiting {
            let freed = message.strip();
            self.bytes -= freed;
            self.dropped.pages += u64::from(freed > 0);
        }
        self.paged = 0;
    }

    /// Drops runs, the oldest first, until so many bytes are free, and a quarter of all; so the next doorbells need not
    /// look again.
    fn drop_runs(&mut self, needed: usize) {
        if self.runs == 0 {
            return;
        }
        let enough = (self.bytes_max / 4 * 3).min(self.bytes_max.saturating_sub(needed));
        let (bytes, runs) = (&mut self.bytes, &mut self.runs);
        let dropped = &mut self.dropped.runs;
        self.waiting.retain(|(message, _)| {
            if message.kind == Kind::Doorbell || *bytes <= enough {
                return true;
            }
            *bytes -= message.cost();
            *runs -= 1;
            *dropped += 1;
            false
        });
    }
}

#[cfg(test)]
mod tests;
