//! What follows when an attempt fails or the connection is lost: a wait, or the end (K-3 to K-7, K-12).

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::credentials::Credentials;
use crate::error::{ConnectError, Disconnected};
use crate::event::State;
use crate::reason::Reason;

use super::super::outlet::Outlet;
use super::{Link, Phase};

impl Link {
    /// Takes the failure of an attempt, and decides what follows.
    pub(crate) fn on_failed<T>(&mut self, now: Instant, error: ConnectError, out: &mut Outlet<T>) {
        if !self.is_attempting() {
            return;
        }
        let (reason, status) = (error.reason(), error.status());
        let can_renew = matches!(self.credentials, Credentials::Provider(_));
        self.last = Some((reason, status));
        let is_token_refused = reason == Reason::Unauthorized
            && matches!(error, ConnectError::Refused { .. })
            && can_renew;
        if is_token_refused && !self.asked_again {
            self.asked_again = true;
            self.phase = Phase::Due;
            return;
        }
        let is_final = reason.is_final(can_renew) || error.is_our_own();
        let text = error.text();
        let end = Disconnected::NotRestored(Arc::new(error));
        if is_final {
            return self.close(end, out);
        }
        self.next_endpoint += 1;
        if self.next_endpoint < self.endpoints.len() {
            return self.wait(now, (Duration::ZERO, None), text, out);
        }
        self.next_endpoint = 0;
        if !self.was_online && !self.retry_first {
            return self.close(end, out);
        }
        let backoff = self.backoff.unwrap_or_default();
        let wait = self.next_wait(&backoff);
        let left = backoff
            .give_up_after
            .map(|limit| limit.saturating_sub(now.saturating_duration_since(self.offline_since)));
        match left {
            Some(left) if left <= wait => self.wait(now, (left, Some(end)), text, out),
            _ => self.wait(now, (wait, None), text, out),
        }
    }

    /// Returns whether the client ends with a connection that is lost like this.
    pub(crate) fn is_end(&self, loss: &Disconnected) -> bool {
        let can_renew = matches!(self.credentials, Credentials::Provider(_));
        self.backoff.is_none() || loss.reason().is_final(can_renew)
    }

    /// Takes the loss of the connection, and decides what follows.
    pub(crate) fn on_lost<T>(&mut self, now: Instant, loss: Disconnected, out: &mut Outlet<T>) {
        if !matches!(self.phase, Phase::Online(_)) {
            return;
        }
        let reason = loss.reason();
        self.last = Some((reason, loss.status()));
        self.offline_since = now;
        self.next_endpoint = 0;
        let Some(backoff) = self.backoff.filter(|_| !self.is_end(&loss)) else {
            return self.close(loss, out);
        };
        // A connection that ends at once counts as futile: clients of a broker that fails would
        // otherwise come back as fast as they can.
        if self.online_since.is_some_and(|since| backoff.longest <= now - since) {
            self.futile_count = 0;
        }
        let wait = self.next_wait(&backoff);
        self.wait(now, (wait, None), loss.text(), out);
    }

    fn next_wait(&mut self, backoff: &Backoff) -> Duration {
        let wait = backoff.wait(self.futile_count, &mut self.dice);
        self.futile_count = self.futile_count.saturating_add(1);
        // A broker that stops or is full is not to be asked at once (K-6).
        let least = match self.last {
            Some((Reason::ServerStopping, _)) => (1, 5),
            Some((Reason::ServerFull, _)) => (5, 20),
            _ => return wait,
        };
        let [least, most] = [least.0, least.1].map(Duration::from_secs);
        wait.max(self.dice.between(least, most))
    }

    fn wait<T>(
        &mut self,
        now: Instant,
        (wait, end): (Duration, Option<Disconnected>),
        text: Option<String>,
        out: &mut Outlet<T>,
    ) {
        self.phase = Phase::Waiting { until: now + wait, end };
        let mut change = self.change(State::Waiting);
        (change.reason, change.status) =
            (self.last.map(|(reason, _)| reason), self.last.and_then(|(_, status)| status));
        change.text = text;
        change.wait = Some(wait);
        self.tell(change, out);
    }
}
