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
/// How long a broker may be silent that was asked whether it is still there.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// The heartbeat of one session.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    timeout: Duration,
    next_beat: Instant,
    lost_after: Instant,
    /// When a broker that was asked is given up.
    probe_until: Option<Instant>,
    /// Heartbeats of this connection: each is answered, in order.
    pub(crate) sent_count: u64,
    pub(crate) answered_count: u64,
}

/// What the time says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pulse {
    Quiet,
    /// A beat is due.
    Beat,
    /// The broker has been silent for this long, which is too long.
    Silent(Duration),
}

impl Heartbeat {
    /// Starts with the broker's timeout in seconds.
    pub(crate) fn start(now: Instant, timeout_s: Option<u64>) -> Self {
        let timeout = timeout_s.map_or(TIMEOUT_DEFAULT, Duration::from_secs);
        let timeout = timeout.clamp(Duration::from_secs(1), TIMEOUT_MAX);
        let mut heartbeat = Heartbeat {
            timeout,
            next_beat: now,
            lost_after: now,
            probe_until: None,
            sent_count: 0,
            answered_count: 0,
        };
        heartbeat.sent(now);
        heartbeat.heard(now);
        heartbeat
    }

    /// Notes a sign of life from the broker, or that nobody listened for one.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.lost_after = now + self.timeout * TIMEOUTS_OF_SILENCE;
        self.probe_until = None;
    }

    /// Notes that something was sent, which is a sign of life as good as a beat (K-16).
    pub(crate) fn sent(&mut self, now: Instant) {
        self.next_beat = now + self.timeout / BEATS_PER_TIMEOUT;
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.next_beat <= now
    }

    /// Wants to hear something soon (K-8).
    pub(crate) fn probe(&mut self, now: Instant) {
        self.probe_until.get_or_insert(now + PROBE_TIMEOUT);
    }

    /// Looks at the clock.
    pub(crate) fn on_time(&mut self, now: Instant) -> Pulse {
        let late = now.saturating_duration_since(self.deadline());
        // The caller was stopped then, and could hear nobody (K-17).
        self.lost_after += late;
        if let Some(until) = &mut self.probe_until {
            *until += late;
        }
        if self.lost_after <= now {
            return Pulse::Silent(self.timeout * TIMEOUTS_OF_SILENCE);
        }
        if self.probe_until.is_some_and(|until| until <= now) {
            return Pulse::Silent(PROBE_TIMEOUT);
        }
        if self.timeout < late {
            // The machine slept, and so perhaps did the connection (K-8).
            self.probe(now);
            return Pulse::Beat;
        }
        if self.is_due(now) { Pulse::Beat } else { Pulse::Quiet }
    }

    pub(crate) fn deadline(&self) -> Instant {
        let silent = self.probe_until.map_or(self.lost_after, |until| until.min(self.lost_after));
        self.next_beat.min(silent)
    }
}
