//! How long to wait before a lost connection is tried again.

use std::time::Duration;

use crate::dice::Dice;

/// The shortest wait, unless all waits are shorter.
const SHORTEST: Duration = Duration::from_millis(100);
/// Doublings after which a wait is surely the longest.
const DOUBLINGS_MAX: u32 = 20;

/// How long to wait before a lost connection is tried again.
///
/// Each wait is random, so that the clients of a broker that was restarted do not all come back in the
/// same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest that the first wait can be; each further one can be twice as long.
    pub first: Duration,
    /// The longest that any wait can be. Only a connection that lasts as long begins anew with the
    /// first one.
    pub longest: Duration,
    /// When to give up, counted from the loss; `None` is never.
    pub give_up_after: Option<Duration>,
}

impl Default for Backoff {
    /// Between 100 ms and 1 s at first, doubled up to 20 s, without end.
    fn default() -> Self {
        Backoff {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(20),
            give_up_after: None,
        }
    }
}

impl Backoff {
    /// Returns how long to wait before the attempt after `futile_count` futile ones.
    pub(crate) fn wait(&self, futile_count: u32, dice: &mut Dice) -> Duration {
        let doubled = self.first.saturating_mul(1 << futile_count.min(DOUBLINGS_MAX));
        let most = doubled.min(self.longest);
        dice.between(SHORTEST.min(most), most)
    }
}

#[cfg(test)]
mod tests;
