//! Whether a peer that opened like the original Python client goes on like it.
//!
//! Many programs in Python may open with the same bytes. What the original never does shows that it is
//! another: a packet written differently, one sent before the answer to `auth` or `conn`, heartbeats
//! at another pace. Pure: the time comes in as an argument. Read [`Witness::hear`].

use std::time::Duration;

use rialto_wire::jmqt::original::{self, Kind};
use tokio::time::Instant;

/// How much sooner than `ts` the original sends a heartbeat.
const EARLIER_BY: Duration = Duration::from_secs(3);

/// What is known of one peer.
pub(crate) struct Witness {
    stage: Stage,
    /// Heartbeats that come sooner than this after the one before come too soon.
    beat_min: Duration,
    last_beat: Option<Instant>,
    /// Whether the last one came too soon. One may be late, and the next then seem so.
    is_hasty: bool,
}

/// How far it has come with its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It waits for an answer.
    Asked(Kind),
    /// It has one to `auth`.
    Answered,
    /// It has one to `conn`.
    Open,
}

impl Witness {
    /// Begins with a peer that is to send an opening packet.
    pub(crate) fn new(heartbeat_timeout: Duration) -> Self {
        Witness {
            stage: Stage::Answered,
            // Half of its pace: a network may be late, but not by that much twice in a row, since it
            // sends none before the last was answered.
            beat_min: heartbeat_timeout.saturating_sub(EARLIER_BY) / 2,
            last_beat: None,
            is_hasty: false,
        }
    }

    /// Takes notice of a frame; returns false when the original would not have sent it.
    pub(crate) fn hear(&mut self, frame: &[u8], now: Instant) -> bool {
        let Some(kind) = original::kind(frame) else { return false };
        match (self.stage, kind) {
            (Stage::Answered, Kind::Auth | Kind::Conn) => self.stage = Stage::Asked(kind),
            (Stage::Open, Kind::Heartbeat) => return self.hear_beat(now),
            (Stage::Open, _) => {}
            _ => return false,
        }
        true
    }

    /// Notes that it was sent something.
    pub(crate) fn note_answered(&mut self) {
        self.stage = match self.stage {
            Stage::Asked(Kind::Conn) | Stage::Open => Stage::Open,
            Stage::Asked(_) | Stage::Answered => Stage::Answered,
        };
    }

    fn hear_beat(&mut self, now: Instant) -> bool {
        let is_hasty = self.last_beat.is_some_and(|last| now - last < self.beat_min);
        let was_hasty = std::mem::replace(&mut self.is_hasty, is_hasty);
        self.last_beat = Some(now);
        !(is_hasty && was_hasty)
    }
}

#[cfg(test)]
mod tests;
