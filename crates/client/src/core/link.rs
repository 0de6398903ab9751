//! The connection of a client as states: attempts, waits, and when to give up (K-1 to K-17).

mod failure;
mod told;

use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::credentials::{Credentials, Identity, Why};
use crate::dice::Dice;
use crate::endpoint::Endpoint;
use crate::error::Disconnected;
use crate::event::State;
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
}
