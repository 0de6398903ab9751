//! The broker's pulse: a beat at the end of each tick.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rialto_stopwatch::running;

/// Time without a beat after which a broker does not work any more; a tick comes ten times a second.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// When the broker ticked last, in the time that the process ran.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    last_ms: AtomicU64,
}

impl Pulse {
    /// Notes a tick.
    pub(crate) fn beat(&self) {
        self.beat_at(running());
    }

    /// Says whether there was a tick a moment ago.
    pub(crate) fn is_felt(&self) -> bool {
        self.is_felt_at(running())
    }

    fn beat_at(&self, now: Duration) {
        self.last_ms.store(now.as_millis() as u64, Ordering::Relaxed);
    }

    fn is_felt_at(&self, now: Duration) -> bool {
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        now.saturating_sub(last) <= SILENCE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_is_felt_until_it_has_been_missing_for_ten_seconds() {
        let pulse = Pulse::default();
        pulse.beat_at(Duration::from_secs(100));
        assert!(pulse.is_felt_at(Duration::from_secs(100)));
        assert!(pulse.is_felt_at(Duration::from_secs(110)));
        assert!(!pulse.is_felt_at(Duration::from_millis(110_001)));
    }
}
