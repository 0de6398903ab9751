//! Walking all there is in steps, between which the broker's lock is let go.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rialto_application::{Peer, Protocol};
use rialto_broker::{
    Broker, ChannelCount, ChannelCounting, ClientCount, ClientCounting, ClientReport,
    SessionReport, Straggler, SubscriberCount, SubscriptionCount,
};
use rialto_net::Figures;

use super::{Hub, state::State};
use crate::dialects::Dialects;

/// How long a step may hold the broker's lock, but for what is looked at after the last look at the clock.
const STEP_TIME_MAX: Duration = Duration::from_micros(200);
/// After so many steps others get their turn between two of them.
const STEPS_AT_ONCE_MAX: usize = 8;
/// How long they have.
const PAUSE: Duration = Duration::from_millis(1);
/// Clients of which more is asked in one hold of the lock.
const ASKED_AT_ONCE_MAX: usize = 64;

/// What is known of a client that is in memory, and who is at the other end of its connection.
pub(crate) type Shown = (ClientReport, Option<Arc<Peer>>);

/// The connection of a client, as it was when it was counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Carrier {
    pub(crate) figures: Figures,
    pub(crate) protocol: Protocol,
}

impl Hub {
    /// Walks all clients in memory; `take` gets each with its connection, while the broker is not
    /// locked. Waits between the steps, so it is for threads that may.
    pub(crate) fn walk_clients(&self, mut take: impl FnMut(ClientCount, Option<Carrier>)) {
        let mut counting = ClientCounting::default();
        self.walk(
            |state, has_time, found: &mut Vec<(ClientCount, Option<Carrier>)>| {
                state.broker.count_clients(&mut counting, has_time, |count| {
                    let carrier = state.carrier_of(&count);
                    found.push((count, carrier));
                })
            },
            |(count, carrier)| take(count, carrier),
        );
    }

    /// Counts one client; `None` if it is not in memory.
    pub(crate) fn walk_client(&self, id: &str) -> Option<(ClientCount, Option<Carrier>)> {
        let mut counting = ClientCounting::default();
        loop {
            let state = self.locked();
            if let Some(count) = state.broker.count_client(id, &mut counting)? {
                let carrier = state.carrier_of(&count);
                return Some((count, carrier));
            }
        }
    }

    /// Walks all channels in use, as [`walk_clients`](Self::walk_clients) does clients.
    pub(crate) fn walk_channels(&self, take: impl FnMut(ChannelCount)) {
        let mut counting = ChannelCounting::default();
        let step = |state: &State, has_time: &dyn Fn() -> bool, found: &mut Vec<ChannelCount>| {
            state.broker.count_channels(&mut counting, has_time, |count| found.push(count))
        };
        self.walk(step, take);
    }

    /// Walks the subscribers of a channel that are in memory; returns how many others it has, or `None` if it is not in
    /// use.
    pub(crate) fn walk_subscribers(
        &self,
        channel: &str,
        take: impl FnMut(SubscriberCount),
    ) -> Option<u64> {
        let (mut counting, stored) = self.ask(|broker| {
            let counting = broker.count_of_subscribers(channel)?;
            Some((counting, broker.stored_subscriber_count(channel)))
        })?;
        let step =
            |state: &State, has_time: &dyn Fn() -> bool, found: &mut Vec<SubscriberCount>| {
                state.broker.count_subscribers(&mut counting, has_time, |count| found.push(count))
            };
        self.walk(step, take);
        Some(stored)
    }

    /// Returns the persistent subscribers of a channel in memory that are furthest behind, so many at most, and how many
    /// others are not in memory; `None` if the channel is not in use.
    pub(crate) fn walk_stragglers(
        &self,
        channel: &str,
        count_max: usize,
    ) -> Option<(Vec<Straggler>, u64)> {
        let (mut counting, stored) = self.ask(|broker| {
            let counting = broker.count_of_subscribers(channel)?;
            Some((counting, broker.stored_subscriber_count(channel)))
        })?;
        let step = |state: &State, has_time: &dyn Fn() -> bool, found: &mut Vec<Straggler>| {
            state.broker.stragglers(&mut counting, has_time, |straggler| found.push(straggler))
        };
        let mut slowest: Vec<Straggler> = Vec::with_capacity(count_max + 1);
        self.walk(step, |straggler| {
            let place = slowest.partition_point(|it| straggler.lag <= it.lag);
            // One may be met twice.
            if place < count_max && !slowest.iter().any(|it| it.client == straggler.client) {
                slowest.insert(place, straggler);
                slowest.truncate(count_max);
            }
        });
        Some((slowest, stored))
    }

    /// Returns what a client in memory is subscribed to; `None` if it is not in memory.
    pub(crate) fn walk_subscriptions(&self, client: &str) -> Option<Vec<SubscriptionCount>> {
        let (mut counts, mut after) = (Vec::new(), None);
        loop {
            let mut found = Vec::with_capacity(FOUND_COUNT);
            let next = self.ask(|broker| {
                broker.count_subscriptions(client, after, |count| found.push(count))
            })?;
            counts.append(&mut found);
            if next.is_none() {
                return Some(counts);
            }
            after = next;
        }
    }

    /// Returns what is known of each of these clients; `None` for one that is not in memory.
    pub(crate) fn show_clients<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Vec<Option<Shown>> {
        let (mut ids, mut shown) = (ids.into_iter().peekable(), Vec::new());
        while ids.peek().is_some() {
            let mut found = Vec::with_capacity(ASKED_AT_ONCE_MAX);
            let state = self.locked();
            found.extend(ids.by_ref().take(ASKED_AT_ONCE_MAX).map(|id| {
                let report = state.broker.client_report(id)?;
                let endpoint = report.connection.and_then(|it| state.endpoints.get(it));
                Some((report, endpoint.map(|endpoint| endpoint.caller.peer.clone())))
            }));
            drop(state);
            shown.append(&mut found);
        }
        shown
    }

    /// Returns what a client's open session goes by, and who is at the other end of its connection; `None` if it has
    /// none.
    pub(crate) fn show_client_session(
        &self,
        client: &str,
    ) -> Option<(SessionReport, Option<Arc<Peer>>)> {
        let state = self.locked();
        let report = state.broker.session_report(client)?;
        let endpoint = state.endpoints.get(report.connection);
        let peer = endpoint.map(|endpoint| endpoint.caller.peer.clone());
        Some((report, peer))
    }

    /// Asks the broker for something that changes nothing: no round.
    fn ask<R>(&self, ask: impl FnOnce(&Broker<Dialects>) -> R) -> R {
        ask(&self.locked().broker)
    }

    /// Takes one step after the other until one says that it was the last.
    fn walk<C>(
        &self,
        mut step: impl FnMut(&State, &dyn Fn() -> bool, &mut Vec<C>) -> bool,
        mut take: impl FnMut(C),
    ) {
        // Never grows while the broker is locked.
        let mut found = Vec::with_capacity(FOUND_COUNT);
        for number in 1.. {
            let state = self.locked();
            let began = Instant::now();
            let has_more = step(&state, &|| began.elapsed() < STEP_TIME_MAX, &mut found);
            drop(state);
            self.lock_times.counted.note(began.elapsed());
            found.drain(..).for_each(&mut take);
            if !has_more {
                return;
            }
            if STEPS_AT_ONCE_MAX < number {
                thread::sleep(PAUSE);
            }
        }
    }
}

impl State {
    fn carrier_of(&self, count: &ClientCount) -> Option<Carrier> {
        let endpoint = self.endpoints.get(count.connection?)?;
        let protocol = endpoint.caller.peer.protocol;
        Some(Carrier { figures: endpoint.writer.figures(), protocol })
    }
}

/// What a step finds at most.
const FOUND_COUNT: usize = 256;
