//! When to show a sign of life, and when to miss the broker's.

use std::time::{Duration, Instant};

/// Beats within one timeout: two may be lost before the broker gives the client up.
const BEATS_PER_TIMEOUT: u32 = 3;
/// Silence of the broker, in timeouts, after which the connection counts as lost.
const TIMEOUTS_OF_SILENCE: u32 = 2;
/// What is assumed of a broker that does not say.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(15);
/// Longest timeout that is believed.
const TIMEOUT_MAX: Duration = Duration::from_secs(86_400);

/// The heartbeat of one session.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    timeout: Duration,
    next_beat: Instant,
    lost_after: Instant,
}

impl Heartbeat {
    /// Starts with the broker's timeout in seconds.
    pub(crate) fn start(now: Instant, timeout_s: Option<u64>) -> Self {
        let timeout = timeout_s.map_or(TIMEOUT_DEFAULT, Duration::from_secs);
        let timeout = timeout.clamp(Duration::from_secs(1), TIMEOUT_MAX);
        let mut heartbeat = Heartbeat { timeout, next_beat: now, lost_after: now };
        heartbeat.beat(now);
        heartbeat.heard(now);
        heartbeat
    }

    pub(crate) fn heard(&mut self, now: Instant) {
        self.lost_after = now + self.timeout * TIMEOUTS_OF_SILENCE;
    }

    /// Takes out the time by which the caller is late: it was stopped then, and could hear nobody.
    pub(crate) fn on_time(&mut self, now: Instant) {
        self.lost_after += now.saturating_duration_since(self.deadline());
    }

    pub(crate) fn beat(&mut self, now: Instant) {
        self.next_beat = now + self.timeout / BEATS_PER_TIMEOUT;
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.next_beat <= now
    }

    /// Returns how long the broker has been silent, once that is too long.
    pub(crate) fn silence(&self, now: Instant) -> Option<Duration> {
        (self.lost_after <= now).then_some(self.timeout * TIMEOUTS_OF_SILENCE)
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.next_beat.min(self.lost_after)
    }
}
