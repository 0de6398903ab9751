//! The thread of a node that shares its store with others: claims clients, keeps the lease, and hears what the others did.

use std::{
    sync::{Arc, Weak, mpsc},
    time::{Duration, Instant},
};

use rialto_broker::ConnectionKey;
use rialto_domain::{ChannelName, Claim, Claimed, FailureKind};
use rialto_store::{Membership, StoreError};

use super::health::{Health, Part};
use crate::{hub::Hub, lease::Lease, store_jobs::Wish};

/// How often a node asks what the others did. A takeover and a message on its way to another node wait for it.
const POLL_EVERY: Duration = Duration::from_millis(100);

/// How often the lease is renewed: a third of it.
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// How soon it is tried again where that failed.
const TRY_EVERY: Duration = Duration::from_millis(300);

/// Clients that are claimed in one go.
const CLAIMS_MAX: usize = 256;

/// The exit code of a node that the others have taken for dead.
const EXIT_DEAD: i32 = 1;

/// The thread's own.
pub(super) struct Member {
    member: Box<dyn Membership>,
    lease: Arc<Lease>,
    health: Health,
    /// When the lease is renewed, and the others are asked, the next time.
    renew_at: Instant,
    poll_at: Instant,
}

impl Member {
    pub(super) fn new(member: Box<dyn Membership>, lease: Arc<Lease>) -> Self {
        let (health, now) = (Health::new(Part::Reading), Instant::now());
        Member { member, lease, health, renew_at: now, poll_at: now }
    }

    /// Goes on until nobody asks any more, the hub is gone, or the lease is given back.
    pub(super) fn run(mut self, wishes: &mpsc::Receiver<Wish>, hub: &Weak<Hub>) {
        loop {
            let due = self.poll_at.min(self.renew_at);
            let first = match wishes.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(first) => Some(first),
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            };
            let Some(hub) = hub.upgrade() else { return };
            if self.lease.is_ending() {
                return;
            }
            if self.renew_at <= Instant::now() {
                self.renew(&hub);
            }
            let rest = std::iter::from_fn(|| wishes.try_recv().ok()).take(CLAIMS_MAX - 1);
            self.fulfil(first.into_iter().chain(rest), &hub);
            if self.poll_at <= Instant::now() {
                // It is tried again.
                _ = self.poll(&hub);
            }
        }
    }

    /// Renews the lease. It counts for as long as this node has heard what the others did: one that is stopped again and
    /// again would otherwise go on serving clients that were taken from it.
    fn renew(&mut self, hub: &Hub) {
        let asked = Instant::now();
        let renewed = self.member.renew();
        if self.take(renewed, hub).is_ok() && self.poll(hub).is_ok() {
            hub.prolong_lease(asked);
            self.renew_at = asked + RENEW_EVERY;
        } else {
            self.renew_at = Instant::now() + TRY_EVERY;
        }
    }

    fn poll(&mut self, hub: &Hub) -> Result<(), FailureKind> {
        let noted = self.member.poll();
        let noted = self.take(noted, hub);
        let pause = if noted.is_ok() { POLL_EVERY } else { TRY_EVERY };
        self.poll_at = Instant::now() + pause;
        if let Ok(noted) = noted.as_ref()
            && !noted.is_empty()
        {
            hub.round(|broker| broker.on_noted(noted));
        }
        noted.map(|_| ())
    }

    fn fulfil(&mut self, wishes: impl Iterator<Item = Wish>, hub: &Hub) {
        let (mut claims, mut refreshes) = (Vec::new(), Vec::new());
        for wish in wishes {
            match wish {
                Wish::Claim(claim) => claims.push(claim),
                Wish::Refresh(connection, channel) => refreshes.push((connection, channel)),
                Wish::Look => self.poll_at = Instant::now(),
            }
        }
        if !claims.is_empty() {
            self.claim(&claims, hub);
        }
        if !refreshes.is_empty() {
            self.refresh(refreshes, hub);
        }
    }

    fn claim(&mut self, claims: &[Claim], hub: &Hub) {
        let claimed = self.member.claim(claims);
        match self.take(claimed, hub) {
            Ok(all) => {
                if all.iter().any(|claimed| matches!(claimed, Claimed::Elsewhere(_))) {
                    // Its owner is asked in the store.
                    hub.bus.iter().for_each(|bus| bus.call_look());
                }
                hub.round(|broker| {
                    for (claim, claimed) in claims.iter().zip(all) {
                        broker.on_claimed(claim, Ok(claimed));
                    }
                });
            }
            Err(kind) => hub.round(|broker| {
                claims.iter().for_each(|claim| broker.on_claimed(claim, Err(kind)));
            }),
        }
    }

    fn refresh(&mut self, wanted: Vec<(ConnectionKey, ChannelName)>, hub: &Hub) {
        let channels: Vec<_> = wanted.iter().map(|(_, channel)| channel.clone()).collect();
        let retained = self.member.retained(&channels);
        let retained = self.take(retained, hub);
        hub.round(|broker| {
            for (index, (connection, channel)) in wanted.into_iter().enumerate() {
                let retained = retained.as_ref().map_err(|kind| *kind);
                let retained = retained.map(|all| all.get(index).cloned().flatten());
                broker.on_refreshed(connection, &channel, retained);
            }
        });
    }

    /// Tells of what failed. A node that is taken for dead has nothing more to say to anybody.
    fn take<T>(&mut self, result: Result<T, StoreError>, hub: &Hub) -> Result<T, FailureKind> {
        match &result {
            Ok(_) => self.health.note_success(),
            Err(error) if error.kind == FailureKind::Permanent && !self.lease.is_ending() => {
                hub.round(|broker| broker.suspend_service());
                let error = error as &dyn std::error::Error;
                tracing::error!(error, "the process ends, since this node may not serve any more");
                std::process::exit(EXIT_DEAD);
            }
            Err(error) => self.health.note_failure(error),
        }
        result.map_err(|error| error.kind)
    }
}
