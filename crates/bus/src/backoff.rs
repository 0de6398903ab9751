//! How long to wait before a bus is tried again: spread, so that not all nodes come back at one moment.

use std::time::Duration;

/// The longest pause before the second attempt; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause there is.
const LONGEST: Duration = Duration::from_secs(2);

/// The pauses between attempts.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// Begins anew, since an attempt has succeeded.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// Returns the next pause: any, from half of its bound up to it.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let bound = FIRST.saturating_mul(1 << self.attempts.min(16)).min(LONGEST);
        self.attempts += 1;
        bound / 2 + bound.mul_f64(0.5 * fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, FIRST, LONGEST};

    #[test]
    fn pauses_grow_up_to_a_bound_and_begin_anew() {
        let mut backoff = Backoff::default();
        for attempt in 0..40 {
            let bound = FIRST.saturating_mul(1 << attempt.min(16)).min(LONGEST);
            let pause = backoff.next_pause();
            assert!(bound / 2 <= pause && pause <= bound, "{attempt}: {pause:?}");
        }
        backoff.reset();
        assert!(backoff.next_pause() <= FIRST);
    }

    #[test]
    fn pauses_are_spread() {
        let first: Vec<_> = (0..20).map(|_| Backoff::default().next_pause()).collect();
        assert!(first.iter().any(|pause| *pause != first[0]));
    }
}
