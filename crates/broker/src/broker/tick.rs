//! What happens by itself as time goes on, in the order in which it happens.

use std::time::Duration;

use crate::Encoder;

use super::Broker;

/// How often connections are looked at for silence and logs for age.
const SWEEP_EVERY: Duration = Duration::from_millis(500);
/// How often clients are looked at for being forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

impl<E: Encoder> Broker<E> {
    /// Does what is due; to be called about ten times a second.
    pub fn on_tick(&mut self) {
        self.settle();
        self.end_expired();
        self.end_detached();
        self.start_due();
        self.claim_again();
        self.read_incoming_again();
        self.refresh_all();
        if self.settings.has_bus {
            self.tend_bus();
        }
        self.write_due();
        self.write_clock();
        if self.dirty.swept + SWEEP_EVERY <= self.now.uptime {
            self.dirty.swept = self.now.uptime;
            self.close_silent();
            self.drop_aged();
            self.read_again();
        }
        if self.dirty.forgot + FORGET_EVERY <= self.now.uptime {
            self.dirty.forgot = self.now.uptime;
            self.forget_clients();
            self.look_through_clients();
            self.look_through_ids();
        }
        self.let_idle_clients_go();
    }
}
