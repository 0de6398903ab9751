//! How many messages a tail sends on in a second, and the count of the others.

use serde::Serialize;

use super::ring::Taken;

/// Most messages a second that may be asked for.
pub(crate) const RATE_MAX: u32 = 200;

/// What passed in a second, or a few.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Count {
    /// Messages that passed.
    pub(super) passed: u64,
    /// Those of them that the filter accepts, as far as they were looked at.
    pub(super) matched: u64,
    /// Those of them that were sent on.
    pub(super) sent: u64,
    /// Those that were not looked at, because too many came at once.
    pub(super) lost: u64,
}

/// Sends on so many messages a second.
#[derive(Debug)]
pub(super) struct Pace {
    rate: u32,
    left: u32,
    count: Count,
}

impl Pace {
    pub(super) fn new(rate: u32) -> Self {
        Pace { rate, left: rate, count: Count::default() }
    }

    /// Notes what came.
    pub(super) fn note(&mut self, taken: &Taken) {
        self.count.passed += taken.passed;
        self.count.lost += taken.lost;
    }

    /// Notes messages that are wanted and were only counted.
    pub(super) fn note_unseen(&mut self, count: u64) {
        self.count.matched += count;
    }

    /// Says whether a message that is wanted is sent on.
    pub(super) fn is_sent(&mut self) -> bool {
        self.count.matched += 1;
        let is_sent = self.spend();
        self.count.sent += u64::from(is_sent);
        is_sent
    }

    /// Says whether something else is sent on.
    pub(super) fn spend(&mut self) -> bool {
        let is_left = 0 < self.left;
        self.left -= u32::from(is_left);
        is_left
    }

    /// Says whether no more are sent on this second.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Begins another second; returns the count of the one before.
    pub(super) fn begin_second(&mut self) -> Count {
        self.left = self.rate;
        std::mem::take(&mut self.count)
    }
}
