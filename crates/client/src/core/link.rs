//! The connection of a client as states: attempts, waits, and when to give up (K-1 to K-17).

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::credentials::{Credentials, Identity, Why};
use crate::dice::Dice;
use crate::endpoint::Endpoint;
use crate::error::{ConnectError, Disconnected};
use crate::event::{Event, State, StateChange};
use crate::options::Options;
use crate::reason::Reason;
use crate::status::Status;

use super::heartbeat::Heartbeat;
use super::outlet::Outlet;
use super::step::{Attempt, Step};

/// Longest wait after a hint that the network is back.
const HINT_WAIT: Duration = Duration::from_millis(250);

/// How far the client is.
#[derive(Debug)]
enum Phase {
    Idle,
    /// The next attempt is to begin, without a wait.
    Due,
    Attempting,
    Online(Heartbeat),
    Waiting {
        until: Instant,
        /// Why the client ends then, if it does.
        end: Option<Disconnected>,
    },
    Closed(Disconnected),
}

#[derive(Debug)]
pub(crate) struct Link {
    endpoints: Vec<Endpoint>,
    credentials: Credentials,
    backoff: Option<Backoff>,
    retry_first: bool,
    dice: Dice,
    phase: Phase,
    /// What the application was told last.
    state: State,
    /// The address of the next attempt.
    next_endpoint: usize,
    /// Waits since a connection last lasted.
    futile_count: u32,
    /// Attempts of all.
    attempt_count: u32,
    was_online: bool,
    online_since: Option<Instant>,
    /// Since when there is no session.
    offline_since: Instant,
    /// Whether a provider was asked again because its token was not taken.
    asked_again: bool,
    last: Option<(Reason, Option<Status>)>,
    /// The client of the first session; later ones must be its, too.
    client: Option<String>,
}

impl Link {
    pub(crate) fn new(options: &Options, mut dice: Dice, now: Instant) -> Self {
        let mut endpoints = vec![options.endpoint.clone()];
        endpoints.extend(options.more_endpoints.iter().cloned());
        if !options.in_order {
            dice.shuffle(&mut endpoints);
        }
        Link {
            endpoints,
            credentials: options.credentials.clone(),
            backoff: options.reconnect,
            retry_first: options.retry_first,
            dice,
            phase: Phase::Idle,
            state: State::Idle,
            next_endpoint: 0,
            futile_count: 0,
            attempt_count: 0,
            was_online: false,
            online_since: None,
            offline_since: now,
            asked_again: false,
            last: None,
            client: None,
        }
    }

    pub(crate) fn heartbeat(&self) -> Option<&Heartbeat> {
        match &self.phase {
            Phase::Online(heartbeat) => Some(heartbeat),
            _ => None,
        }
    }

    pub(crate) fn heartbeat_mut(&mut self) -> Option<&mut Heartbeat> {
        match &mut self.phase {
            Phase::Online(heartbeat) => Some(heartbeat),
            _ => None,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn ended(&self) -> Option<&Disconnected> {
        match &self.phase {
            Phase::Closed(reason) => Some(reason),
            _ => None,
        }
    }

    pub(crate) fn is_attempting(&self) -> bool {
        matches!(self.phase, Phase::Attempting)
    }

    /// Begins to connect.
    pub(crate) fn start(&mut self) {
        if matches!(self.phase, Phase::Idle) {
            self.phase = Phase::Due;
        }
    }

    /// Returns what is to be done now. `has_room` is whether the application has read enough for
    /// another connection.
    pub(crate) fn step<T>(&mut self, now: Instant, has_room: bool, out: &mut Outlet<T>) -> Step {
        match &self.phase {
            Phase::Idle | Phase::Attempting => Step::Wait(None),
            Phase::Online(_) => Step::Serve,
            Phase::Closed(reason) => Step::End(reason.clone()),
            Phase::Waiting { until, .. } if now < *until => Step::Wait(Some(*until)),
            Phase::Waiting { end: Some(reason), .. } => {
                let reason = reason.clone();
                self.close(reason.clone(), out);
                Step::End(reason)
            }
            Phase::Waiting { .. } if !has_room => Step::Wait(None),
            Phase::Due | Phase::Waiting { .. } => Step::Attempt(self.attempt(out)),
        }
    }

    fn attempt<T>(&mut self, out: &mut Outlet<T>) -> Attempt {
        let endpoint = self.endpoints[self.next_endpoint].clone();
        let (reason, status) = self.last.unzip();
        let why = Why { attempt: self.attempt_count, reason, status: status.flatten() };
        self.attempt_count += 1;
        self.phase = Phase::Attempting;
        let mut change = self.change(State::Connecting);
        change.address = Some(endpoint.to_string());
        self.tell(change, out);
        Attempt { endpoint, credentials: self.credentials.clone(), why, is_first: !self.was_online }
    }

    /// Takes the broker's consent.
    ///
    /// # Errors
    /// [`Disconnected::IdentityChanged`], if it is for another client than the first session (K-13).
    pub(crate) fn on_online<T>(
        &mut self,
        now: Instant,
        identity: &Identity,
        timeout_s: Option<u64>,
        out: &mut Outlet<T>,
    ) -> Result<(), Disconnected> {
        let client = self.client.get_or_insert_with(|| identity.client.clone());
        if *client != identity.client {
            return Err(Disconnected::IdentityChanged(identity.client.clone()));
        }
        self.phase = Phase::Online(Heartbeat::start(now, timeout_s));
        self.was_online = true;
        self.asked_again = false;
        self.online_since = Some(now);
        let change = self.change(State::Online);
        self.tell(change, out);
        Ok(())
    }

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

    /// Takes a hint that the network is back (K-8); returns whether the broker is to be asked.
    pub(crate) fn wake(&mut self, now: Instant) -> bool {
        match &mut self.phase {
            Phase::Waiting { until, end: None } => {
                let soon = now + self.dice.between(Duration::ZERO, HINT_WAIT);
                *until = soon.min(*until);
                false
            }
            Phase::Online(heartbeat) => {
                heartbeat.probe(now);
                true
            }
            _ => false,
        }
    }

    pub(crate) fn drain<T>(&mut self, out: &mut Outlet<T>) {
        let change = self.change(State::Draining);
        self.tell(change, out);
    }

    /// Ends the client for good.
    pub(crate) fn close<T>(&mut self, reason: Disconnected, out: &mut Outlet<T>) {
        if matches!(self.phase, Phase::Closed(_)) {
            return;
        }
        let mut change = self.change(State::Closed);
        change.reason = Some(reason.reason());
        change.status = reason.status();
        change.text = reason.text();
        self.phase = Phase::Closed(reason);
        self.tell(change, out);
    }

    fn change(&self, state: State) -> StateChange {
        StateChange {
            state,
            previous: self.state,
            reason: None,
            status: None,
            text: None,
            address: None,
            attempt: self.attempt_count,
            wait: None,
        }
    }

    /// Tells of a change; a client that drains does so until it is closed.
    fn tell<T>(&mut self, change: StateChange, out: &mut Outlet<T>) {
        let is_told = self.state != State::Draining || change.state == State::Closed;
        if is_told && self.state != change.state {
            self.state = change.state;
            out.tell(Event::State(change));
        }
    }
}
