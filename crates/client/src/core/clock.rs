//! What time brings: heartbeats, and that what is overdue fails.

use std::time::Instant;

use rialto_wire::jmqt::ClientPacket;

use crate::error::Disconnected;

use super::Core;
use super::heartbeat::{Heartbeat, Pulse};

impl<T> Core<T> {
    /// Returns when [`on_time`](Self::on_time) must be called next, while online.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let heartbeat = self.link.heartbeat().map(Heartbeat::deadline);
        let all =
            [heartbeat, self.outbox.deadline(), self.requests.deadline(), self.channels.deadline()];
        all.into_iter().flatten().min()
    }

    /// Looks at the clock, while online.
    pub(crate) fn on_time(&mut self, now: Instant) {
        match self.link.heartbeat_mut().map(|heartbeat| heartbeat.on_time(now)) {
            None => return,
            Some(Pulse::Silent(silence)) => self.broken = Some(Disconnected::Silent(silence)),
            Some(Pulse::Beat) => {
                self.beat(now);
            }
            Some(Pulse::Quiet) => {}
        }
        if let Some(waited) = self.outbox.on_time(now, &mut self.out) {
            self.broken = Some(Disconnected::NoAck(waited));
        }
        self.channels.on_time(now, &mut self.out);
        self.on_questions_late(now);
    }

    /// Fails what was asked too long ago, in any state.
    pub(crate) fn on_questions_late(&mut self, now: Instant) {
        if self.requests.on_time(now, &mut self.out) {
            self.on_subscriptions(None);
        }
    }

    /// Returns when a question is overdue.
    pub(crate) fn question_deadline(&self) -> Option<Instant> {
        self.requests.deadline()
    }

    pub(super) fn beat_if_due(&mut self, now: Instant) {
        if self.link.heartbeat().is_some_and(|heartbeat| heartbeat.is_due(now)) {
            self.beat(now);
        }
    }

    /// Sends a heartbeat, and returns its number.
    pub(super) fn beat(&mut self, now: Instant) -> Option<u64> {
        let heartbeat = self.link.heartbeat_mut()?;
        heartbeat.sent(now);
        heartbeat.sent_count += 1;
        self.out.send(&ClientPacket::Hb);
        Some(heartbeat.sent_count)
    }
}
