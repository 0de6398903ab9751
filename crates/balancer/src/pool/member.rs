//! One server: whether it can take connections, and how many it is to get.

use std::{net::SocketAddr, time::Duration};

use rialto_stopwatch::Moment;

use super::terms::{Spec, Terms};

/// Parts of its weight that a server begins with which has come back.
const SLOW_START_BEGINS: f64 = 0.1;

/// Whether a server can take connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It can.
    Up,
    /// It failed too often, and gets none for a time.
    Ejected,
    /// An operator wants it to have none.
    Draining,
    /// It is in the settings no more, and keeps the connections that it has.
    Leaving,
}

impl State {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Up => "up",
            State::Ejected => "ejected",
            State::Draining => "draining",
            State::Leaving => "leaving",
        }
    }
}

/// A server of a pool.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) spec: Spec,
    /// Its open connections.
    pub(super) open: u32,
    /// What round robin owes it.
    pub(super) credit: f64,
    pub(super) is_leaving: bool,
    is_draining: bool,
    /// Failures since it last went well.
    failures: usize,
    /// Until when it gets no connections.
    ejected_until: Option<Moment>,
    /// How often in a row it was ejected.
    ejections: u32,
    /// Since when it is back; `None` for one that was never away.
    back_since: Option<Moment>,
}

/// A server that can take a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Its place in the pool.
    pub(super) index: usize,
    /// What it is known by, for policies that hash.
    pub(super) identity: SocketAddr,
    /// Its share at the moment.
    pub(super) weight: f64,
    /// Its open connections.
    pub(super) open: u32,
}

impl Member {
    pub(super) fn new(spec: Spec) -> Self {
        Member {
            spec,
            open: 0,
            credit: 0.0,
            is_leaving: false,
            is_draining: false,
            failures: 0,
            ejected_until: None,
            ejections: 0,
            back_since: None,
        }
    }

    pub(super) fn stay(&mut self, spec: Spec) {
        self.spec = spec;
        self.is_leaving = false;
    }

    pub(super) fn leave(&mut self) {
        self.is_leaving = true;
    }

    pub(super) fn takes_connections(&self, now: Moment) -> bool {
        self.state(now) == State::Up
    }

    pub(super) fn state(&self, now: Moment) -> State {
        match self {
            Member { is_leaving: true, .. } => State::Leaving,
            Member { is_draining: true, .. } => State::Draining,
            Member { ejected_until: Some(until), .. } if now < *until => State::Ejected,
            _ => State::Up,
        }
    }

    pub(super) fn candidate(&self, index: usize, now: Moment, slow_start: Duration) -> Candidate {
        let weight = f64::from(self.spec.weight) * self.share(now, slow_start);
        Candidate { index, identity: self.spec.address, weight, open: self.open }
    }

    /// Returns the part of its weight that counts, which grows after it came back.
    fn share(&self, now: Moment, slow_start: Duration) -> f64 {
        // One whose time is over without a check is as one that has just come back.
        let since = match (self.back_since, self.ejected_until) {
            (None, None) => return 1.0,
            (_, Some(until)) => until,
            (Some(since), None) => since,
        };
        if slow_start.is_zero() || since + slow_start <= now {
            return 1.0;
        }
        let passed = now.since(since).as_secs_f64() / slow_start.as_secs_f64();
        passed.clamp(SLOW_START_BEGINS, 1.0)
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Notes a failure; ejects the server at the last one that it may have.
    pub(super) fn failed(&mut self, now: Moment, terms: &Terms) -> bool {
        self.failures += 1;
        // After its time is over, one failure more is enough.
        let failures_max = if 0 < self.ejections { 1 } else { terms.failures_max };
        if self.failures < failures_max || self.state(now) == State::Ejected {
            return false;
        }
        let doubled = 2_u32.saturating_pow(self.ejections);
        let time = terms.eject_time.saturating_mul(doubled).min(terms.eject_time_max);
        self.ejected_until = Some(now + time);
        self.ejections = self.ejections.saturating_add(1);
        self.failures = 0;
        true
    }

    /// Notes a check that went well: an ejected server is back, and what it failed before forgotten.
    pub(super) fn checked(&mut self, now: Moment) -> bool {
        self.failures = 0;
        self.ejections = 0;
        let was_ejected = self.ejected_until.take().is_some();
        if was_ejected {
            self.back_since = Some(now);
        }
        was_ejected
    }

    pub(super) fn drain(&mut self, is_draining: bool, now: Moment) {
        if self.is_draining && !is_draining {
            self.back_since = Some(now);
        }
        self.is_draining = is_draining;
    }
}
